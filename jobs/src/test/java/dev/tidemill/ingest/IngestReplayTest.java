package dev.tidemill.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.DeadLetterDesk;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.LetterFilter;
import dev.tidemill.run.Plan;
import dev.tidemill.run.Plans;
import dev.tidemill.run.RunConflict;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Refused documents are tried again after a fix; a plan says what an ingest then does.
class IngestReplayTest {

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

    private IngestHarness harness(Map<String, String> settings) {
        return new IngestHarness(database.jdbcUrl(), database.username(), database.password(), spool, settings);
    }

    @Test
    void anUnchangedFileIsReadAgainOnceTheConfigurationAllowsIt() {
        Corpus.write(folder.resolve("long.txt"), "The tide turns the wheel. ".repeat(400));
        Corpus.write(folder.resolve("empty.txt"), "");
        Corpus.write(folder.resolve("large.txt"), "The pond is deep. ".repeat(2000));
        Map<String, String> small = Map.of("ingest.extract.max-text-chars", "1000", "ingest.extract.max-file", "20KB");
        try (IngestHarness ingest = harness(small)) {
            ingest.ingest(folder);
            assertThat(ingest.rows("SELECT reason FROM dead_letters ORDER BY reason"))
                    .extracting(row -> row.get("reason"))
                    .containsExactly("EMPTY", "TOO_LARGE", "TOO_MUCH_TEXT");
        }
        try (IngestHarness ingest = harness(Map.of())) {
            DeadLetterDesk desk = ingest.runs().letters();
            DeadLetterDesk.Replayed replayed =
                    desk.replay(ingest.workspaceId, LetterFilter.any(), "tester", "limits raised");

            assertThat(replayed.letters()).isEqualTo(3);
            assertThat(replayed.problems()).isEmpty();
            assertThat(replayed.runs()).hasSize(1);
            assertThat(ingest.await(replayed.runs().getFirst()).status()).isEqualTo("COMPLETED");
            assertThat(ingest.rows("SELECT reason, state, attempts FROM dead_letters ORDER BY reason"))
                    .containsExactly(
                            Map.of("reason", "EMPTY", "state", "open", "attempts", 2),
                            Map.of("reason", "TOO_LARGE", "state", "resolved", "attempts", 1),
                            Map.of("reason", "TOO_MUCH_TEXT", "state", "resolved", "attempts", 1));
            assertThat(ingest.number("SELECT count(*) FROM documents WHERE published_version IS NOT NULL"))
                    .isEqualTo(2);
            assertThat(ingest.rows("SELECT payload FROM dead_letters WHERE reason = 'EMPTY'")
                            .toString())
                    .contains("document version", "sha256");
        }
    }

    private static Plans.Kept plan(IngestHarness ingest, Path folder) {
        return ingest.runs()
                .plans()
                .make(ingest.workspaceId, Ingest.JOB, Map.of("location", folder.toString()), "tester");
    }

    @Test
    void aPlanCountsWhatTheIngestThenDoesAndWritesNothing() throws Exception {
        Corpus.write(folder, 12, 3);
        try (IngestHarness ingest = harness(Map.of())) {
            String before = ingest.digest();
            Plan first = plan(ingest, folder).plan();

            assertThat(first.counts()).containsEntry("new", 12L).containsEntry("unchanged", 0L);
            assertThat(first.notes()).anyMatch(note -> note.contains("assumed"));
            assertThat(ingest.digest()).isEqualTo(before);
            assertThat(ingest.number("SELECT count(*) FROM sources")).isZero();

            ingest.ingest(folder);
            List<Path> files;
            try (var listed = Files.list(folder)) {
                files = listed.filter(Files::isRegularFile).sorted().toList();
            }
            Files.delete(files.get(0));
            Corpus.write(files.get(1), "Another text about herons.");
            Corpus.write(folder.resolve("new.txt"), "A new text about sluices.");
            Plans.Kept kept = plan(ingest, folder);

            assertThat(kept.plan().counts())
                    .containsEntry("new", 1L)
                    .containsEntry("changed", 1L)
                    .containsEntry("unchanged", 10L)
                    .containsEntry("gone", 1L);
            assertThat(kept.plan().tokens()).isPositive();
            assertThat(kept.plan().time()).isPositive();
            Corpus.write(folder.resolve("newer.txt"), "Too late.");
            LaunchRequest request = LaunchRequest.of(ingest.workspaceId, Ingest.JOB, Map.of(), "test")
                    .applying(kept.id());
            assertThatThrownBy(() -> ingest.runs().launch(request))
                    .isInstanceOf(RunConflict.class)
                    .hasMessageContaining("new were 1 and are 2");
            Files.delete(folder.resolve("newer.txt"));
            assertThat(ingest.await(ingest.runs().launch(request).runId()).status())
                    .isEqualTo("COMPLETED");
            assertThat(ingest.number("SELECT count(*) FROM documents WHERE deleted_at IS NULL"))
                    .isEqualTo(12);
        }
    }

    @Test
    void aPlanWarnsWhenTheMassDeleteGuardWillHold() throws Exception {
        Corpus.write(folder, 12, 4);
        try (IngestHarness ingest = harness(Map.of())) {
            ingest.ingest(folder);
            try (var listed = Files.list(folder)) {
                for (Path file :
                        listed.filter(Files::isRegularFile).sorted().limit(10).toList()) {
                    Files.delete(file);
                }
            }
            assertThat(plan(ingest, folder).plan().notes())
                    .anyMatch(note -> note.contains("10 of 12 documents are missing"));
        }
    }
}
