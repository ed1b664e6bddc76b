package dev.tidemill.reembed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.embed.Embedders;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.Plan;
import dev.tidemill.run.RunView;
import dev.tidemill.run.StepView;
import dev.tidemill.search.SearchMode;
import dev.tidemill.search.SearchRequest;
import dev.tidemill.search.SearchResult;
import dev.tidemill.sets.SetAudit;
import dev.tidemill.store.ChunkSearch.Filter;
import dev.tidemill.store.SetConflict;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Workspaces;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.JdbcTemplate;

/// A project that is embedded anew beside its live vectors, on the real database.
class ReembedTest {

    private static final int DOCUMENTS = 14;

    @TempDir
    private static Path folder;

    @TempDir
    private static Path spool;

    /// What every test begins with a copy of: the documents of the folder, ingested, and questions about them.
    private static TestDatabase filled;

    private TestDatabase database;

    @BeforeAll
    static void corpus() {
        filled = TestDatabase.create();
        Library.write(folder, 0, DOCUMENTS);
        try (ReembedHarness harness = harness(filled, Map.of())) {
            assertThat(harness.ingest(folder).status()).isEqualTo("COMPLETED");
            harness.golden("made-up", Library.questions(0, DOCUMENTS));
        }
    }

    @BeforeEach
    void copy() {
        database = filled.copy();
    }

    @AfterEach
    void stop() throws IOException {
        database.close();
        // A test may have changed it.
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Library.write(folder, 0, DOCUMENTS);
    }

    @AfterAll
    static void drop() {
        filled.close();
    }

    private ReembedHarness harness() {
        return harness(Map.of());
    }

    private ReembedHarness harness(Map<String, String> more) {
        return harness(database, more);
    }

    private static ReembedHarness harness(TestDatabase in, Map<String, String> more) {
        Map<String, String> settings = new HashMap<>(ReembedHarness.small());
        settings.putAll(more);
        return new ReembedHarness(in.jdbcUrl(), in.username(), in.password(), spool, settings);
    }

    private static SearchResult search(ReembedHarness harness, String question) {
        return harness.searcher()
                .search(
                        harness.workspaceId,
                        "default",
                        new SearchRequest(question, 10, SearchMode.VECTOR, Filter.NONE));
    }

    @Test
    void aProjectGoesToAnotherModelAndBackByOneCall() {
        try (ReembedHarness harness = harness()) {
            VectorSet before = harness.live();
            String digest = harness.digest(before);

            RunView run = harness.reembed("words");

            assertThat(run.status()).as(String.valueOf(run.message())).isEqualTo("COMPLETED");
            assertThat(run.steps())
                    .extracting(StepView::name)
                    .containsExactly("create", "embed", "index", "questions", "evaluate", "gate", "switch");
            VectorSet after = harness.live();
            assertThat(after.model()).isEqualTo("words");
            assertThat(after.dimensions()).isEqualTo(1_024);
            assertThat(run.message()).contains("is live", "ndcg@10 of made-up");
            assertThat(harness.number("SELECT count(*) FROM " + after.table()))
                    .isEqualTo(harness.number("SELECT count(DISTINCT content_id) FROM chunks"));
            assertThat(harness.rows("SELECT state FROM vector_sets ORDER BY id"))
                    .extracting(row -> row.get("state"))
                    .containsExactly("soaking", "live");
            SearchResult found = search(harness, "the mill at the quay");
            assertThat(found.vectorSet()).isEqualTo(after.id());
            assertThat(found.hits()).isNotEmpty();

            VectorSet back = harness.bean(Workspaces.class)
                    .call(
                            harness.workspaceId,
                            () -> harness.sets()
                                    .rollback(
                                            harness.workspaceId,
                                            harness.project().id(),
                                            Duration.ofHours(1)));

            assertThat(back.id()).isEqualTo(before.id());
            assertThat(harness.live().id()).isEqualTo(before.id());
            assertThat(harness.digest(harness.live())).isEqualTo(digest);
            assertThat(search(harness, "the mill at the quay").vectorSet()).isEqualTo(before.id());
        }
    }

