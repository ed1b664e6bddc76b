package dev.tidemill.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.RunView;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A new chunking profile over originals that are stored and nowhere else any more.
class IngestStoredTest {

    @TempDir
    Path folder;

    @TempDir
    Path spool;

    private TestDatabase database;

    @BeforeEach
    void start() {
        database = TestDatabase.create();
        Corpus.write(folder, 5, 21);
    }

    @AfterEach
    void stop() {
        database.close();
    }

    private IngestHarness harness(Map<String, String> settings) {
        return new IngestHarness(database.jdbcUrl(), database.username(), database.password(), spool, settings);
    }

    private static RunView cutAnew(IngestHarness ingest, String location) {
        return ingest.await(ingest.runs()
                .launch(LaunchRequest.of(
                        ingest.workspaceId, Ingest.JOB, Map.of("location", location, "stored", "true"), "test"))
                .runId());
    }

    @Test
    void documentsThatAreGoneFromTheirSourceAreCutAnewFromWhatIsStored() throws Exception {
        String location = folder.toRealPath().toString();
        try (IngestHarness ingest = harness(Map.of())) {
            assertThat(ingest.ingest(folder).status()).isEqualTo("COMPLETED");
        }
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        try (IngestHarness ingest = harness(Map.of("ingest.chunk.version", "2", "ingest.chunk.target-tokens", "64"))) {
            RunView run = cutAnew(ingest, location);

            assertThat(run.status()).as(String.valueOf(run.message())).isEqualTo("COMPLETED");
            assertThat(ingest.rows("SELECT DISTINCT profile FROM document_versions WHERE state = 'published'"))
                    .singleElement()
                    .satisfies(row ->
                            assertThat(String.valueOf(row.get("profile"))).contains(":2:64:"));
            assertThat(ingest.number(
                            "SELECT count(*) FROM documents WHERE deleted_at IS NULL AND published_version = 2"))
                    .isEqualTo(5);
            String digest = ingest.digest();

            RunView again = cutAnew(ingest, location);
            assertThat(again.status()).isEqualTo("COMPLETED");
            assertThat(ingest.digest()).isEqualTo(digest);
            try (var left = Files.walk(spool)) {
                List<Path> files = left.filter(Files::isRegularFile).toList();
                assertThat(files).isEmpty();
            }
            assertThatThrownBy(() -> cutAnew(ingest, "/nowhere"))
                    .isInstanceOf(InvalidParameter.class)
                    .hasMessageContaining("nothing of directory /nowhere is stored");
        }
    }
}
