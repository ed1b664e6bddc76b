package dev.tidemill.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.store.ChunkSearch;
import dev.tidemill.store.ChunkSearch.Filter;
import dev.tidemill.store.ChunkSearch.Scope;
import dev.tidemill.store.ChunkSearch.Scored;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.VectorSet;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// At 60,000 chunks, with the index of the vectors: what is read, and that filters take nothing away.
class SearchPlanTest {

    private static final int CHUNKS = 60_000;
    private static final int PER_DOCUMENT = 20;

    private static TestCorpus corpus;
    private static UUID workspace;
    private static Project project;

    @BeforeAll
    static void write() {
        corpus = new TestCorpus();
        workspace = corpus.workspace("large");
        project = project();
        corpus.owner()
                .sql("""
                        WITH s AS (INSERT INTO sources (workspace_id, project_id, type, location)
                                   VALUES (:w, :p, 'directory', 'large') RETURNING id),
                             b AS (INSERT INTO blobs (workspace_id, sha256, size) VALUES (:w, '\\x00', 1)),
                             d AS (INSERT INTO documents (workspace_id, project_id, source_id, key)
                                   SELECT :w, :p, s.id, 'doc' || n FROM s, generate_series(1, :documents) n
                                   RETURNING id, source_id, key)
                        INSERT INTO document_versions (workspace_id, project_id, source_id, document_id, version, sha256,
                          state, file_name, title, metadata, run_id, chunk_count, valid_from)
                        SELECT :w, :p, source_id, id, 1, '\\x00', 'published', key, key,
                          jsonb_build_object('tenth', CASE WHEN key LIKE '%7' THEN 'yes' ELSE 'no' END), 1, :each,
                          now() - interval '9 days'
                        FROM d
                        """)
                .param("w", workspace)
                .param("p", project.id())
                .param("documents", CHUNKS / PER_DOCUMENT)
                .param("each", PER_DOCUMENT)
                .update();
        corpus.owner().sql("SELECT setseed(0.5)::text").query(String.class).optional();
        corpus.owner()
                .sql("""
                        INSERT INTO chunks (workspace_id, project_id, document_id, version_id, ordinal, content_id, header,
                          text, heading_path, start_offset, end_offset, tokens, run_id, valid_from)
                        SELECT :w, :p, v.document_id, v.id, n, gen_random_uuid(), '',
                          'common ' || CASE WHEN (v.id * 31 + n) % 3 = 0 THEN 'frequent ' ELSE '' END
                            || 'word' || (v.id * 7 + n) % 997 || ' rare' || (v.id * 13 + n * 17) % 9973,
                          ARRAY['Part ' || n % 2], 0, 10, 5, 1, v.valid_from
                        FROM document_versions v, generate_series(1, :each) n WHERE v.workspace_id = :w
                        """)
                .param("w", workspace)
                .param("p", project.id())
                .param("each", PER_DOCUMENT)
                .update();
        corpus.owner().sql("""
                        INSERT INTO lexemes (workspace_id, project_id, lexeme, chunks)
                        SELECT :w, :p, t.lexeme, count(*) FROM chunks c, unnest(c.tsv) t GROUP BY t.lexeme
                        """).param("w", workspace).param("p", project.id()).update();
        corpus.owner()
                .sql("""
                        INSERT INTO vectors_%d
                        SELECT :w, c.content_id,
                          (SELECT array_agg(random() - 0.5 + c.id * 0 + n * 0) FROM generate_series(1, %d) n)::real[]::halfvec
                        FROM chunks c WHERE c.workspace_id = :w
                        """.formatted(project.liveSetId(), TestCorpus.DIMENSIONS))
                .param("w", workspace)
                .update();
        past();
        // In one statement: each has a connection of its own, and the index must fit into memory while it is built.
        corpus.owner()
                .sql("""
                        SELECT create_vector_index(:set)::text
                        FROM (SELECT set_config('tidemill.workspace_id', :workspace, true),
                                     set_config('maintenance_work_mem', '256MB', true) OFFSET 0) entered
                        """)
                .param("workspace", workspace.toString())
                .param("set", project.liveSetId())
                .query(String.class)
                .optional();
        corpus.owner().sql("ANALYZE").update();
    }