    @Test
    void aWorseModelIsRefusedAndTheOldSetStaysLive() {
        try (ReembedHarness harness = harness()) {
            VectorSet before = harness.live();

            RunView run = harness.reembed("noise");

            assertThat(run.status()).isEqualTo("COMPLETED");
            assertThat(run.message())
                    .startsWith("the gate refused")
                    .contains("vector ndcg@10 of made-up", "may fall by 2 %");
            assertThat(harness.live().id()).isEqualTo(before.id());
            assertThat(harness.rows("SELECT state FROM vector_sets WHERE model = 'noise'"))
                    .extracting(row -> row.get("state"))
                    .containsExactly("held");
            assertThat(harness.rows("SELECT severity FROM events WHERE type = 'reembed.refused'"))
                    .hasSize(1);
        }
    }

    @Test
    void aRefusalCanBeOverruled() {
        try (ReembedHarness harness = harness()) {
            RunView run = harness.run(Reembed.JOB, Map.of("model", "noise", "force", "true"));

            assertThat(run.message()).contains("overruled");
            assertThat(harness.live().model()).isEqualTo("noise");
        }
    }

    @Test
    void withoutJudgedQuestionsNothingIsSwitched() {
        try (ReembedHarness harness = harness()) {
            harness.execute("DELETE FROM golden_sets");

            RunView run = harness.reembed("words");

            assertThat(run.message()).contains("only 0 judged questions, 10 are asked for");
            assertThat(harness.live().model()).isNotEqualTo("words");
        }
    }

    @Test
    void aSecondRunToTheSameModelIsRefusedAndEmbedsNothing() {
        try (ReembedHarness harness = harness()) {
            assertThat(harness.reembed("words").status()).isEqualTo("COMPLETED");
            int calls = calls(harness, "words");
            String digest = harness.digest(harness.live());

            assertThatThrownBy(() -> harness.reembed("words"))
                    .isInstanceOf(InvalidParameter.class)
                    .hasMessageContaining("is by words already");

            // Into another type everything is there already: the cache has every vector.
            RunView again = harness.run(Reembed.JOB, Map.of("model", "words", "type", "vector"));
            assertThat(again.status()).as(String.valueOf(again.message())).isEqualTo("COMPLETED");
            assertThat(harness.live().type()).isEqualTo(VectorSet.Type.VECTOR);
            assertThat(calls(harness, "words") - calls).as("only the probes").isEqualTo(3);
            assertThat(harness.digest(harness.live())).isNotEqualTo(digest);
        }
    }

    private static int calls(ReembedHarness harness, String model) {
        return ((FakeEmbedder) harness.bean(Embedders.class).byId(model)).calls.get();
    }

    @Test
    void oneTextThatTheModelRefusesBecomesADeadLetterAndTheGateDecidesAboutIt() {
        Library.write(folder.resolve("bad.md"), "# Bad\n\nThis text holds poison, and nothing else of interest.\n");
        try (ReembedHarness harness = harness()) {
            assertThat(harness.ingest(folder).status()).isEqualTo("COMPLETED");
            RunView strict = harness.reembed("picky");

            assertThat(strict.status()).isEqualTo("COMPLETED");
            assertThat(strict.refused()).isEqualTo(1);
            assertThat(strict.message()).contains("the gate refused", "texts have no vector in the new set, 0 % may");
            assertThat(harness.rows("SELECT reason, step FROM dead_letters WHERE job = 'reembed'"))
                    .containsExactly(Map.of("reason", "TEXT_REFUSED", "step", "embed"));
        }
        try (ReembedHarness lenient = new ReembedHarness(
                database.jdbcUrl(),
                database.username(),
                database.password(),
                spool,
                with("reembed.gate.may-miss-percent", "10"))) {
            RunView run = lenient.reembed("picky");

            assertThat(run.status()).as(String.valueOf(run.message())).isEqualTo("COMPLETED");
            assertThat(lenient.live().model()).as(String.valueOf(run.message())).isEqualTo("picky");
        }
    }

