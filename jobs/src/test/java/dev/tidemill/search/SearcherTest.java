package dev.tidemill.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.document.Hit;
import dev.tidemill.store.ChunkSearch.Filter;
import dev.tidemill.store.Projects;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SearcherTest {

    private static TestCorpus corpus;
    private static UUID mine;
    private static UUID theirs;

    @BeforeAll
    static void write() {
        corpus = new TestCorpus();
        mine = corpus.workspace("mine");
        theirs = corpus.workspace("theirs");
        corpus.document(
                mine,
                "handbook",
                "vacuum.md",
                Map.of("language", "en", "team", "storage"),
                List.of("Maintenance", "Vacuuming"),
                "Routine vacuuming prevents transaction wraparound failures.",
                "Autovacuum launches worker processes for each database.");
        corpus.document(
                mine,
                "handbook",
                "backup.md",
                Map.of("language", "en", "team", "operations"),
                List.of("Maintenance", "Backups"),
                "A base backup together with archived segments allows recovery to any moment.",
                "Verify every backup by restoring it.");
        corpus.document(
                mine,
                "notes",
                "index.md",
                Map.of("language", "de"),
                List.of("Indexes"),
                "A partial index covers only rows that satisfy its predicate.");
        corpus.document(theirs, "secret.md", "Routine vacuuming of the foreign workspace prevents wraparound.");
    }

    @AfterAll
    static void drop() {
        corpus.close();
    }

    private static SearchResult search(String question, SearchMode mode, Filter filter) {
        return corpus.searcher.search(mine, "default", new SearchRequest(question, 10, mode, filter));
    }

    @ParameterizedTest
    @EnumSource
    void everyModeFindsThePassageAboutTheQuestion(SearchMode mode) {
        SearchResult result = search("How does vacuuming prevent wraparound failures?", mode, Filter.NONE);

        assertThat(TestCorpus.first(result)).isEqualTo("vacuum.md");
        Hit hit = result.hits().getFirst();
        assertThat(hit.text()).startsWith("Routine vacuuming");
        assertThat(hit.headingPath()).containsExactly("Maintenance", "Vacuuming");
        assertThat(hit.metadata()).containsEntry("team", "storage");
        assertThat(hit.version()).isEqualTo(1);
        assertThat(hit.runId()).isEqualTo(7);
        assertThat(hit.vectorRank() == null).isEqualTo(mode == SearchMode.TEXT);
        assertThat(hit.textRank() == null).isEqualTo(mode == SearchMode.VECTOR);
    }

    @ParameterizedTest
    @EnumSource
    void noModeShowsAnotherWorkspace(SearchMode mode) {
        assertThat(search("vacuuming of the foreign workspace", mode, Filter.NONE)
                        .hits())
                .extracting(Hit::documentKey)
                .doesNotContain("secret.md");
        assertThat(corpus.searcher
                        .search(theirs, "default", new SearchRequest("vacuuming", 10, mode, Filter.NONE))
                        .hits())
                .extracting(Hit::documentKey)
                .containsOnly("secret.md");
    }

    @ParameterizedTest
    @EnumSource
    void aFilterOnTheSourceLetsOnlyItThrough(SearchMode mode) {
        assertThat(search("index backup vacuuming", mode, new Filter(List.of("notes"), List.of(), Map.of(), null))
                        .hits())
                .extracting(Hit::documentKey)
                .containsOnly("index.md");
    }

    @ParameterizedTest
    @EnumSource
    void aFilterOnTheDocumentLetsOnlyItThrough(SearchMode mode) {
        assertThat(search("backup vacuuming", mode, new Filter(List.of(), List.of("backup.md"), Map.of(), null))
                        .hits())
                .extracting(Hit::documentKey)
                .containsOnly("backup.md");
    }

    @ParameterizedTest
    @EnumSource
    void aFilterOnMetadataWantsEveryValue(SearchMode mode) {
        Filter both = new Filter(List.of(), List.of(), Map.of("language", "en", "team", "operations"), null);
        Filter none = new Filter(List.of(), List.of(), Map.of("language", "de", "team", "operations"), null);

        assertThat(search("backup vacuuming index", mode, both).hits())
                .extracting(Hit::documentKey)
                .containsOnly("backup.md");
        assertThat(search("backup vacuuming index", mode, none).hits()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void aFilterOnTheHeadingLooksAtTheWholePathWhateverItsCase(SearchMode mode) {
        Filter outer = new Filter(List.of(), List.of(), Map.of(), "maintenance");
        Filter inner = new Filter(List.of(), List.of(), Map.of(), "BACKUPS");

        assertThat(search("backup vacuuming index predicate", mode, outer).hits())
                .extracting(Hit::documentKey)
                .contains("backup.md", "vacuum.md")
                .doesNotContain("index.md");
        assertThat(search("backup vacuuming index", mode, inner).hits())
                .extracting(Hit::documentKey)
                .containsOnly("backup.md");
    }

    @Test
    void aReplacedVersionIsNotFoundAnyMore() {
        UUID workspace = corpus.workspace("replaced");
        corpus.document(workspace, "page.md", "The granary stores wheat.");
        corpus.document(workspace, "page.md", "The granary stores barley.");

        for (SearchMode mode : SearchMode.values()) {
            SearchResult result = corpus.searcher.search(
                    workspace, "default", new SearchRequest("granary wheat", 10, mode, Filter.NONE));
            assertThat(result.hits()).extracting(Hit::text).containsExactly("The granary stores barley.");
            assertThat(result.hits().getFirst().version()).isEqualTo(2);
        }
    }

    @Test
    void noMoreThanKHitsComeBack() {
        SearchRequest one = new SearchRequest("backup vacuuming index", 1, SearchMode.HYBRID, Filter.NONE);

        assertThat(corpus.searcher.search(mine, "default", one).hits()).hasSize(1);
    }

    @Test
    void theExplanationCountsWhatEachLegFound() {
        SearchResult result = search("vacuuming wraparound unheardofword", SearchMode.HYBRID, Filter.NONE);

        assertThat(result.terms()).extracting("lexeme").containsExactlyInAnyOrder("vacuum", "wraparound");
        assertThat(result.required()).contains("'wraparound'");
        assertThat(result.vectorFound()).isEqualTo(5);
        assertThat(result.textFound()).isEqualTo(1);
        assertThat(result.corpusChunks()).isEqualTo(5);
        assertThat(result.filtered()).isNull();
        assertThat(result.vectorSet()).isNotNull();
    }

    @Test
    void quotesAndOperatorsInAQuestionAreWords() {
        for (String question : List.of(
                "vacuuming' | 'x", "a & !b <-> (c", "\\ ' \" ; DROP TABLE chunks", "':*", "vacuuming & | !", "()")) {
            assertThat(search(question, SearchMode.TEXT, Filter.NONE).hits().size())
                    .isBetween(0, 10);
        }
    }

    @Test
    void anUnknownProjectIsSaid() {
        assertThatThrownBy(() -> corpus.searcher.search(mine, "nowhere", SearchRequest.of("anything")))
                .isInstanceOf(UnknownProject.class)
                .hasMessageContaining("nowhere");
    }

    @Test
    void aProjectWithoutDocumentsFindsNothing() {
        UUID workspace = corpus.workspace("empty");

        SearchResult result = corpus.searcher.search(workspace, "default", SearchRequest.of("anything"));

        assertThat(result.hits()).isEmpty();
        assertThat(result.corpusChunks()).isZero();
    }

    @Test
    void vectorsOfAnotherModelAreNotCompared() {
        Searcher other = new Searcher(
                corpus.workspaces,
                new Projects(corpus.workspaces, corpus.app),
                corpus.chunks,
                new QueryVectors("another", TestCorpus::embed));

        assertThatThrownBy(() -> other.search(mine, "default", SearchRequest.of("vacuuming")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("re-embed");
    }
}
