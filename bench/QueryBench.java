import dev.tidemill.document.Hit;
import dev.tidemill.search.QueryVectors;
import dev.tidemill.search.SearchMode;
import dev.tidemill.search.SearchRequest;
import dev.tidemill.search.Searcher;
import dev.tidemill.store.ChunkSearch;
import dev.tidemill.store.ChunkSearch.Filter;
import dev.tidemill.store.ChunkSearch.Scope;
import dev.tidemill.store.ChunkSearch.Scored;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.Workspaces;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/// Hybrid search of a large project against the sum of its parts: embedding the question, and SQL.
public final class QueryBench {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    /// What hybrid search is in plain SQL, for one connection of the owner, past row-level security: the nearest 50 and the
    /// best 50 by words, fused by reciprocal rank.
    private static final String PLAIN = """
            WITH near AS MATERIALIZED (
                   SELECT content_id, row_number() OVER (ORDER BY distance) AS rank
                   FROM (SELECT content_id, embedding <=> CAST(? AS halfvec(384)) AS distance FROM %s
                         ORDER BY embedding <=> CAST(? AS halfvec(384)) LIMIT 50) v),
                 words AS (
                   SELECT id, row_number() OVER (ORDER BY score DESC, id) AS rank
                   FROM (SELECT c.id, ts_rank(c.tsv, q) AS score FROM chunks c, CAST(? AS tsquery) q
                         WHERE c.tsv @@ q AND c.valid_from IS NOT NULL AND c.valid_to IS NULL
                         ORDER BY score DESC, c.id LIMIT 50) t),
                 both_legs AS (
                   SELECT c.id, 1.0 / (60 + n.rank) AS score FROM near n JOIN chunks c ON c.workspace_id = ?
                     AND c.content_id = n.content_id
                   UNION ALL SELECT id, 1.0 / (60 + rank) FROM words)
            SELECT c.id, c.text, c.document_id, f.score
            FROM (SELECT id, sum(score) AS score FROM both_legs GROUP BY id ORDER BY 2 DESC, 1 LIMIT 10) f
            JOIN chunks c ON c.workspace_id = ? AND c.id = f.id ORDER BY f.score DESC, c.id
            """;

    private final Bench bench;
    private final Workspaces workspaces;
    private final JdbcClient app;
    private final ChunkSearch chunks;
    private final Project project;
    private final VectorSet set;

    private QueryBench(Bench bench) {
        this.bench = bench;
        // The role that answers queries, under row-level security.
        workspaces = bench.context.getBean("appWorkspaces", Workspaces.class);
        app = bench.context.getBean("appJdbc", JdbcClient.class);
        chunks = new ChunkSearch(app);
        project = bench.project();
        set = workspaces.call(bench.workspace, () -> chunks.liveSet(project).orElseThrow());
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = Bench.options(
                arguments,
                Map.of(
                        "chunks", "100000",
                        "questions", "300",
                        "exact", "100",
                        "corpus", Bench.shared("ir/scifact/corpus.jsonl").toString(),
                        "queries", Bench.shared("ir/scifact/queries.jsonl").toString(),
                        "model", "bge-small-en-v1.5-int8"));
        int count = Integer.parseInt(options.get("chunks")) / Corpus.PER_DOCUMENT * Corpus.PER_DOCUMENT;
        int code;
        try (Bench bench = new Bench(List.of("tidemill.embedding.model=" + options.get("model")))) {
            bench.liveSet();
            new Corpus(bench, Corpus.texts(Path.of(options.get("corpus")), 10_000))
                    .write(count, count, (round, sentence) -> sentence + 1);
            QueryBench queries = new QueryBench(bench);
            Bench.heading("machine");
            bench.machine();
            bench.check("chunks", bench.number("SELECT count(*) FROM chunks"), (long) count);
            bench.check("the vectors have their index", bench.indexed(queries.set), true);
            queries.measure(
                    Corpus.texts(Path.of(options.get("queries")), Integer.parseInt(options.get("questions"))),
                    Integer.parseInt(options.get("exact")));
            code = bench.exitCode();
        }
        System.exit(code);
    }

    /// What one question was answered with, and how long each way took.
    private interface Way {
        Object ask(String question, float[] vector) throws SQLException;
    }

    private void measure(List<String> questions, int exact) throws SQLException {
        try (Connection connection = bench.ownerSource.getConnection()) {
            try (Statement settings = connection.createStatement()) {
                settings.execute("SET hnsw.ef_search = 100");
                settings.execute("SET jit = off");
            }
            connection.setAutoCommit(true);
            try (PreparedStatement plain = connection.prepareStatement(PLAIN.formatted(set.table()))) {
                Bench.progress("warming up");
                compare(questions, plain, false);
                Bench.progress("measuring");
                compare(questions, plain, true);
            }
        }
        Bench.heading("what was read");
        bench.check("searches that scanned chunks or vectors from end to end", scans(questions), 0L);
        Bench.progress("comparing with exact search");
        Bench.heading("quality of the vector leg");
        double recall = recall(questions.subList(0, Math.min(exact, questions.size())));
        Bench.goal("recall@10 against exact search", recall, recall >= 0.98, ">= 0.98");
    }

