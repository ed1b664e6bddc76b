package dev.tidemill.reembed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.RunView;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/// A re-embedding killed with SIGKILL and gone on with leaves the set that an uninterrupted one leaves, and embeds no
/// more than one chunk of texts twice.
class ReembedKillTest {

    private static final int DOCUMENTS = 24;
    private static final int COMMIT = 8;

    /// Texts of all documents: half of them are a whole number of commits.
    private static final int TEXTS = 48;

    /// The fixed texts that tell one model from another, embedded when a set is made.
    private static final int PROBES = 3;

    /// What an uninterrupted run leaves.
    private static String expected;

    @TempDir
    Path folder;

    @TempDir
    Path spool;

    private TestDatabase database;

    @BeforeAll
    static void uninterrupted(@TempDir Path folder, @TempDir Path spool) {
        Library.write(folder, 0, DOCUMENTS);
        try (TestDatabase other = TestDatabase.create();
                ReembedHarness harness = harness(other, spool)) {
            assertThat(harness.ingest(folder).status()).isEqualTo("COMPLETED");
            assertThat(harness.number("SELECT count(DISTINCT content_id) FROM chunks"))
                    .isEqualTo(TEXTS);
            harness.golden("made-up", Library.questions(0, DOCUMENTS));
            assertThat(harness.reembed("slow").status()).isEqualTo("COMPLETED");
            expected = harness.digest(harness.live());
        }
    }

    @BeforeEach
    void corpus() {
        database = TestDatabase.create();
        Library.write(folder, 0, DOCUMENTS);
    }

    @AfterEach
    void stop() {
        database.close();
    }

    private static Path ledger(Path spool) {
        return spool.resolve("ledger.txt");
    }

    private static ReembedHarness harness(TestDatabase in, Path spool) {
        return new ReembedHarness(
                in.jdbcUrl(),
                in.username(),
                in.password(),
                spool,
                settings(ledger(spool).toString()));
    }

    private static Map<String, String> settings(String ledger) {
        Map<String, String> settings = new HashMap<>(ReembedHarness.small());
        settings.put("test.ledger", ledger);
        return settings;
    }

    /// The process that is killed.
    static final class Victim {
        public static void main(String[] arguments) {
            try (ReembedHarness harness = new ReembedHarness(
                    arguments[0],
                    arguments[1],
                    System.getenv("TEST_PASSWORD"),
                    Path.of(arguments[2]),
                    settings(arguments[3]))) {
                harness.reembed("slow");
            }
        }
    }

    private Process victim() throws IOException {
        ProcessBuilder builder = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-Xmx256m",
                        // It lives for seconds.
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Victim.class.getName(),
                        database.jdbcUrl(),
                        database.username(),
                        spool.toString(),
                        ledger(spool).toString()))
                .redirectErrorStream(true)
                .redirectOutput(new File(spool.toFile(), "process.log"));
        builder.environment().put("TEST_PASSWORD", database.password());
        return builder.start();
    }

    /// Kills the process right after the n-th transaction that wrote to a table has committed.
    private void killAfter(String table, int commits) throws Exception {
        try (Connection connection =
                        DriverManager.getConnection(database.jdbcUrl(), database.username(), database.password());
                Statement statement = connection.createStatement()) {
            statement.execute("""
                    CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_notify('written', txid_current()::text); RETURN NULL; END $$
                    """);
            statement.execute("CREATE TRIGGER tell AFTER INSERT OR UPDATE ON " + table
                    + " FOR EACH STATEMENT EXECUTE FUNCTION tell()");
            statement.execute("LISTEN written");
            Process process = victim();
            try {
                int seen = 0;
                while (seen < commits) {
                    PGNotification[] told =
                            connection.unwrap(PGConnection.class).getNotifications(60_000);
                    assertThat(told)
                            .as(() -> "the process writes to " + table + "; its log: " + log())
                            .isNotEmpty();
                    seen += told.length;
                }
            } finally {
                process.destroyForcibly().waitFor();
            }
            statement.execute("DROP TRIGGER tell ON " + table);
        }
    }

    private String log() {
        try {
            return Files.readString(spool.resolve("process.log"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @CsvSource({"embedding_cache, 3, 24, 40", "evaluation_answers, 8, 48, 48"})
    void aKilledRunThatIsResumedLeavesTheSameSetAndEmbedsAtMostOneChunkAgain(
            String table, int commits, int least, int most) throws Exception {
        try (ReembedHarness harness = harness(database, spool)) {
            assertThat(harness.ingest(folder).status()).isEqualTo("COMPLETED");
            harness.golden("made-up", Library.questions(0, DOCUMENTS));
        }
        killAfter(table, commits);
        try (ReembedHarness harness = harness(database, spool)) {
            assertThat(harness.number("SELECT count(*) FROM vectors_"
                            + harness.number("SELECT id FROM vector_sets WHERE state = 'building'")))
                    .as("vectors when it was killed")
                    .isBetween((long) least, (long) most);
            assertThat(harness.live().model())
                    .as("the old set answers meanwhile")
                    .isNotEqualTo("slow");
            List<Long> resumed = harness.runs().resumeOrphans();

            assertThat(resumed).hasSize(1);
            RunView run = harness.await(resumed.getFirst());
            assertThat(run.status()).as(String.valueOf(run.message())).isEqualTo("COMPLETED");
            assertThat(harness.live().model()).isEqualTo("slow");
            List<String> calls = Files.readAllLines(ledger(spool));
            assertThat(new HashSet<>(calls)).as("every text was embedded").hasSize(TEXTS + PROBES);
            assertThat(calls.size() - TEXTS - PROBES)
                    .as("calls of the model for texts that it had embedded before the kill")
                    .isLessThanOrEqualTo(COMMIT);
            assertThat(harness.digest(harness.live())).isEqualTo(expected);
            assertThat(harness.runs().resumeOrphans()).isEmpty();
        }
    }
}
