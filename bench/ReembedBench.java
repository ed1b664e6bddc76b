import dev.tidemill.admin.Home;
import dev.tidemill.document.Hit;
import dev.tidemill.embed.Embedder;
import dev.tidemill.embed.Embedders;
import dev.tidemill.ingest.Ingest;
import dev.tidemill.ingest.IngestRequest;
import dev.tidemill.quality.GoldenFiles;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.RunView;
import dev.tidemill.run.Runs;
import dev.tidemill.run.StepView;
import dev.tidemill.search.SearchMode;
import dev.tidemill.search.SearchRequest;
import dev.tidemill.search.Searcher;
import dev.tidemill.sets.IndexTuning;
import dev.tidemill.store.ChunkSearch;
import dev.tidemill.store.GoldenSets;
import dev.tidemill.store.GoldenSets.Judged;
import dev.tidemill.store.IndexBuilder;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A project that goes from one model to another: speed against the bare embedder, quality beside published figures, what queries
/// notice, and what a tuned index finds.
public final class ReembedBench {

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final String FROM = "all-minilm-l6-v2-int8";
    private static final String TO = "bge-small-en-v1.5-int8";
    private static final Set<String> PARTS = Set.of("quality", "speed", "queries", "index");

    private final Bench bench;
    private final Runs runs;
    private final VectorSets sets;
    private final String key;

    private ReembedBench(Bench bench) throws Exception {
        this.bench = bench;
        this.runs = bench.context.getBean(Runs.class);
        this.sets = new VectorSets(bench.workspaces, bench.context.getBean(JdbcTemplate.class));
        this.key = Files.readString(new Home(Bench.work().resolve("home")).apiKey()).strip();
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = Bench.options(
                arguments,
                Map.of(
                        "documents", "1200",
                        "rounds", "5",
                        "vectors", "100000",
                        "questions", "300",
                        "seconds", "60",
                        "parts", String.join(",", new TreeSet<>(PARTS)),
                        "collection", Bench.shared("ir/scifact").toString()));
        List<String> parts = List.of(options.get("parts").split(","));
        if (!PARTS.containsAll(parts)) {
            System.err.println("--parts: use some of " + String.join(",", new TreeSet<>(PARTS)));
            System.exit(2);
        }
        int code;
        // Chunks that both models take.
        try (Bench bench = new Bench(List.of(
                "tidemill.embedding.model=" + FROM,
                "ingest.chunk.target-tokens=240",
                "ingest.chunk.max-tokens=250",
                "reembed.gate.metrics=ndcg@10,recall@10,mrr"))) {
            ReembedBench reembed = new ReembedBench(bench);
            Path collection = Path.of(options.get("collection"));
            List<Judged> questions = reembed.fill(
                    collection,
                    Integer.parseInt(options.get("documents")),
                    Integer.parseInt(options.get("questions")));
            Bench.heading("machine");
            bench.machine();
            if (parts.contains("quality")) {
                reembed.quality();
            }
            if (parts.contains("speed")) {
                reembed.speed(Integer.parseInt(options.get("rounds")));
            }
            if (parts.contains("queries")) {
                reembed.queries(questions, Integer.parseInt(options.get("seconds")));
            }
            if (parts.contains("index")) {
                reembed.index(questions, Integer.parseInt(options.get("vectors")));
            }
            code = bench.exitCode();
        }
        System.exit(code);
    }

    /// All relevant abstracts of the questions and others up to the wanted number.
    private List<Judged> fill(Path collection, int documents, int most) throws Exception {
        List<Judged> questions = GoldenFiles.read(collection).stream().limit(most).toList();
        Set<String> relevant = new HashSet<>();
        questions.forEach(question -> question.expected().forEach(expected -> relevant.add(expected.document())));
        List<String> lines = new ArrayList<>();
        List<String> others = new ArrayList<>();
        for (String line : Files.readAllLines(collection.resolve("corpus.jsonl"))) {
            String id = JSON.readTree(line).path("_id").asString();
            (relevant.contains(id) ? lines : others).add(line);
        }
        lines.addAll(others.subList(0, Math.clamp(documents - lines.size(), 0, others.size())));
        Path file = Bench.work().resolve("corpus.jsonl");
        Files.write(file, lines);
        Bench.progress("ingesting " + lines.size() + " abstracts");
        long id = bench.context
                .getBean(Ingest.class)
                .start(new IngestRequest(bench.workspace, "default", "jsonl", file.toString(), false));
        ended(id);
        GoldenSets golden = new GoldenSets(bench.workspaces, bench.context.getBean(JdbcClient.class));
        golden.add(bench.workspace, golden.make(bench.project(), "scifact", true), questions);
        return questions;
    }