    private static Map<String, String> with(String name, String value) {
        Map<String, String> settings = new HashMap<>(ReembedHarness.small());
        settings.put(name, value);
        return settings;
    }

    @Test
    void documentsIngestedLaterReachTheSoakingSetTooAndDeletedOnesLeaveBoth() throws Exception {
        try (ReembedHarness harness = harness()) {
            VectorSet old = harness.live();
            assertThat(harness.reembed("words").status()).isEqualTo("COMPLETED");
            Library.write(folder, DOCUMENTS, DOCUMENTS + 3);
            Files.delete(folder.resolve("doc-000.md"));

            assertThat(harness.ingest(folder).status()).isEqualTo("COMPLETED");

            for (VectorSet set : List.of(old, harness.live())) {
                assertThat(harness.number("""
                        SELECT count(*) FROM (
                          SELECT DISTINCT content_id FROM chunks WHERE valid_to IS NULL EXCEPT SELECT content_id FROM %s) missing
                        """.formatted(set.table())))
                        .as(set.model())
                        .isZero();
                assertThat(harness.number("""
                        SELECT count(*) FROM (
                          SELECT content_id FROM %s EXCEPT SELECT content_id FROM chunks WHERE valid_to IS NULL) left_behind
                        """.formatted(set.table())))
                        .as(set.model())
                        .isZero();
            }
            // Nothing is missing, so going back is one call.
            harness.bean(Workspaces.class)
                    .call(
                            harness.workspaceId,
                            () -> harness.sets()
                                    .rollback(
                                            harness.workspaceId,
                                            harness.project().id(),
                                            Duration.ofHours(1)));
            assertThat(harness.live().id()).isEqualTo(old.id());
        }
    }

    @Test
    void aHeldSetWaitsForItsSwitchAndARetiredOneIsGone() {
        try (ReembedHarness harness = harness()) {
            VectorSet before = harness.live();
            RunView run = harness.run(Reembed.JOB, Map.of("model", "words", "hold", "true"));
            assertThat(run.message()).contains("waits for ./tidemill reembed switch");
            assertThat(harness.live().id()).isEqualTo(before.id());
            long held = harness.number("SELECT id FROM vector_sets WHERE state = 'held'");
            Workspaces workspaces = harness.bean(Workspaces.class);
            var project = harness.project().id();

            assertThat(workspaces
                            .call(
                                    harness.workspaceId,
                                    () -> harness.sets()
                                            .switchTo(harness.workspaceId, project, held, 0, Duration.ofMinutes(1)))
                            .done())
                    .isTrue();
            assertThat(harness.live().id()).isEqualTo(held);
            assertThatThrownBy(() -> workspaces.run(
                            harness.workspaceId,
                            () -> harness.sets().retire(harness.workspaceId, project, before.id(), false)))
                    .isInstanceOf(SetConflict.class)
                    .hasMessageContaining("can still be gone back to");
            workspaces.run(
                    harness.workspaceId, () -> harness.sets().retire(harness.workspaceId, project, before.id(), true));
            assertThat(harness.number("SELECT count(*) FROM pg_class WHERE relname = '" + before.table() + "'"))
                    .isZero();
            assertThat(harness.ingest(folder).status()).isEqualTo("COMPLETED");
            assertThatThrownBy(() -> workspaces.call(
                            harness.workspaceId,
                            () -> harness.sets().rollback(harness.workspaceId, project, Duration.ofMinutes(1))))
                    .isInstanceOf(SetConflict.class)
                    .hasMessageContaining("is retired");
        }
    }