    private void compare(List<String> questions, PreparedStatement plain, boolean print) throws SQLException {
        // A searcher of its own: no question's vector is remembered from before.
        Searcher searcher = new Searcher(
                workspaces,
                new Projects(workspaces, app),
                chunks,
                new QueryVectors(bench.embedder.fingerprint(), bench.embedder::embedQuery));
        Map<String, Way> ways = Map.of(
                "embed", (question, vector) -> bench.embedder.embedQuery(question),
                "legs", (question, vector) -> legs(question, vector),
                "plain", (question, vector) -> plain(plain, question, vector),
                "search", (question, vector) ->
                        searcher.search(bench.workspace, "default", new SearchRequest(question, 10, SearchMode.HYBRID, Filter.NONE)));
        List<String> names = ways.keySet().stream().sorted().toList();
        Map<String, double[]> millis = new HashMap<>();
        names.forEach(name -> millis.put(name, new double[questions.size()]));
        long full = 0;
        for (int i = 0; i < questions.size(); i++) {
            String question = questions.get(i);
            float[] vector = bench.embedder.embedQuery(question);
            // In turns, each first as often as the others, as the first one reads what is not in memory.
            for (int turn = 0; turn < names.size(); turn++) {
                String name = names.get((i + turn) % names.size());
                long start = System.nanoTime();
                Object answer = ways.get(name).ask(question, vector);
                millis.get(name)[i] = (System.nanoTime() - start) / 1e6;
                if (answer instanceof dev.tidemill.search.SearchResult result) {
                    full += wellFormed(result.hits()) ? 1 : 0;
                }
            }
        }
        if (print) {
            print(questions.size(), millis);
            bench.check("searches with 10 hits in order", full, (long) questions.size());
        }
    }

    private static boolean wellFormed(List<Hit> hits) {
        boolean ordered = hits.size() == 10;
        for (int i = 1; i < hits.size(); i++) {
            ordered &= hits.get(i - 1).score() >= hits.get(i).score();
        }
        return ordered;
    }

    private static void print(int questions, Map<String, double[]> millis) {
        Bench.heading(questions + " questions, one at a time, each way in turns");
        Map<String, String> titles = Map.of(
                "search", "search: hybrid, 10 hits",
                "embed", "embedding the question alone",
                "legs", "SQL of both legs alone",
                "plain", "hand-written SQL, every match ranked, no row policy");
        for (String name : List.of("search", "embed", "legs", "plain")) {
            double[] values = millis.get(name);
            Bench.figure(titles.get(name), "p50 %.2f ms, p99 %.2f ms", Bench.median(values), Bench.percentile(values, 0.99));
        }
        double search = Bench.median(millis.get("search"));
        double embed = Bench.median(millis.get("embed"));
        double legs = search / (embed + Bench.median(millis.get("legs")));
        double plain = search / (embed + Bench.median(millis.get("plain")));
        Bench.goal("p50 search / (embedding + both legs)", legs, legs <= 2.5, "<= 2.5");
        Bench.figure("p50 search / (embedding + hand-written SQL)", "%.3f", plain);
    }

    private Object legs(String question, float[] vector) {
        return workspaces.call(bench.workspace, () -> {
            Scope scope = chunks.scope(project, Filter.NONE);
            return List.of(
                    chunks.byVector(project, set, vector, 50, scope),
                    chunks.byText(project, question, 50, 500, scope));
        });
    }

    private List<Long> plain(PreparedStatement statement, String question, float[] vector) throws SQLException {
        String literal = Arrays.toString(vector);
        statement.setString(1, literal);
        statement.setString(2, literal);
        statement.setString(3, anyWord(question));
        statement.setObject(4, bench.workspace);
        statement.setObject(5, bench.workspace);
        List<Long> found = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                found.add(rows.getLong(1));
            }
        }
        return found;
    }

    private final Map<String, String> asked = new HashMap<>();

    /// The question as a query for any of its words; asking for all of them would find next to nothing.
    private String anyWord(String question) {
        return asked.computeIfAbsent(question, one -> bench.owner
                .sql("SELECT replace(plainto_tsquery('english', :question)::text, ' & ', ' | ')")
                .param("question", one)
                .query(String.class)
                .single());
    }

    /// Searches whose transaction made a sequential scan of chunks or vectors.
    private long scans(List<String> questions) {
        Searcher searcher = new Searcher(
                workspaces,
                new Projects(workspaces, app),
                chunks,
                new QueryVectors(bench.embedder.fingerprint(), bench.embedder::embedQuery));
        return questions.stream()
                .filter(question -> workspaces.call(bench.workspace, () -> {
                    searcher.search(bench.workspace, "default", SearchRequest.of(question));
                    return app.sql("SELECT pg_stat_get_xact_numscans('chunks'::regclass)"
                                            + " + pg_stat_get_xact_numscans('" + set.table() + "'::regclass)")
                                    .query(Long.class)
                                    .single()
                            > 0;
                }))
                .count();
    }

    private double recall(List<String> questions) throws SQLException {
        long found = 0;
        for (String question : questions) {
            float[] vector = bench.embedder.embedQuery(question);
            Set<Long> truth = new HashSet<>();
            try (Connection connection = bench.ownerSource.getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute("SET enable_indexscan = off");
                // With the vector as a literal, so that no plan made before the setting is used.
                try (ResultSet rows = statement.executeQuery("""
                        SELECT c.id FROM (SELECT content_id FROM %s ORDER BY embedding <=> '%s'::halfvec(384) LIMIT 10) v
                        JOIN chunks c ON c.workspace_id = '%s' AND c.content_id = v.content_id
                        """.formatted(set.table(), Arrays.toString(vector), bench.workspace))) {
                    while (rows.next()) {
                        truth.add(rows.getLong(1));
                    }
                }
            }
            List<Scored> leg = workspaces.call(
                    bench.workspace,
                    () -> chunks.byVector(project, set, vector, 50, chunks.scope(project, Filter.NONE)));
            found += leg.stream().limit(10).filter(one -> truth.contains(one.chunkId())).count();
        }
        return found / (10.0 * questions.size());
    }
}
