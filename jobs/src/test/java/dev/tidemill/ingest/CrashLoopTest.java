package dev.tidemill.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.postgres.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A document that ends the process is found and given up on; a process that dies anywhere else is left to a
/// person.
class CrashLoopTest {

    @TempDir
    Path folder;

    @TempDir
    Path spool;

    private TestDatabase database;

    @BeforeEach
    void start() {
        database = TestDatabase.create();
    }

    @AfterEach
    void stop() {
        database.close();
    }

    private int process(boolean resume) throws Exception {
        Process process = IngestProcess.start(
                database.jdbcUrl(),
                database.username(),
                database.password(),
                spool,
                folder,
                List.of("-D" + HaltingCharsets.PROPERTY + "=true", "-D" + IngestProcess.RESUME + "=" + resume));
        try {
            assertThat(process.waitFor(3, TimeUnit.MINUTES)).isTrue();
            return process.exitValue();
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    void aDocumentThatKillsTheProcessThreeTimesIsQuarantinedAndTheRunCompletes() throws Exception {
        Corpus.write(folder, 7, 5);
        Files.write(folder.resolve("k-killer.html"), HaltingCharsets.page());

        assertThat(process(false)).as("the first death").isEqualTo(134);
        assertThat(process(true)).as("the second, noted").isEqualTo(134);
        assertThat(process(true)).as("the third, noted").isEqualTo(134);
        assertThat(process(true))
                .as(Files.readString(spool.resolve("process.log")))
                .isZero();

        try (IngestHarness ingest =
                new IngestHarness(database.jdbcUrl(), database.username(), database.password(), spool, Map.of())) {
            assertThat(ingest.rows("SELECT reason, step, state FROM dead_letters"))
                    .containsExactly(Map.of("reason", "CRASHED", "step", "extract", "state", "open"));
            assertThat(ingest.rows("SELECT state FROM launches")).containsExactly(Map.of("state", "completed"));
            assertThat(ingest.number("SELECT count(*) FROM documents WHERE published_version = 1"))
                    .isEqualTo(7);
            assertThat(ingest.number("SELECT count(*) FROM items_in_hand")).isZero();
        }
    }

    @Test
    void aProcessThatDiesFiveTimesWithoutProgressIsLeftToAPerson() throws Exception {
        Corpus.write(folder, 2, 6);
        try (IngestHarness ingest =
                new IngestHarness(database.jdbcUrl(), database.username(), database.password(), spool, Map.of())) {
            // The first document that a process records makes it wait for a lock, and there it is killed.
            ingest.execute("""
                    CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NEW; END $$
                    """);
            ingest.execute("CREATE TRIGGER hang BEFORE INSERT ON documents FOR EACH ROW EXECUTE FUNCTION hang()");
        }
        for (int death = 1; death <= 5; death++) {
            killAtTheLock(death > 1);
        }
        try (IngestHarness ingest =
                new IngestHarness(database.jdbcUrl(), database.username(), database.password(), spool, Map.of())) {
            assertThat(ingest.runs().resumeOrphans()).isEmpty();
            assertThat(ingest.rows("SELECT state, deaths FROM launches"))
                    .containsExactly(Map.of("state", "needs_operator", "deaths", 5));
        }
    }

    /// Kills a process while it waits for a lock that this test holds.
    private void killAtTheLock(boolean resume) throws Exception {
        try (var connection = database.dataSource().getConnection();
                var statement = connection.createStatement()) {
            statement.execute("SELECT pg_advisory_lock(4711)");
            Process process = IngestProcess.start(
                    database.jdbcUrl(),
                    database.username(),
                    database.password(),
                    spool,
                    folder,
                    List.of("-D" + IngestProcess.RESUME + "=" + resume));
            try {
                long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
                while (true) {
                    try (var waiting = statement.executeQuery(
                            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted"
                                    + " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")) {
                        waiting.next();
                        if (waiting.getInt(1) > 0) {
                            break;
                        }
                    }
                    assertThat(process.isAlive() && System.nanoTime() < deadline)
                            .as(() -> "the process reaches the lock")
                            .isTrue();
                    process.waitFor(100, TimeUnit.MILLISECONDS);
                }
            } finally {
                process.destroyForcibly().waitFor();
            }
        }
    }
}