    @Test
    void aLargeSetGetsAnIndexThatIsTunedAgainstAnExactSearch() {
        try (ReembedHarness harness = harness(Map.of("reembed.index.rows", "10"))) {
            RunView run = harness.reembed("words");

            assertThat(run.status()).as(String.valueOf(run.message())).isEqualTo("COMPLETED");
            VectorSet live = harness.live();
            assertThat(harness.number("SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
                            + " WHERE c.relname = '" + live.table() + "_hnsw' AND indisvalid"))
                    .isEqualTo(1);
            assertThat(live.efSearch()).isNotNull();
            assertThat(harness.rows("SELECT measured_recall FROM vector_sets WHERE state = 'live'"))
                    .singleElement()
                    .satisfies(row ->
                            assertThat((Double) row.get("measured_recall")).isGreaterThanOrEqualTo(0.98));
        }
    }

    @Test
    void vectorsOfMoreDimensionsThanAPageHoldsAreStoredAndFound() {
        try (ReembedHarness harness = harness(Map.of("reembed.index.rows", "10"))) {
            RunView run = harness.run(Reembed.JOB, Map.of("model", "many-words", "type", "vector"));

            assertThat(run.status()).as(String.valueOf(run.message())).isEqualTo("COMPLETED");
            assertThat(harness.live().dimensions()).isEqualTo(4_500);
            assertThat(search(harness, "the mill at the quay").hits()).isNotEmpty();
        }
    }

    @Test
    void aPlanSaysWhatItTakesAndWritesNothing() {
        try (ReembedHarness harness = harness()) {
            long sets = harness.number("SELECT count(*) FROM vector_sets");
            Plan plan = harness.runs()
                    .plans()
                    .make(harness.workspaceId, Reembed.JOB, Map.of("model", "words"), "tester")
                    .plan();

            long texts = harness.number("SELECT count(DISTINCT content_id) FROM chunks");
            assertThat(plan.counts())
                    .containsEntry("texts", texts)
                    .containsEntry("cached", 0L)
                    .containsEntry("toEmbed", texts)
                    .containsEntry("goldenQuestions", (long) DOCUMENTS);
            assertThat(plan.tokens()).isPositive();
            assertThat(plan.cost()).isNotNegative();
            assertThat(plan.diskBytes()).isGreaterThan(texts * 1_024 * 2);
            assertThat(harness.number("SELECT count(*) FROM vector_sets")).isEqualTo(sets);
            assertThatThrownBy(() -> harness.reembed("nothing"))
                    .isInstanceOf(InvalidParameter.class)
                    .hasMessageContaining("known are");
        }
    }

    @Test
    void aCheckFindsVectorsOfAnotherTextAndTextsWithoutOne() {
        try (ReembedHarness harness = harness()) {
            SetAudit audit = new SetAudit(
                    harness.bean(Workspaces.class),
                    new Vectors(harness.bean(Workspaces.class), harness.bean(JdbcTemplate.class)),
                    harness.bean(Embedders.class));
            VectorSet live = harness.live();
            var project = harness.project().id();
            assertThat(audit.audit(harness.workspaceId, project, live, 1_000).well())
                    .isTrue();

            harness.execute("""
                    UPDATE %1$s SET embedding = (SELECT embedding FROM %1$s ORDER BY content_id DESC LIMIT 1)
                    WHERE content_id = (SELECT content_id FROM %1$s ORDER BY content_id LIMIT 1)
                    """.formatted(live.table()));
            SetAudit.Findings findings = audit.audit(harness.workspaceId, project, live, 1_000);
            assertThat(findings.drifted()).hasSize(1);
            assertThat(findings.lowest()).isLessThan(0.99);

            harness.execute(
                    "DELETE FROM %1$s WHERE content_id = (SELECT content_id FROM %1$s ORDER BY content_id LIMIT 1)"
                            .formatted(live.table()));
            assertThat(audit.audit(harness.workspaceId, project, live, 1_000).missing())
                    .isEqualTo(1);
        }
    }
}
