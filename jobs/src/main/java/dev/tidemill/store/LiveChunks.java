package dev.tidemill.store;

import dev.tidemill.store.ChunkSearch.Scope;
import dev.tidemill.store.ChunkSearch.Scored;
import dev.tidemill.store.ChunkSearch.Term;
import java.util.List;
import java.util.function.LongSupplier;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Finds chunks of published versions, through an index where that is faster. Call it inside a transaction of
/// [Workspaces].
final class LiveChunks {

    /// Up to this many chunks a filter's matches are compared one by one; with more, walking the index
    /// finds enough of them.
    static final int EXACT_UP_TO = 5_000;

    /// Candidates that a walk of the HNSW index keeps. Measured with 100,000 vectors of real sentences: of the true
    /// nearest ten it finds 0.951 with 40, 0.981 with 100, 0.992 with 200, 0.995 with 400.
    static final int WALKED_AT_LEAST = 200;

    private final JdbcClient jdbc;

    LiveChunks(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /// The nearest chunks that the scope lets through, nearest first.
    ///
    /// @param all how many chunks of the project can be found, asked only where it matters
    List<Scored> byVector(Project project, VectorSet set, float[] query, int top, Scope scope, LongSupplier all) {
        if (scope.empty()) {
            return List.of();
        }
        if (scope.versions() != null && scope.chunks() <= EXACT_UP_TO) {
            return amongVersions(project, set, query, top, scope);
        }
        // What a filter or a retired version takes away is made good by looking further, never by a shorter result.
        double share = scope.versions() == null && scope.then() == null
                ? 1
                : Math.max(1e-3, scope.chunks() / (double) Math.max(1, all.getAsLong()));
        int nearest = (int) Math.min(1_000_000, Math.max(100, top / share * 1.5));
        while (true) {
            List<Scored> rows = amongNearest(project, set, query, nearest, scope);
            List<Scored> live =
                    rows.stream().filter(row -> row.chunkId() > 0).limit(top).toList();
            if (live.size() == top || rows.size() < nearest) {
                return live;
            }
            nearest = Math.multiplyExact(nearest, 8);
        }
    }

    private List<Scored> amongVersions(Project project, VectorSet set, float[] query, int top, Scope scope) {
        // In a subquery, as a generic plan would read the text of the vector anew for each row.
        return jdbc.sql("""
                        SELECT c.id, 1 - (v.embedding <=> (SELECT CAST(:query AS %s)))
                        FROM unnest(CAST(:versions AS bigint[])) AS q (version_id)
                        CROSS JOIN LATERAL (
                          SELECT id, content_id FROM chunks
                          WHERE workspace_id = :workspace AND version_id = q.version_id AND project_id = :project
                            AND valid_from IS NOT NULL AND valid_to IS NULL%s
                            AND (CAST(:heading AS text) IS NULL
                                 OR EXISTS (SELECT FROM unnest(heading_path) AS h (line) WHERE lower(line) = lower(:heading)))
                          OFFSET 0) c
                        CROSS JOIN LATERAL (
                          SELECT embedding FROM %s WHERE workspace_id = :workspace AND content_id = c.content_id OFFSET 0) v
                        ORDER BY v.embedding <=> (SELECT CAST(:query AS %s)), c.id
                        LIMIT :top
                        """.formatted(set.sqlType(), scope.since(), set.table(), set.sqlType()))
                .param("asOf", scope.time(), java.sql.Types.TIMESTAMP_WITH_TIMEZONE)
                .param("query", ChunkSearch.literal(query))
                .param("versions", scope.versionArray())
                .param("workspace", project.workspaceId())
                .param("project", project.id())
                .param("heading", scope.heading(), java.sql.Types.VARCHAR)
                .param("top", top)
                .query(LiveChunks::scored)
                .list();
    }

    /// The nearest vectors with the chunks that hold their text; a vector without such a chunk comes
    /// with chunk id 0.
    private List<Scored> amongNearest(Project project, VectorSet set, float[] query, int nearest, Scope scope) {
        // A generic plan knows neither the limit nor the vector, and would leave the index aside.
        jdbc.sql("""
                        SELECT set_config('plan_cache_mode', 'force_custom_plan', true),
                               set_config('hnsw.iterative_scan', 'relaxed_order', true),
                               set_config('hnsw.ef_search', :ef, true),
                               set_config('hnsw.max_scan_tuples', :tuples, true)
                        """)
                .param("ef", Integer.toString(walked(set, nearest)))
                .param("tuples", Integer.toString(Math.max(20_000, nearest * 4)))
                .query()
                .singleRow();
        return jdbc.sql("""
                        WITH nearest AS MATERIALIZED (
                          SELECT content_id, embedding <=> CAST(:query AS %s) AS distance
                          FROM %s ORDER BY embedding <=> CAST(:query AS %s) LIMIT :nearest)
                        SELECT coalesce(c.id, 0), 1 - n.distance
                        FROM nearest n
                        LEFT JOIN LATERAL (
                          SELECT id FROM chunks
                          WHERE workspace_id = :workspace AND project_id = :project AND content_id = n.content_id
                            AND valid_from IS NOT NULL AND valid_to IS NULL%s
                            AND (CAST(:versions AS bigint[]) IS NULL OR version_id = ANY (:versions))
                            AND (CAST(:heading AS text) IS NULL
                                 OR EXISTS (SELECT FROM unnest(heading_path) AS h (line) WHERE lower(line) = lower(:heading)))
                          OFFSET 0) c ON true
                        ORDER BY n.distance, 1
                        """.formatted(set.sqlType(), set.table(), set.sqlType(), scope.since()))
                .param("asOf", scope.time(), java.sql.Types.TIMESTAMP_WITH_TIMEZONE)
                .param("query", ChunkSearch.literal(query))
                .param("nearest", nearest)
                .param("workspace", project.workspaceId())
                .param("project", project.id())
                .param("versions", scope.versionArray(), java.sql.Types.ARRAY)
                .param("heading", scope.heading(), java.sql.Types.VARCHAR)
                .query(LiveChunks::scored)
                .list();
    }

    private static int walked(VectorSet set, int nearest) {
        return Math.clamp(nearest, set.efSearch() == null ? WALKED_AT_LEAST : set.efSearch(), 1_000);
    }

    /// The best of those that match the words, best first.
    ///
    /// @param function of the database that ranks, with its first arguments
    List<Scored> ranked(
            String function, Project project, String required, List<Term> terms, int top, int candidates, Scope scope) {
        return jdbc.sql("""
                        SELECT chunk_id, score FROM %s, CAST(:required AS tsquery),
                          ARRAY(SELECT CAST(t AS tsquery) FROM unnest(CAST(:terms AS text[])) WITH ORDINALITY AS q (t, n)
                                ORDER BY n),
                          CAST(:weights AS float8[]), :top, CAST(:versions AS bigint[]), CAST(:heading AS text), :candidates)
                        """.formatted(function))
                .param("asOf", scope.time(), java.sql.Types.TIMESTAMP_WITH_TIMEZONE)
                .param("project", project.id())
                .param("required", required)
                .param(
                        "terms",
                        terms.stream()
                                .map(term -> TextQuery.quoted(term.lexeme()))
                                .toArray(String[]::new))
                .param("weights", terms.stream().map(Term::weight).toArray(Double[]::new))
                .param("top", top)
                .param("versions", scope.versionArray(), java.sql.Types.ARRAY)
                .param("heading", scope.heading(), java.sql.Types.VARCHAR)
                .param("candidates", candidates)
                .query(LiveChunks::scored)
                .list();
    }

    /// The lexemes of a question that live chunks of the project hold, rarest first.
    ///
    /// @param total how many chunks of the project can be found
    List<Term> terms(Project project, String question, long total) {
        return jdbc.sql("""
                        SELECT t.lexeme, l.chunks
                        FROM unnest(to_tsvector('english', :question)) AS t (lexeme, positions, weights)
                        JOIN lexemes l ON l.workspace_id = :workspace AND l.project_id = :project AND l.lexeme = t.lexeme
                        WHERE l.chunks > 0
                        ORDER BY l.chunks, t.lexeme
                        LIMIT :most
                        """)
                .param("most", ChunkSearch.MOST_TERMS)
                .param("question", question)
                .param("workspace", project.workspaceId())
                .param("project", project.id())
                .query((row, number) -> new Term(
                        row.getString(1),
                        row.getLong(2),
                        TextQuery.weight(row.getLong(2), Math.max(total, row.getLong(2)))))
                .list();
    }

    private static Scored scored(java.sql.ResultSet row, int number) throws java.sql.SQLException {
        return new Scored(row.getLong(1), row.getDouble(2));
    }
}
