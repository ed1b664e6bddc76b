package dev.tidemill.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.RunView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/// An ingest killed with SIGKILL at chosen commits and gone on with leaves the corpus that an uninterrupted one
/// leaves.
class IngestKillTest {

    private static final int DOCUMENTS = 24;

    @TempDir
    Path folder;

    @TempDir
    Path spool;

    /// What an uninterrupted run leaves; it knows no ids, times and places.
    private static String uninterrupted;

    private TestDatabase database;

    @BeforeAll
    static void uninterrupted(@TempDir Path folder, @TempDir Path spool) throws Exception {
        write(folder);
        try (TestDatabase other = TestDatabase.create();
                IngestHarness ingest = harness(other, spool)) {
            assertThat(ingest.ingest(folder).status()).isEqualTo("COMPLETED");
            uninterrupted = ingest.digest();
        }
    }

    private static void write(Path folder) throws IOException {
        Corpus.write(folder, DOCUMENTS, 11);
        Files.writeString(folder.resolve("empty.txt"), "");
    }

    @BeforeEach
    void corpus() throws Exception {
        database = TestDatabase.create();
        write(folder);
    }

    @AfterEach
    void stop() {
        database.close();
    }

    private static IngestHarness harness(TestDatabase in, Path spool) {
        return new IngestHarness(in.jdbcUrl(), in.username(), in.password(), spool, IngestProcess.SMALL_COMMITS);
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
            Process process =
                    IngestProcess.start(database.jdbcUrl(), database.username(), database.password(), spool, folder);
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
    @CsvSource({"documents,1", "document_versions,7", "chunks,2", "embedding_cache,1", "embedding_cache,4", "lexemes,2"
    })
    void aKilledIngestThatIsResumedLeavesTheSameCorpus(String table, int commits) throws Exception {
        killAfter(table, commits);
        try (IngestHarness ingest = harness(database, spool)) {
            List<Long> resumed = ingest.runs().resumeOrphans();

            assertThat(resumed).hasSize(1);
            RunView run = ingest.await(resumed.getFirst());
            assertThat(run.status()).isEqualTo("COMPLETED");
            assertThat(ingest.digest()).isEqualTo(uninterrupted);
            assertThat(ingest.number("SELECT count(*) FROM documents WHERE published_version = 1"))
                    .isEqualTo(DOCUMENTS);
            assertThat(ingest.runs().resumeOrphans()).isEmpty();
        }
    }

    @Test
    void aNewRunAfterAKillGoesOnFromWhatWasDone() throws Exception {
        killAfter("embedding_cache", 2);
        try (IngestHarness ingest = harness(database, spool)) {
            long embedded = ingest.number("SELECT count(*) FROM embedding_cache");
            RunView run = ingest.ingest(folder);

            assertThat(run.status()).isEqualTo("COMPLETED");
            long all = ingest.number("SELECT count(*) FROM embedding_cache");
            assertThat(run.steps().stream()
                            .filter(step -> step.name().equals("embed"))
                            .findFirst()
                            .orElseThrow()
                            .written())
                    .isEqualTo(all - embedded);
            assertThat(ingest.digest()).isEqualTo(uninterrupted);
            assertThat(ingest.runs().list(10)).extracting(RunView::status).containsExactly("COMPLETED", "ABANDONED");
        }
    }
}
