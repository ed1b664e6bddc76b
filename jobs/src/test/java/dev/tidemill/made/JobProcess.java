package dev.tidemill.made;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.postgres.TestDatabase;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/// One run of a job in a process of its own, to be killed.
public final class JobProcess {

    private JobProcess() {}

    /// Starts a run and kills its process right after the n-th statement that changed a table has committed.
    ///
    /// @param event what changes: INSERT, UPDATE or DELETE
    public static void killAfter(
            TestDatabase database,
            String event,
            String table,
            int commits,
            Path log,
            Class<?> jobConfiguration,
            String job,
            Map<String, String> parameters,
            Map<String, String> settings)
            throws Exception {
        try (Connection connection =
                        DriverManager.getConnection(database.jdbcUrl(), database.username(), database.password());
                Statement statement = connection.createStatement()) {
            statement.execute("""
                    CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_notify('changed', txid_current()::text); RETURN NULL; END $$
                    """);
            statement.execute("CREATE TRIGGER tell AFTER " + event + " ON " + table
                    + " FOR EACH STATEMENT EXECUTE FUNCTION tell()");
            statement.execute("LISTEN changed");
            Process process = start(database, "256m", log, jobConfiguration, job, parameters, settings);
            try {
                int seen = 0;
                while (seen < commits) {
                    PGNotification[] told =
                            connection.unwrap(PGConnection.class).getNotifications(60_000);
                    assertThat(told)
                            .as(() -> "the process changes " + table + "; its log: " + read(log))
                            .isNotEmpty();
                    seen += told.length;
                }
            } finally {
                process.destroyForcibly().waitFor();
            }
            statement.execute("DROP TRIGGER tell ON " + table);
            statement.execute("DROP FUNCTION tell()");
        }
    }

    /// Lets a run come to its end in a process of a heap of its own.
    ///
    /// @param heap as `-Xmx` takes it
    /// @return what the process said, the run with its status last
    public static String run(
            TestDatabase database,
            String heap,
            Path log,
            Class<?> jobConfiguration,
            String job,
            Map<String, String> parameters,
            Map<String, String> settings)
            throws Exception {
        Process process = start(database, heap, log, jobConfiguration, job, parameters, settings);
        try {
            assertThat(process.waitFor(2, TimeUnit.MINUTES))
                    .as(() -> "the process ends; its log: " + read(log))
                    .isTrue();
        } finally {
            process.destroyForcibly().waitFor();
        }
        return read(log);
    }

    private static String read(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Starts a run, to be killed by the caller.
    public static Process start(
            TestDatabase database,
            String heap,
            Path log,
            Class<?> jobConfiguration,
            String job,
            Map<String, String> parameters,
            Map<String, String> settings)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heap,
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                JobProcess.class.getName(),
                database.jdbcUrl(),
                database.username(),
                jobConfiguration.getName(),
                job));
        parameters.forEach((name, value) -> command.add("-" + name + "=" + value));
        settings.forEach((name, value) -> command.add(name + "=" + value));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(new File(log.toString()));
        builder.environment().put("TEST_PASSWORD", database.password());
        return builder.start();
    }

    public static void main(String[] args) throws ClassNotFoundException {
        Map<String, String> parameters = new HashMap<>();
        Map<String, String> settings = new HashMap<>();
        for (String word : List.of(args).subList(4, args.length)) {
            String[] pair = word.split("=", 2);
            if (pair[0].startsWith("-")) {
                parameters.put(pair[0].substring(1), pair[1]);
            } else {
                settings.put(pair[0], pair[1]);
            }
        }
        try (JobNode node = new JobNode(
                args[0], args[1], System.getenv("TEST_PASSWORD"), settings, List.of(Class.forName(args[2])))) {
            System.out.println(node.run(args[3], parameters));
        }
    }
}
