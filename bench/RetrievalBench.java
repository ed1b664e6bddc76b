import dev.tidemill.document.Hit;
import dev.tidemill.ingest.Ingest;
import dev.tidemill.ingest.IngestRequest;
import dev.tidemill.run.RunView;
import dev.tidemill.run.Runs;
import dev.tidemill.run.StepView;
import dev.tidemill.search.QueryVectors;
import dev.tidemill.search.SearchMode;
import dev.tidemill.search.SearchRequest;
import dev.tidemill.search.Searcher;
import dev.tidemill.store.ChunkSearch;
import dev.tidemill.store.ChunkSearch.Filter;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Workspaces;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A judged collection through the real ingest and the real search: nDCG@10 and Recall@100 of each mode.
public final class RetrievalBench {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private RetrievalBench() {}

    /// Figures of a model in full precision on SciFact, exact search over whole abstracts, as MTEB's results state them.
    private record Published(double ndcg, double recall) {}

    private static final Map<String, Published> PUBLISHED = Map.of(
            "bge-small-en-v1.5", new Published(0.7127, 0.9450),
            "all-minilm-l6-v2", new Published(0.6451, 0.9250));

    private record Question(String id, String text) {}

    private record Quality(double ndcg, double recall) {}

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = Bench.options(
                arguments,
                Map.of(
                        "corpus", Bench.shared("ir/scifact/corpus.jsonl").toString(),
                        "queries", Bench.shared("ir/scifact/queries.jsonl").toString(),
                        "judgements", Bench.shared("ir/scifact/qrels/test.tsv").toString(),
                        "model", "bge-small-en-v1.5-int8"));
        Map<String, Map<String, Integer>> judgements = judgements(Path.of(options.get("judgements")));
        List<Question> questions = questions(Path.of(options.get("queries")), judgements);
        int code;
        try (Bench bench = new Bench(List.of("tidemill.embedding.model=" + options.get("model")))) {
            ingest(bench, Path.of(options.get("corpus")));
            Bench.heading("machine");
            bench.machine();
            Bench.heading("corpus");
            Bench.figure("documents, chunks", "%d, %d",
                    bench.number("SELECT count(*) FROM documents WHERE published_version = version"),
                    bench.number("SELECT count(*) FROM chunks WHERE valid_from IS NOT NULL AND valid_to IS NULL"));
            Bench.figure("vectors compared", "%s", bench.indexed(bench.liveSet()) ? "by the HNSW index" : "one by one");
            bench.check("dead letters", bench.number("SELECT count(*) FROM dead_letters"), 0L);
            report(options.get("model"), measure(bench, questions, judgements), questions.size());
            code = bench.exitCode();
        }
        System.exit(code);
    }

    private static void ingest(Bench bench, Path corpus) throws Exception {
        Runs runs = bench.context.getBean(Runs.class);
        long start = System.nanoTime();
        long id = bench.context
                .getBean(Ingest.class)
                .start(new IngestRequest(bench.workspace, "default", "jsonl", corpus.toString(), false));
        CompletableFuture<RunView> end = runs.finished(id);
        while (!end.isDone()) {
            try {
                end.get(15, TimeUnit.SECONDS);
            } catch (TimeoutException goingOn) {
                StepView step = runs.get(id).orElseThrow().steps().getLast();
                Bench.progress("ingest: " + step.name() + ", " + step.written() + " of " + step.total());
            }
        }
        RunView run = end.join();
        if (!run.completed()) {
            throw new IllegalStateException("run " + id + " ended " + run.status() + ": " + run.message());
        }
        Bench.progress("ingested in %.0f s".formatted(Bench.seconds(start)));
    }

    private static Map<SearchMode, Quality> measure(
            Bench bench, List<Question> questions, Map<String, Map<String, Integer>> judgements) {
        // The role that answers queries, under row-level security.
        Workspaces workspaces = bench.context.getBean("appWorkspaces", Workspaces.class);
        JdbcClient app = bench.context.getBean("appJdbc", JdbcClient.class);
        Searcher searcher = new Searcher(
                workspaces,
                new Projects(workspaces, app),
                new ChunkSearch(app),
                new QueryVectors(bench.embedder.fingerprint(), bench.embedder::embedQuery));
        Map<SearchMode, Quality> measured = new EnumMap<>(SearchMode.class);
        for (SearchMode mode : SearchMode.values()) {
            Bench.progress("asking " + questions.size() + " questions, mode " + mode.id());
            double ndcg = 0;
            double recall = 0;
            for (Question question : questions) {
                List<String> documents = searcher
                        .search(bench.workspace, "default",
                                new SearchRequest(question.text(), SearchRequest.MAX_K, mode, Filter.NONE))
                        .hits()
                        .stream()
                        .map(Hit::documentKey)
                        .distinct()
                        .toList();
                Map<String, Integer> relevant = judgements.get(question.id());
                ndcg += ndcg(documents, relevant);
                recall += documents.stream().filter(relevant::containsKey).count() / (double) relevant.size();
            }
            measured.put(mode, new Quality(ndcg / questions.size(), recall / questions.size()));
        }
        return measured;
    }

    private static void report(String model, Map<SearchMode, Quality> measured, int questions) {
        Bench.heading(questions + " questions, documents by their best chunk among the first 100 chunks");
        measured.forEach((mode, quality) ->
                Bench.figure(mode.id(), "nDCG@10 %.4f, Recall@100 %.4f", quality.ndcg(), quality.recall()));
        Bench.figure("published: BM25, one field", "nDCG@10 %.4f, Recall@100 %.4f", 0.6789, 0.9253);
        Published published = PUBLISHED.get(model.replaceFirst("-int8$", ""));
        double hybrid = measured.get(SearchMode.HYBRID).ndcg();
        double vector = measured.get(SearchMode.VECTOR).ndcg();
        double best = Math.max(vector, measured.get(SearchMode.TEXT).ndcg());
        if (published != null) {
            Bench.figure("published: the model in full precision", "nDCG@10 %.4f, Recall@100 %.4f",
                    published.ndcg(), published.recall());
            Bench.goal("vector leg less the published figure", vector - published.ndcg(),
                    vector >= published.ndcg() - 0.01, ">= -0.01");
        }
        Bench.goal("hybrid, nDCG@10", hybrid, hybrid >= 0.70, ">= 0.70");
        Bench.goal("hybrid less the better leg", hybrid - best, hybrid >= best, ">= 0");
    }

    /// With the judged grade as gain and the usual logarithmic discount.
    private static double ndcg(List<String> documents, Map<String, Integer> relevant) {
        double gained = 0;
        for (int i = 0; i < Math.min(10, documents.size()); i++) {
            gained += relevant.getOrDefault(documents.get(i), 0) / log2(i + 2);
        }
        List<Integer> grades = new ArrayList<>(relevant.values());
        grades.sort((one, other) -> other - one);
        double most = 0;
        for (int i = 0; i < Math.min(10, grades.size()); i++) {
            most += grades.get(i) / log2(i + 2);
        }
        return gained / most;
    }

    private static double log2(double value) {
        return Math.log(value) / Math.log(2);
    }

    /// Lines of query id, document id and grade after a header; documents of grade 0 are not relevant.
    private static Map<String, Map<String, Integer>> judgements(Path file) throws IOException {
        Map<String, Map<String, Integer>> judgements = new TreeMap<>();
        List<String> lines = Files.readAllLines(file);
        for (String line : lines.subList(1, lines.size())) {
            String[] fields = line.split("\t");
            int grade = Integer.parseInt(fields[2].strip());
            if (grade > 0) {
                judgements.computeIfAbsent(fields[0], id -> new HashMap<>()).put(fields[1], grade);
            }
        }
        return judgements;
    }

    private static List<Question> questions(Path file, Map<String, Map<String, Integer>> judged) throws IOException {
        List<Question> questions = new ArrayList<>();
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                JsonNode query = JSON.readTree(line);
                Question question = new Question(query.path("_id").asString(), query.path("text").asString());
                if (judged.containsKey(question.id())) {
                    questions.add(question);
                }
            }
        }
        return questions;
    }
}