    private RunView ended(long id) {
        RunView run = runs.finished(id).join();
        if (!run.completed()) {
            throw new IllegalStateException("run " + id + " ended " + run.status() + ": " + run.message());
        }
        return run;
    }

    private RunView reembed(String model, String type, boolean force) {
        return ended(start(model, type, force));
    }

    private long start(String model, String type, boolean force) {
        return runs.launch(LaunchRequest.of(
                        bench.workspace,
                        "reembed",
                        Map.of("model", model, "type", type, "force", Boolean.toString(force)),
                        "bench"))
                .runId();
    }

    private VectorSet live() {
        return sets.live(bench.workspace, bench.project().id()).orElseThrow();
    }

    private void quality() {
        Bench.progress("re-embedding by " + TO + ", gate and all");
        RunView run = reembed(TO, "halfvec", false);
        Bench.heading("quality: the gate from " + FROM + " to " + TO);
        bench.check("the gate let it pass", live().model(), TO);
        for (String figure : String.valueOf(run.message()).split("; ")) {
            Bench.figure("", "%s", figure.replaceFirst("^.*pass: ", ""));
        }
        Bench.figure("published, whole collection, full precision", "nDCG@10 0.6451 (MiniLM), 0.7127 (bge-small)");
    }

    private record Text(UUID id, String text) {}

    private List<Text> texts() {
        return bench.owner
                .sql("""
                        SELECT DISTINCT ON (content_id) content_id AS id,
                               CASE WHEN header = '' THEN text ELSE header || chr(10) || text END AS text
                        FROM chunks WHERE valid_to IS NULL ORDER BY content_id
                        """)
                .query(Text.class)
                .list();
    }

