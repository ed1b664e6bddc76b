package dev.tidemill.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.answer.Answer;
import dev.tidemill.answer.AnswerProperties;
import dev.tidemill.answer.Answerer;
import dev.tidemill.document.Citation;
import dev.tidemill.document.Hit;
import dev.tidemill.embed.OnnxEmbedder;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.RunView;
import dev.tidemill.run.StepView;
import dev.tidemill.search.QueryVectors;
import dev.tidemill.search.SearchRequest;
import dev.tidemill.search.Searcher;
import dev.tidemill.store.ChunkSearch;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Texts;
import dev.tidemill.store.Workspaces;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;

/// One document through every room: the second section of the README.
class WalkTest {

    @TempDir
    Path folder;

    @TempDir
    Path spool;

    @Test
    void oneDocumentWalksFromItsFolderToACitedAnswer() {
        Corpus.write(folder.resolve("mill.md"), """
                # The mill at the quay

                ## History

                The mill was built in 1782 by the harbour company, and ground wheat for the town.

                ## How it works

                The flood tide fills the pond through the sluice. At ebb the gate is closed, and the water drives the
                wheel for about six hours.
                """);
        try (TestDatabase database = TestDatabase.create();
                IngestHarness ingest = new IngestHarness(
                        database.jdbcUrl(), database.username(), database.password(), spool, Map.of())) {

            // source, discover, gone, extract, chunk, embed, publish
            RunView run = ingest.ingest(folder);
            assertThat(run.steps())
                    .extracting(StepView::name)
                    .containsExactly("discover", "gone", "extract", "embed", "publish", "index");
            assertThat(run.steps()).extracting(StepView::status).containsOnly("COMPLETED");

            // search
            JdbcClient jdbc = ingest.bean(JdbcClient.class);
            Workspaces workspaces = ingest.bean(Workspaces.class);
            OnnxEmbedder embedder = ingest.bean(OnnxEmbedder.class);
            ChunkSearch chunks = new ChunkSearch(jdbc);
            Searcher searcher = new Searcher(
                    workspaces,
                    ingest.bean(Projects.class),
                    chunks,
                    new QueryVectors(embedder.fingerprint(), embedder::embedQuery));
            SearchRequest question = SearchRequest.of("How long does the water drive the wheel?");
            List<Hit> hits =
                    searcher.search(ingest.workspaceId, "default", question).hits();
            assertThat(hits).isNotEmpty();
            assertThat(hits.getFirst().documentKey()).isEqualTo("mill.md");
            assertThat(hits.getFirst().title()).isEqualTo("The mill at the quay");
            assertThat(hits.getFirst().runId()).isEqualTo(run.id());

            // answer
            Answerer answerer = new Answerer(
                    searcher,
                    workspaces,
                    chunks,
                    new Texts(workspaces, jdbc),
                    embedder::embedQuery,
                    embedder::embed,
                    new AnswerProperties(0.74, 0.66, 0.50, 8, 3));
            Answer answer = answerer.answer(ingest.workspaceId, "default", question);
            assertThat(answer).isInstanceOf(Answer.Answered.class);
            Citation citation = ((Answer.Answered) answer).citations().getFirst();
            assertThat(citation.number()).isEqualTo(1);
            assertThat(citation.quote()).contains("drives").contains("six hours");
            assertThat(ingest.rows("SELECT substr(string_agg(text, '' ORDER BY start_offset), "
                            + (citation.start() + 1) + ", " + (citation.end() - citation.start())
                            + ") AS slice FROM document_texts"))
                    .singleElement()
                    .satisfies(row -> assertThat(row.get("slice")).isEqualTo(citation.quote()));
        }
    }
}
