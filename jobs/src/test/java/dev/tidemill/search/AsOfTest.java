package dev.tidemill.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.document.Hit;
import dev.tidemill.store.ChunkSearch.Filter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// A search as of a time finds what a search at that time found.
class AsOfTest {

    private static TestCorpus corpus;

    @BeforeAll
    static void create() {
        corpus = new TestCorpus();
    }

    @AfterAll
    static void drop() {
        corpus.close();
    }

    private static SearchResult search(
            UUID workspace, String question, SearchMode mode, Filter filter, @Nullable Instant asOf) {
        return corpus.searcher.search(workspace, "default", new SearchRequest(question, 10, mode, filter, asOf));
    }

    private static List<String> found(SearchResult result) {
        return result.hits().stream()
                .map(hit -> hit.documentKey() + " " + hit.version() + " " + hit.text() + " " + hit.score())
                .toList();
    }

    private record Moment(Instant at, List<List<String>> found, long chunks) {}

    private static final List<String> WORDS = List.of(
            "harbour", "lantern", "millstone", "sluice", "granary", "barge", "wheat", "anchor", "ledger", "bakery");
    private static final List<Filter> FILTERS = List.of(
            Filter.NONE,
            new Filter(List.of(), List.of("doc-1", "doc-2"), Map.of(), null),
            new Filter(List.of(), List.of(), Map.of("state", "final"), null),
            new Filter(List.of("docs"), List.of(), Map.of(), "manual"));

    /// Every mode without a filter, and every filter in both legs.
    private static List<List<String>> everything(UUID workspace, @Nullable Instant asOf) {
        List<List<String>> all = new ArrayList<>();
        for (SearchMode mode : SearchMode.values()) {
            all.add(found(search(workspace, "sluice wheat anchor", mode, Filter.NONE, asOf)));
        }
        for (Filter filter : FILTERS) {
            all.add(found(search(workspace, "harbour lantern", SearchMode.HYBRID, filter, asOf)));
        }
        return all;
    }

    @Test
    void whateverChangedSinceAMomentIsFoundAsItWasFoundThen() {
        UUID workspace = corpus.workspace("random");
        Random random = new Random(11);
        List<Moment> moments = new ArrayList<>();
        for (int step = 0; step < 3; step++) {
            for (int change = 0; change < 3; change++) {
                String key = "doc-" + random.nextInt(4);
                String[] texts = new String[1 + random.nextInt(2)];
                for (int i = 0; i < texts.length; i++) {
                    texts[i] = WORDS.get(random.nextInt(WORDS.size())) + " " + WORDS.get(random.nextInt(WORDS.size()))
                            + " " + WORDS.get(random.nextInt(WORDS.size())) + " n" + random.nextInt(50);
                }
                UUID document = corpus.document(
                        workspace,
                        "docs",
                        key,
                        Map.of("state", random.nextBoolean() ? "final" : "draft"),
                        List.of("Manual"),
                        texts);
                if (random.nextInt(4) == 0) {
                    corpus.retire(workspace, document);
                }
            }
            List<List<String>> now = everything(workspace, null);
            moments.add(new Moment(
                    corpus.now(),
                    now,
                    corpus.searcher
                            .search(workspace, "default", SearchRequest.of("harbour"))
                            .corpusChunks()));
        }
        for (Moment moment : moments) {
            assertThat(everything(workspace, moment.at()))
                    .as("at %s", moment.at())
                    .isEqualTo(moment.found());
            assertThat(search(workspace, "harbour", SearchMode.HYBRID, Filter.NONE, moment.at())
                            .corpusChunks())
                    .isEqualTo(moment.chunks());
        }
    }