    /// Each thirtieth document got its text two days ago; what it said before, the day before that, is kept.
    private static void past() {
        corpus.owner()
                .sql("""
                        UPDATE document_versions SET version = 2, valid_from = now() - interval '2 days'
                        WHERE workspace_id = :w AND id %% 30 = 0;
                        UPDATE chunks c SET valid_from = v.valid_from FROM document_versions v
                        WHERE v.id = c.version_id AND v.version = 2 AND c.workspace_id = v.workspace_id;
                        INSERT INTO document_versions (workspace_id, project_id, source_id, document_id, version, sha256, state,
                          file_name, title, metadata, run_id, chunk_count, valid_from, valid_to)
                        SELECT workspace_id, project_id, source_id, document_id, 1, sha256, 'superseded', file_name, title,
                          metadata, 1, chunk_count, now() - interval '3 days', now() - interval '2 days'
                        FROM document_versions WHERE workspace_id = :w AND version = 2;
                        INSERT INTO chunks (workspace_id, project_id, document_id, version_id, ordinal, content_id, header,
                          text, heading_path, start_offset, end_offset, tokens, run_id, valid_from, valid_to)
                        SELECT c.workspace_id, c.project_id, c.document_id, o.id, c.ordinal, gen_random_uuid(), '',
                          c.text || ' bygone', c.heading_path, 0, 10, 5, 1, o.valid_from, o.valid_to
                        FROM document_versions o
                        JOIN document_versions v ON v.document_id = o.document_id AND v.version = 2
                        JOIN chunks c ON c.version_id = v.id WHERE o.state = 'superseded';
                        INSERT INTO past_vectors (workspace_id, set_id, content_id, embedding)
                        SELECT :w, :set, c.content_id,
                          (SELECT array_agg(random() - 0.5 + c.id * 0 + n * 0) FROM generate_series(1, %d) n)::real[]::halfvec::vector
                        FROM chunks c WHERE c.valid_to IS NOT NULL
                        """.formatted(TestCorpus.DIMENSIONS)
                        .replace(":w", "'" + workspace + "'")
                        .replace(":set", String.valueOf(project.liveSetId())))
                .update();
    }

    @AfterAll
    static void drop() {
        corpus.close();
    }

    private static Project project() {
        return new Projects(corpus.workspaces, corpus.app)
                .find(workspace, "default")
                .orElseThrow();
    }

