package dev.tidemill.store;

import dev.tidemill.store.ChunkSearch.Scored;
import dev.tidemill.store.ChunkSearch.Term;
import dev.tidemill.store.ChunkSearch.Then;
import dev.tidemill.store.ChunkSearch.VectorLeg;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Finds chunks of superseded versions that were valid at a time: compared one by one, as no index holds them. Call it
/// inside a transaction of [Workspaces] that sees one state of the database.
final class PastChunks {

    /// Up to this many chunks that came later are read to count the words of then; with more, words count as today.
    static final int COUNTED_UP_TO = 20_000;

    private final JdbcClient jdbc;

    PastChunks(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /// Chunks by vector.
    VectorLeg byVector(Project project, VectorSet set, float[] query, int top, @Nullable String heading, Then then) {
        if (then.versions().isEmpty()) {
            return new VectorLeg(List.of(), 0);
        }
        withoutCompiling();
        List<Scored> found = new ArrayList<>();
        // In a subquery, as a generic plan would read the text of the vector anew for each row.
        long[] missing = {0};
        jdbc.sql("""
                        SELECT c.id, 1 - d.distance AS score, count(*) FILTER (WHERE d.distance IS NULL) OVER () AS missing
                        FROM unnest(CAST(:versions AS bigint[])) AS q (version_id)
                        CROSS JOIN LATERAL (
                          SELECT id, content_id FROM chunks
                          WHERE workspace_id = :workspace AND version_id = q.version_id AND project_id = :project
                            AND (CAST(:heading AS text) IS NULL
                                 OR EXISTS (SELECT FROM unnest(heading_path) AS h (line) WHERE lower(line) = lower(:heading)))
                          OFFSET 0) c
                        LEFT JOIN LATERAL (
                          SELECT embedding <=> (SELECT CAST(:query AS %1$s)) AS distance FROM %2$s
                          WHERE workspace_id = :workspace AND content_id = c.content_id
                          UNION ALL
                          SELECT CAST(embedding AS %1$s) <=> (SELECT CAST(:query AS %1$s)) FROM past_vectors
                          WHERE workspace_id = :workspace AND set_id = :set AND content_id = c.content_id
                          LIMIT 1) d ON true
                        ORDER BY d.distance NULLS LAST, c.id
                        LIMIT :top
                        """.formatted(set.sqlType(), set.table()))
                .param("query", ChunkSearch.literal(query))
                .param("versions", then.versions().toArray(Long[]::new))
                .param("workspace", project.workspaceId())
                .param("project", project.id())
                .param("set", set.id())
                .param("heading", heading, java.sql.Types.VARCHAR)
                .param("top", top)
                .query(row -> {
                    missing[0] = row.getLong("missing");
                    double score = row.getDouble("score");
                    if (!row.wasNull()) {
                        found.add(new Scored(row.getLong("id"), score));
                    }
                });
        return new VectorLeg(found, missing[0]);
    }

    /// The best of all that match, ranked as those of today are.
    List<Scored> ranked(
            Project project, String required, List<Term> terms, int top, @Nullable String heading, Then then) {
        if (then.versions().isEmpty()) {
            return List.of();
        }
        withoutCompiling();
        return jdbc.sql("""
                        SELECT m.id, (SELECT sum(w * ts_rank(m.tsv, CAST(t AS tsquery)))
                                      FROM unnest(CAST(:terms AS text[]), CAST(:weights AS float8[])) AS q (t, w)) AS score
                        FROM unnest(CAST(:versions AS bigint[])) AS v (version_id)
                        CROSS JOIN LATERAL (
                          SELECT id, tsv || ''::tsvector AS tsv FROM chunks
                          WHERE workspace_id = :workspace AND version_id = v.version_id AND project_id = :project
                            AND tsv @@ CAST(:required AS tsquery)
                            AND (CAST(:heading AS text) IS NULL
                                 OR EXISTS (SELECT FROM unnest(heading_path) AS h (line) WHERE lower(line) = lower(:heading)))
                          OFFSET 0) m
                        ORDER BY score DESC, m.id
                        LIMIT :top
                        """)
                .param("terms", quoted(terms.stream().map(Term::lexeme).toList()))
                .param("weights", terms.stream().map(Term::weight).toArray(Double[]::new))
                .param("versions", then.versions().toArray(Long[]::new))
                .param("workspace", project.workspaceId())
                .param("project", project.id())
                .param("required", required)
                .param("heading", heading, java.sql.Types.VARCHAR)
                .param("top", top)
                .query((row, n) -> new Scored(row.getLong(1), row.getDouble(2)))
                .list();
    }

    /// The lexemes of a question that chunks of then hold, rarest first, counted as then where that can be.
    List<Term> terms(Project project, String question, Then then) {
        withoutCompiling();
        Map<String, Long> counts = new HashMap<>();
        jdbc.sql("""
                        SELECT t.lexeme, coalesce(l.chunks, 0)
                        FROM unnest(to_tsvector('english', :question)) AS t (lexeme, positions, weights)
                        LEFT JOIN lexemes l ON l.workspace_id = :workspace AND l.project_id = :project AND l.lexeme = t.lexeme
                        """)
                .param("question", question)
                .param("workspace", project.workspaceId())
                .param("project", project.id())
                .query(row -> {
                    counts.put(row.getString(1), row.getLong(2));
                });
        add(counts, holding(project, counts.keySet(), then.all()), 1);
        if (then.newer() != null) {
            add(counts, holding(project, counts.keySet(), then.newer()), -1);
        }
        return counts.entrySet().stream()
                .filter(entry -> entry.getValue() > 0)
                .sorted(Map.Entry.<String, Long>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
                .limit(ChunkSearch.MOST_TERMS)
                .map(entry -> new Term(
                        entry.getKey(),
                        entry.getValue(),
                        TextQuery.weight(entry.getValue(), Math.max(then.corpusChunks(), entry.getValue()))))
                .toList();
    }

    private static void add(Map<String, Long> counts, Map<String, Long> more, int sign) {
        more.forEach((lexeme, chunks) -> counts.merge(lexeme, sign * chunks, Long::sum));
    }

    private Map<String, Long> holding(Project project, Collection<String> lexemes, List<Long> versions) {
        Map<String, Long> counts = new HashMap<>();
        if (versions.isEmpty() || lexemes.isEmpty()) {
            return counts;
        }
        String[] names = lexemes.toArray(String[]::new);
        jdbc.sql("""
                        SELECT q.lexeme, count(*)
                        FROM unnest(CAST(:versions AS bigint[])) AS v (version_id)
                        CROSS JOIN LATERAL (
                          SELECT tsv || ''::tsvector AS tsv FROM chunks
                          WHERE workspace_id = :workspace AND version_id = v.version_id AND project_id = :project
                            AND tsv @@ CAST(:any AS tsquery)
                          OFFSET 0) c
                        JOIN unnest(CAST(:lexemes AS text[]), CAST(:queries AS text[])) AS q (lexeme, query)
                          ON c.tsv @@ CAST(q.query AS tsquery)
                        GROUP BY q.lexeme
                        """)
                .param("versions", versions.toArray(Long[]::new))
                .param("workspace", project.workspaceId())
                .param("project", project.id())
                .param("any", String.join(" | ", quoted(List.of(names))))
                .param("lexemes", names)
                .param("queries", quoted(List.of(names)))
                .query(row -> {
                    counts.put(row.getString(1), row.getLong(2));
                });
        return counts;
    }

    private static String[] quoted(List<String> lexemes) {
        return lexemes.stream().map(TextQuery::quoted).toArray(String[]::new);
    }

    /// Many rows read one by one look costly enough to the planner to be compiled, which then takes longer than they
    /// do.
    private void withoutCompiling() {
        jdbc.sql("SELECT set_config('jit', 'off', true)").query(String.class).single();
    }
}
