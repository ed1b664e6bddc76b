package dev.tidemill.admin.cli;

import dev.tidemill.admin.Database;
import dev.tidemill.admin.ServerFile;
import dev.tidemill.embed.EmbeddingModel;
import dev.tidemill.embed.OnnxEmbedder;
import dev.tidemill.schema.Schema;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Checks everything that the server needs.
@Command(
        name = "doctor",
        description = "Check what the server needs; exit code 7 when a check fails.",
        mixinStandardHelpOptions = true)
final class DoctorCommand implements Callable<Integer> {

    private static final long LEAST_SPACE = 1L << 30;

    private final Tool tool;

    @Option(
            names = "--model",
            description = "model to try (default: ${DEFAULT-VALUE})",
            defaultValue = "bge-small-en-v1.5-int8")
    private String model = "bge-small-en-v1.5-int8";

    @Mixin
    private Output output = new Output();

    DoctorCommand(Tool tool) {
        this.tool = tool;
    }

    /// One check.
    record Check(String name, boolean ok, String detail) {}

    private interface Probe {
        String look() throws IOException, SQLException;
    }

    @Override
    public Integer call() {
        List<Check> checks = new ArrayList<>();
        checks.add(check("java", () -> {
            require(
                    Runtime.version().feature() >= 25,
                    "Java " + Runtime.version() + " is too old: install 25 or newer");
            return Runtime.version().toString();
        }));
        checks.add(check("data folder", this::folder));
        checks.add(new Check(
                "server",
                true,
                ServerFile.find(tool.home())
                        .map(running -> "process " + running.pid() + " at " + running.url())
                        .orElse("not running")));
        checks.add(check("configuration", this::configuration));
        checks.addAll(database());
        checks.add(check("embedding", this::embedding));
        boolean well = checks.stream().allMatch(Check::ok);
        if (output.json()) {
            tool.out().println(Output.pretty(checks));
        } else {
            checks.forEach(check ->
                    tool.out().printf("%-4s %-14s %s%n", check.ok() ? "ok" : "FAIL", check.name(), check.detail()));
        }
        return well ? ExitCode.OK : ExitCode.VERIFICATION_FAILED;
    }

    private Check check(String name, Probe probe) {
        try {
            return new Check(name, true, probe.look());
        } catch (IOException | SQLException | RuntimeException e) {
            return new Check(name, false, Failure.of(e, tool.home()).line());
        }
    }

    private static void require(boolean fine, String otherwise) {
        if (!fine) {
            throw new CommandFailed(ExitCode.VERIFICATION_FAILED, otherwise);
        }
    }

    private String folder() throws IOException {
        tool.home().prepare();
        long free = Files.getFileStore(tool.home().folder()).getUsableSpace();
        require(
                free >= LEAST_SPACE,
                tool.home().folder() + " has only " + (free >> 20) + " MB left: make room, or set TIDEMILL_HOME");
        return tool.home().folder() + ", " + (free >> 30) + " GB free";
    }

    private String configuration() {
        if (tool.distribution() == null) {
            return "built-in values";
        }
        return "job-configs of " + tool.distribution();
    }

    private List<Check> database() {
        Database database;
        try {
            database = Database.open(tool.home(), tool.databaseUrl());
        } catch (RuntimeException e) {
            return List.of(
                    new Check("database", false, Failure.of(e, tool.home()).line()));
        }
        try (database) {
            return List.of(
                    check(
                            "database",
                            () -> text(database, "SELECT 'PostgreSQL ' || current_setting('server_version')") + ", "
                                    + database),
                    check("pgvector", () -> {
                        String version = text(
                                database,
                                "SELECT coalesce(max(default_version), '') FROM pg_available_extensions WHERE name = 'vector'");
                        require(
                                !version.isEmpty(),
                                "pgvector is not installed beside this PostgreSQL: install its package");
                        return version;
                    }),
                    check("schema", () -> {
                        long missing = Schema.status(database.owner()).stream()
                                .filter(change -> !change.applied())
                                .count();
                        return missing == 0
                                ? "complete"
                                : missing + " change sets missing; the next start applies them";
                    }),
                    check("durability", () -> {
                        String fsync = text(database, "SELECT current_setting('fsync')");
                        require(fsync.equals("on"), "fsync is off: a power cut can destroy the database; switch it on");
                        return "fsync on, synchronous_commit "
                                + text(database, "SELECT current_setting('synchronous_commit')");
                    }));
        }
    }

    private static String text(Database database, String sql) throws SQLException {
        try (Connection connection = database.owner().getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return String.valueOf(row.getString(1));
        }
    }

    private String embedding() {
        try (OnnxEmbedder embedder = OnnxEmbedder.load(EmbeddingModel.byId(model))) {
            int length = embedder.embedQuery("Is everything well?").length;
            require(length == embedder.model().dimensions(), "the model made " + length + " dimensions");
            return embedder.model().id() + ", " + length + " dimensions";
        }
    }
}