    private void speed(int rounds) throws Exception {
        Embedder embedder = bench.context.getBean(Embedders.class).byId(TO);
        List<Text> texts = texts();
        Bench.heading("speed: the embed step of " + texts.size() + " texts, then the bare embedder on them");
        double[] ratios = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            bench.owner.sql("DELETE FROM embedding_cache").update();
            RunView run = reembed(TO, round % 2 == 0 ? "vector" : "halfvec", true);
            StepView step = run.steps().stream()
                    .filter(one -> one.name().equals("embed"))
                    .findFirst()
                    .orElseThrow();
            double job = Duration.between(step.start(), step.end()).toNanos() / 1e9;
            bench.check("texts embedded, round " + (round + 1), step.written(), (long) texts.size());
            long start = System.nanoTime();
            bare(embedder, texts);
            double bare = Bench.seconds(start);
            ratios[round] = bare / job;
            Bench.figure("round " + (round + 1), "%.1f chunks/s, bare %.1f chunks/s, ratio %.3f",
                    texts.size() / job, texts.size() / bare, ratios[round]);
        }
        Bench.goal("ratio, median", Bench.median(ratios), Bench.median(ratios) >= 0.9, ">= 0.9");
    }

    private static void bare(Embedder embedder, List<Text> texts) throws Exception {
        AtomicInteger next = new AtomicInteger();
        try (ExecutorService pool = Executors.newFixedThreadPool(embedder.callers())) {
            List<Future<?>> callers = new ArrayList<>();
            for (int i = 0; i < embedder.callers(); i++) {
                callers.add(pool.submit(() -> {
                    for (int at = next.getAndIncrement(); at < texts.size(); at = next.getAndIncrement()) {
                        embedder.embed(texts.get(at).text());
                    }
                }));
            }
            for (Future<?> caller : callers) {
                caller.get();
            }
        }
    }

    /// What a query was answered with: the set it says it searched, and how its hits stood in the vector leg.
    private record Reply(String question, long set, List<Standing> hits) {}

    private record Standing(long chunk, int rank, double score) {}

    /// Queries at an even pace, 20 a second: searches, and each twentieth an answer, whose time is taken. An answer embeds
    /// two dozen sentences, so that 20 of them a second are more than two cores can do with nothing else at work.
    private final class Asking {
        private static final int ANSWER_ONE_IN = 20;
        private final List<Double> answers = Collections.synchronizedList(new ArrayList<>());
        private final List<Double> searches = Collections.synchronizedList(new ArrayList<>());
        private final List<Reply> replies = Collections.synchronizedList(new ArrayList<>());
        private final List<String> failed = Collections.synchronizedList(new ArrayList<>());
        private final HttpClient http = HttpClient.newHttpClient();
        private final AtomicInteger number = new AtomicInteger();

        void ask(List<Judged> questions) {
            int n = number.getAndIncrement();
            boolean answer = n % ANSWER_ONE_IN == 0;
            String question = questions.get(n % questions.size()).question();
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:"
                            + bench.context.getEnvironment().getRequiredProperty("local.server.port")
                            + "/api/v1/projects/default/" + (answer ? "ask" : "search")))
                    .header("Content-Type", "application/json")
                    .header("X-API-Key", key)
                    .POST(BodyPublishers.ofString(
                            JSON.writeValueAsString(Map.of("question", question, "explain", true))))
                    .build();
            long start = System.nanoTime();
            try {
                HttpResponse<String> response = http.send(request, BodyHandlers.ofString());
                (answer ? answers : searches).add(Bench.seconds(start) * 1000);
                if (response.statusCode() == 200) {
                    replies.add(reply(question, JSON.readTree(response.body()), answer));
                } else {
                    failed.add(response.statusCode() + " " + response.body());
                }
            } catch (Exception e) {
                failed.add(e.toString());
            }
        }

        private static Reply reply(String question, JsonNode body, boolean answer) {
            JsonNode explained = answer ? body.path("explain").path("search") : body.path("explain");
            List<Standing> standings = new ArrayList<>();
            for (JsonNode hit : answer ? body.path("explain").path("hits") : body.path("hits")) {
                JsonNode how = hit.path("explain");
                if (how.has("vectorRank")) {
                    standings.add(new Standing(
                            hit.path("chunkId").asLong(),
                            how.path("vectorRank").asInt(),
                            how.path("vectorScore").asDouble()));
                }
            }
            return new Reply(question, explained.path("vectorSet").asLong(), standings);
        }

        double p95(List<Double> millis) {
            return Bench.percentile(millis.stream().mapToDouble(Double::doubleValue).toArray(), 0.95);
        }

        void tell(String name) {
            Bench.figure(name, "%d queries; p95 of %d answers %.0f ms, of %d searches %.0f ms",
                    number.get(), answers.size(), p95(answers), searches.size(), p95(searches));
            failed.stream().collect(Collectors.groupingBy(one -> one, TreeMap::new, Collectors.counting()))
                    .forEach((failure, times) -> Bench.figure("  failed " + times + " times", "%s", failure));
        }
    }

    private Asking askUntil(List<Judged> questions, CountDownLatch done, long seconds) throws Exception {
        Asking asking = new Asking();
        try (ScheduledExecutorService clock = Executors.newScheduledThreadPool(1);
                ExecutorService people = Executors.newVirtualThreadPerTaskExecutor()) {
            clock.scheduleAtFixedRate(() -> people.execute(() -> asking.ask(questions)), 0, 50, TimeUnit.MILLISECONDS);
            done.await(seconds, TimeUnit.SECONDS);
            clock.shutdownNow();
        }
        return asking;
    }

    private void queries(List<Judged> questions, int seconds) throws Exception {
        if (!live().model().equals(FROM)) {
            reembed(FROM, "halfvec", true);
        }
        Bench.progress("20 queries a second, first alone, then while the project goes to another model");
        askUntil(questions, new CountDownLatch(1), 20);
        Asking idle = askUntil(questions, new CountDownLatch(1), seconds);
        bench.owner.sql("DELETE FROM embedding_cache").update();
        CountDownLatch done = new CountDownLatch(1);
        long old = live().id();
        long id = start(TO, "halfvec", true);
        // A few of the new set's too.
        runs.finished(id)
                .thenRunAsync(done::countDown, CompletableFuture.delayedExecutor(3, TimeUnit.SECONDS));
        Asking busy = askUntil(questions, done, 3_600);
        RunView run = ended(id);
        Bench.heading("20 queries a second over HTTP, one in 20 an answer, from " + FROM + " to " + TO);
        idle.tell("alone");
        busy.tell("while re-embedding and switching");
        for (StepView step : run.steps()) {
            Bench.figure("  step " + step.name(), "%.1f s", Duration.between(step.start(), step.end()).toMillis() / 1e3);
        }
        bench.check("failed", busy.failed.size() + idle.failed.size(), 0);
        bench.check("the run switched", run.message() != null && run.message().contains("is live"), true);
        Map<Long, Long> bySet =
                busy.replies.stream().collect(Collectors.groupingBy(Reply::set, TreeMap::new, Collectors.counting()));
        Bench.figure("answered by set (" + old + " was live, then " + live().id() + ")", "%s", bySet);
        bench.check("sets that answered", bySet.keySet(), Set.of(old, live().id()));
        bench.check("replies that mix sets", mixed(busy.replies), 0L);
        Bench.goal("p95 by p95 alone", busy.p95(busy.answers) / idle.p95(idle.answers),
                busy.p95(busy.answers) <= 2 * idle.p95(idle.answers), "<= 2");
    }

    /// Each hit of the vector leg must stand where the set alone has it, which the reply names: both sets are still there.
    private long mixed(List<Reply> replies) {
        Searcher searcher = bench.context.getBean(Searcher.class);
        Map<String, List<Double>> alone = new HashMap<>();
        return replies.stream()
                .filter(reply -> {
                    List<Double> scores = alone.computeIfAbsent(reply.set() + " " + reply.question(), asked -> searcher
                            .search(
                                    bench.workspace,
                                    "default",
                                    new SearchRequest(reply.question(), 50, SearchMode.VECTOR, ChunkSearch.Filter.NONE),
                                    reply.set())
                            .hits()
                            .stream()
                            .map(Hit::vectorScore)
                            .toList());
                    return reply.hits().stream()
                            .anyMatch(hit -> hit.rank() > scores.size()
                                    || Math.abs(scores.get(hit.rank() - 1) - hit.score()) > 1e-6);
                })
                .count();
    }

    /// Vectors of the texts, and what lies between those of two neighbours.
    private void index(List<Judged> questions, int count) throws Exception {
        Bench.progress("filling a set with " + count + " vectors");
        VectorSet set = live();
        List<float[]> real = bench.vectors
                .sample(bench.workspace, bench.project().id(), set, 100_000)
                .stream()
                .map(text -> text.cached())
                .toList();
        Random random = new Random(7);
        bench.store(
                set,
                Math.max(0, count - real.size()),
                i -> UUID.randomUUID(),
                i -> Bench.mixture(
                        real.get(random.nextInt(real.size())),
                        real.get(random.nextInt(real.size())),
                        random.nextFloat(),
                        () -> 0f));
        bench.owner.sql("ANALYZE " + set.table()).update();
        long start = System.nanoTime();
        List<String> phases = new ArrayList<>();
        boolean built = bench.context
                .getBean(IndexBuilder.class)
                .build(set, new IndexBuilder.Means(1_024, 1), phases::add, () -> false);
        double seconds = Bench.seconds(start);
        Embedder embedder = bench.context.getBean(Embedders.class).of(set.model(), set.fingerprint());
        List<float[]> queries =
                questions.stream().map(question -> embedder.embedQuery(question.question())).toList();
        int half = queries.size() / 2;
        IndexTuning tuning = new IndexTuning(bench.vectors);
        IndexTuning.Tuned tuned = tuning.tune(bench.workspace, set, queries.subList(0, half), 0.98);
        long found = 0;
        long all = 0;
        for (float[] query : queries.subList(half, queries.size())) {
            Set<UUID> truth = new HashSet<>(bench.vectors.nearest(bench.workspace, set, query, 10, 0));
            found += bench.vectors.nearest(bench.workspace, set, query, 10, tuned.efSearch()).stream()
                    .filter(truth::contains)
                    .count();
            all += truth.size();
        }
        double recall = (double) found / all;
        Bench.heading("index: " + bench.number("SELECT count(*) FROM " + set.table()) + " vectors");
        bench.check("built", built, true);
        Bench.figure("built concurrently, one worker beside", "%.1f s; last progress: %s", seconds,
                phases.isEmpty() ? "-" : phases.getLast());
        Bench.figure("tuned with half of the questions", "ef_search %d, recall@10 %.4f", tuned.efSearch(), tuned.recall());
        Bench.goal("recall@10 with the other half", recall, recall >= 0.98, ">= 0.98");
    }
}