    @Test
    void aVersionIsValidFromItsFirstInstantUntilBeforeItsLast() {
        UUID workspace = corpus.workspace("border");
        corpus.document(workspace, "a", "the harbour lantern is red");
        corpus.document(workspace, "a", "the harbour lantern is green");
        Instant change = corpus.owner()
                .sql("SELECT valid_to FROM document_versions WHERE workspace_id = :w AND state = 'superseded'")
                .param("w", workspace)
                .query(java.time.OffsetDateTime.class)
                .single()
                .toInstant();
        corpus.owner()
                .sql(
                        "UPDATE document_versions SET valid_from = (SELECT max(valid_to) FROM document_versions WHERE workspace_id = :w)"
                                + " WHERE workspace_id = :w AND state = 'published'")
                .param("w", workspace)
                .update();
        corpus.owner()
                .sql(
                        "UPDATE chunks c SET valid_from = v.valid_from, valid_to = v.valid_to FROM document_versions v WHERE v.id = c.version_id"
                                + " AND c.workspace_id = :w")
                .param("w", workspace)
                .update();

        SearchResult at = search(workspace, "harbour lantern", SearchMode.HYBRID, Filter.NONE, change);
        SearchResult before =
                search(workspace, "harbour lantern", SearchMode.HYBRID, Filter.NONE, change.minusNanos(1_000));

        assertThat(at.hits()).extracting(Hit::version).containsExactly(2);
        assertThat(before.hits()).extracting(Hit::version).containsExactly(1);
    }

    @Test
    void aWordThatNothingHoldsTodayIsFoundAndProvenInTheTextOfThen() {
        UUID workspace = corpus.workspace("word");
        UUID document = corpus.document(workspace, "a", "The zyzzyva sleeps under the millstone.");
        Instant then = corpus.now();
        corpus.document(workspace, "a", "Nothing sleeps under the millstone.");

        SearchResult past = search(workspace, "zyzzyva", SearchMode.TEXT, Filter.NONE, then);

        assertThat(search(workspace, "zyzzyva", SearchMode.TEXT, Filter.NONE, corpus.now())
                        .hits())
                .isEmpty();
        assertThat(past.hits()).singleElement().satisfies(hit -> {
            assertThat(hit.version()).isEqualTo(1);
            assertThat(corpus.texts.slice(workspace, document, hit.version(), hit.start(), hit.end()))
                    .contains(hit.text());
        });
        assertThat(past.terms())
                .singleElement()
                .satisfies(term -> assertThat(term.chunks()).isEqualTo(1));
    }

    @Test
    void passagesWithoutAVectorAreToldAndFoundByTheirWords() {
        UUID workspace = corpus.workspace("reembedded");
        corpus.document(workspace, "a", "the granary keeps wheat", "the barge carries wheat");
        Instant then = corpus.now();
        corpus.document(workspace, "a", "the granary keeps barley");
        long set = corpus.owner()
                .sql("SELECT live_set_id FROM projects WHERE workspace_id = :w")
                .param("w", workspace)
                .query(Long.class)
                .single();
        corpus.owner()
                .sql(
                        "DELETE FROM vectors_" + set
                                + " x USING chunks c WHERE c.content_id = x.content_id AND c.valid_to IS NOT NULL AND c.text LIKE '%barge%'")
                .update();

        SearchResult result = search(workspace, "barge wheat", SearchMode.HYBRID, Filter.NONE, then);

        SearchResult.AsOf asOf = Objects.requireNonNull(result.asOf());
        assertThat(asOf.withoutVector()).isEqualTo(1);
        assertThat(asOf.pastChunks()).isEqualTo(2);
        assertThat(asOf.wordsOfThen()).isTrue();
        assertThat(result.hits()).extracting(Hit::text).contains("the barge carries wheat");
        assertThat(result.vectorFound()).isEqualTo(1);
    }

    @Test
    void thePastIsCompleteFromWhenTheProjectSaysSo() {
        UUID workspace = corpus.workspace("horizon");
        corpus.document(workspace, "a", "the harbour lantern");
        Instant since = corpus.owner()
                .sql("SELECT complete_since FROM projects WHERE workspace_id = :w")
                .param("w", workspace)
                .query(java.time.OffsetDateTime.class)
                .single()
                .toInstant();

        assertThat(Objects.requireNonNull(search(workspace, "harbour", SearchMode.HYBRID, Filter.NONE, since)
                                .asOf())
                        .complete())
                .isTrue();
        SearchResult before = search(workspace, "harbour", SearchMode.HYBRID, Filter.NONE, since.minusNanos(1_000));
        assertThat(Objects.requireNonNull(before.asOf()).complete()).isFalse();
        assertThat(before.hits()).isEmpty();
        assertThat(before.corpusChunks()).isZero();
    }
}