    private static float[] query(long seed) {
        Random random = new Random(seed);
        float[] vector = new float[TestCorpus.DIMENSIONS];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = random.nextFloat() - 0.5f;
        }
        return vector;
    }

    private record Scans(long chunks, long vectors) {}

    /// Sequential scans that the current transaction made.
    private static Scans scans() {
        return corpus.app
                .sql("""
                        SELECT pg_stat_get_xact_numscans('chunks'::regclass) AS chunks,
                               pg_stat_get_xact_numscans('vectors_%d'::regclass) AS vectors
                        """.formatted(project.liveSetId()))
                .query(Scans.class)
                .single();
    }

    private static List<Scored> byVector(float[] query, int top, Filter filter) {
        return corpus.workspaces.call(workspace, () -> {
            Scope scope = corpus.chunks.scope(project, filter);
            VectorSet set = corpus.chunks.liveSet(project).orElseThrow();
            List<Scored> found = corpus.chunks.byVector(project, set, query, top, scope);
            assertThat(scans()).isEqualTo(new Scans(0, 0));
            return found;
        });
    }

    private static List<Long> exact(float[] query, int top, String condition) {
        return corpus.owner()
                .sql("""
                        SELECT c.id FROM chunks c
                        JOIN document_versions d ON d.workspace_id = c.workspace_id AND d.id = c.version_id
                        JOIN (SELECT * FROM vectors_%1$d UNION ALL
                              SELECT workspace_id, content_id, embedding::halfvec FROM past_vectors) v
                          ON v.workspace_id = c.workspace_id AND v.content_id = c.content_id
                        WHERE %2$s ORDER BY v.embedding <=> CAST(:q AS halfvec), c.id LIMIT :top
                        """.formatted(project.liveSetId(), condition))
                .param("q", java.util.Arrays.toString(query))
                .param("top", top)
                .query((row, n) -> row.getLong(1))
                .list();
    }

    private static double recall(List<Filter> filters, String condition) {
        int hit = 0;
        int wanted = 0;
        for (int i = 0; i < 10; i++) {
            float[] query = query(i);
            Set<Long> truth = new HashSet<>(exact(query, 10, condition));
            for (Filter filter : filters) {
                List<Scored> found = byVector(query, 10, filter);
                assertThat(found).hasSize(10);
                List<Long> ids =
                        new ArrayList<>(found.stream().map(Scored::chunkId).toList());
                ids.retainAll(truth);
                hit += ids.size();
                wanted += truth.size();
            }
        }
        return hit / (double) wanted;
    }

    @Test
    void theVectorLegWalksTheIndexUnderRowLevelSecurity() {
        // Random vectors have no neighbourhoods, the hardest case for the index.
        assertThat(recall(List.of(Filter.NONE), "c.valid_to IS NULL")).isGreaterThan(0.6);
    }

    @Test
    void aFilterThatLeavesFewChunksIsExact() {
        Filter one = new Filter(List.of(), List.of("doc17", "doc18"), Map.of(), null);

        assertThat(recall(List.of(one), "c.valid_to IS NULL AND d.file_name IN ('doc17', 'doc18')"))
                .isEqualTo(1.0);
    }

    @Test
    void aFilterThatLeavesATenthStillFillsTheResult() {
        Filter tenth = new Filter(List.of(), List.of(), Map.of("tenth", "yes"), null);

        assertThat(recall(List.of(tenth), "c.valid_to IS NULL AND d.metadata ->> 'tenth' = 'yes'"))
                .isGreaterThan(0.6);
    }

    @Test
    void aFilterOnHeadingsStillFillsTheResult() {
        Filter half = new Filter(List.of(), List.of(), Map.of(), "part 1");

        assertThat(recall(List.of(half), "c.valid_to IS NULL AND c.heading_path = '{Part 1}'"))
                .isGreaterThan(0.6);
    }

    /// The index finds of the live ones what it finds of them today, and of the superseded ones none is missed.
    @Test
    void aSearchOfThePastWalksTheIndexAndMissesNothingThatIsSuperseded() {
        Instant then = Instant.now().minus(Duration.ofHours(60));
        String valid = "c.valid_from <= '" + then + "' AND (c.valid_to IS NULL OR c.valid_to > '" + then + "')";
        int hit = 0;
        for (int i = 0; i < 10; i++) {
            float[] query = query(i);
            List<Scored> found = corpus.workspaces.callFrozen(workspace, () -> {
                Scope scope = corpus.chunks.scope(project, Filter.NONE, then);
                VectorSet set = corpus.chunks.liveSet(project).orElseThrow();
                ChunkSearch.VectorLeg leg = corpus.chunks.vectorLeg(project, set, query, 10, scope);
                assertThat(scope.all()).isEqualTo(CHUNKS);
                assertThat(leg.withoutVector()).isZero();
                assertThat(scans()).isEqualTo(new Scans(0, 0));
                return leg.found();
            });
            List<Long> truth = exact(query, 10, valid);
            List<Long> ids = new ArrayList<>(found.stream().map(Scored::chunkId).toList());
            assertThat(ids).hasSize(10).containsAll(superseded(truth));
            ids.retainAll(truth);
            hit += ids.size();
        }
        assertThat(hit / 100.0).isGreaterThan(0.6);
    }

    private static List<Long> superseded(List<Long> ids) {
        return corpus.owner()
                .sql("SELECT id FROM chunks WHERE id IN (:ids) AND valid_to IS NOT NULL")
                .param("ids", ids)
                .query((row, n) -> row.getLong(1))
                .list();
    }

    @Test
    void aWholeSearchOfThePastReadsNoTableFromEndToEnd() {
        Instant then = Instant.now().minus(Duration.ofHours(60));
        corpus.workspaces.callFrozen(workspace, () -> {
            Scope scope = corpus.chunks.scope(project, Filter.NONE, then);
            List<Scored> found = corpus.chunks
                    .byText(project, "bygone rare17", 50, 500, scope)
                    .found();
            assertThat(found).hasSize(50);
            assertThat(scans()).isEqualTo(new Scans(0, 0));
            return found;
        });
    }

    @Test
    void theTextLegReadsNoTableFromEndToEnd() {
        for (String question : List.of("rare17 word33", "frequent word5", "common frequent", "common", "word3")) {
            for (Filter filter : List.of(
                    Filter.NONE,
                    new Filter(List.of(), List.of("doc17"), Map.of(), null),
                    new Filter(List.of(), List.of(), Map.of("tenth", "yes"), null))) {
                corpus.workspaces.run(workspace, () -> {
                    corpus.chunks.byText(project, question, 50, 2_000, corpus.chunks.scope(project, filter));
                    assertThat(scans()).as(question).isEqualTo(new Scans(0, 0));
                });
            }
        }
    }

    @Test
    void theBoundNeverCutsTheMatchesOfTheRarestWord() {
        List<Long> rare = corpus.owner()
                .sql("SELECT id FROM chunks WHERE tsv @@ 'rare17'::tsquery ORDER BY id")
                .query((row, n) -> row.getLong(1))
                .list();
        assertThat(rare.size()).isBetween(1, 9);

        corpus.workspaces.run(workspace, () -> {
            Scope scope = corpus.chunks.scope(project, Filter.NONE);
            List<Scored> found = corpus.chunks
                    .byText(project, "common frequent rare17", 50, 100, scope)
                    .found();
            assertThat(found).hasSize(50);
            assertThat(found.stream().limit(rare.size()).map(Scored::chunkId).toList())
                    .containsExactlyInAnyOrderElementsOf(rare);
        });
    }

    @Test
    void aWholeSearchReadsNoTableFromEndToEnd() {
        corpus.workspaces.run(workspace, () -> {
            corpus.searcher.search(workspace, "default", SearchRequest.of("frequent word5 rare99"));
            assertThat(scans()).isEqualTo(new Scans(0, 0));
        });
    }
}
