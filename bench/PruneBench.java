import dev.tidemill.admin.Home;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.Plans;
import dev.tidemill.run.RunView;
import dev.tidemill.run.Runs;
import dev.tidemill.run.StepView;
import dev.tidemill.store.ChunkSearch;
import dev.tidemill.store.ChunkSearch.Filter;
import dev.tidemill.store.ChunkSearch.Scored;
import dev.tidemill.store.IndexBloat;
import dev.tidemill.store.Project;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.Workspaces;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/// Three of ten documents of a large project are pruned: what queries notice meanwhile, what the index finds after, and what a query
/// of the past costs.
public final class PruneBench {

    private static final int ANSWER_ONE_IN = 20;
    private static final JsonMapper JSON = JsonMapper.shared();

    private final Bench bench;
    private final Runs runs;
    private final Workspaces workspaces;
    private final ChunkSearch chunks;
    private final String key;
    private final HttpClient http = HttpClient.newHttpClient();

    private PruneBench(Bench bench) throws Exception {
        this.bench = bench;
        this.runs = bench.context.getBean(Runs.class);
        this.workspaces = bench.context.getBean("appWorkspaces", Workspaces.class);
        this.chunks = new ChunkSearch(bench.context.getBean("appJdbc", JdbcClient.class));
        this.key = Files.readString(new Home(Bench.work().resolve("home")).apiKey()).strip();
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = Bench.options(
                arguments,
                Map.of(
                        "chunks", "100000",
                        "sentences", "8000",
                        "questions", "100",
                        "seconds", "20",
                        "pause", "0s",
                        "corpus", Bench.shared("ir/scifact/corpus.jsonl").toString(),
                        "queries", Bench.shared("ir/scifact/queries.jsonl").toString()));
        int count = Integer.parseInt(options.get("chunks")) / Corpus.PER_DOCUMENT * Corpus.PER_DOCUMENT;
        int code;
        try (Bench bench = new Bench(List.of("prune.batch.pause=" + options.get("pause")))) {
            bench.liveSet();
            PruneBench prune = new PruneBench(bench);
            prune.fill(
                    Corpus.texts(Path.of(options.get("corpus")), Integer.MAX_VALUE),
                    Integer.parseInt(options.get("sentences")),
                    count);
            Bench.heading("machine");
            bench.machine();
            prune.measure(
                    Corpus.texts(Path.of(options.get("queries")), Integer.parseInt(options.get("questions"))),
                    count,
                    Integer.parseInt(options.get("seconds")));
            code = bench.exitCode();
        }
        System.exit(code);
    }

    /// With the texts of whole documents, which answers are checked against.
    private void fill(List<String> texts, int most, int count) throws Exception {
        new Corpus(bench, texts).write(count, most, (round, sentence) -> sentence + 1 + round);
        bench.owner.sql("""
                        INSERT INTO document_texts (workspace_id, version_id, start_offset, text)
                        SELECT workspace_id, version_id, 0, string_agg(text || E'\\n', '' ORDER BY ordinal) FROM chunks GROUP BY 1, 2
                        """).update();
        bench.owner.sql("VACUUM ANALYZE document_texts").update();
        bench.owner.sql("CHECKPOINT").update();
    }

    private void measure(List<String> questions, int count, int seconds) throws Exception {
        int documents = count / Corpus.PER_DOCUMENT;
        List<float[]> queries =
                questions.stream().map(bench.embedder::embedQuery).toList();
        double before = recall(queries, "c.valid_to IS NULL", null);
        Instant then = bench.owner.sql("SELECT clock_timestamp()").query(java.time.OffsetDateTime.class).single().toInstant();
        Bench.progress("20 queries a second, first alone");
        asking(questions, new CountDownLatch(1), 5);
        Asking idle = asking(questions, new CountDownLatch(1), seconds);

        bench.owner.sql("UPDATE documents SET ttl_expires_at = now() - interval '2 hours' WHERE abs(hashtext(key)) % 10 < 3")
                .update();
        long doomed = bench.number("SELECT count(*) FROM documents WHERE ttl_expires_at IS NOT NULL");
        Bench.progress("planning, then retiring " + doomed + " documents");
        long start = System.nanoTime();
        Plans.Kept plan = runs.plans().make(bench.workspace, "prune", Map.of("allowMassDelete", "true"), "bench");
        double planned = Bench.seconds(start);
        Ran retired = prune(questions);
        bench.owner.sql("UPDATE documents SET deleted_at = deleted_at - interval '8 days' WHERE deleted_at IS NOT NULL")
                .update();
        Bench.progress("20 queries a second about the past, while it is there");
        Past past = past(questions, then);
        double pastRecall = recall(queries, "c.valid_from <= '" + then + "'", then);
        Bench.progress("removing them");
        Ran removed = prune(questions);
        double after = recall(queries, "c.valid_to IS NULL", null);
        IndexBloat bloat = new IndexBloat(bench.owner);
        double bloated = bloat.all().getFirst().times();
        bench.owner.sql("VACUUM ANALYZE").update();
        double vacuumed = recall(queries, "c.valid_to IS NULL", null);
        double timesVacuumed = bloat.all().getFirst().times();

        Bench.heading("pruning " + doomed + " of " + documents + " documents, 20 queries a second beside it");
        bench.check("the plan said so", plan.plan().counts().get("expired"), doomed);
        bench.check("removed", bench.number("SELECT count(*) FROM documents"), documents - doomed);
        bench.check("chunks left", bench.number("SELECT count(*) FROM chunks"), (documents - doomed) * Corpus.PER_DOCUMENT);
        bench.check("vectors left", bench.number("SELECT count(*) FROM " + bench.liveSet().table()), (documents - doomed) * Corpus.PER_DOCUMENT);
        bench.check("vectors of the past left", bench.number("SELECT count(*) FROM past_vectors"), 0L);
        bench.check("queries that failed", idle.failed.get() + retired.asking.failed.get() + removed.asking.failed.get(), 0);
        Bench.figure("plan", "%.2f s", planned);
        steps("retiring", retired.run);
        steps("removing", removed.run);
        compared("retiring", idle, retired.asking);
        compared("removing", idle, removed.asking);
        Bench.heading("the index of the vectors");
        Bench.figure("recall@10 before", "%.4f", before);
        Bench.goal("recall@10 after, dead entries in it", after, after >= 0.98, ">= 0.98");
        Bench.goal("recall@10 after VACUUM", vacuumed, vacuumed >= 0.98, ">= 0.98");
        Bench.figure("size by what its vectors need", "%.2f after, %.2f after VACUUM", bloated, timesVacuumed);
        Bench.heading("as of before the prune, three tenths of the chunks superseded and still kept");
        Bench.figure("search as of then", "p50 %.1f ms, p95 %.1f ms", Bench.median(past.millis), Bench.percentile(past.millis, 0.95));
        Bench.figure("search of now, beside it", "p50 %.1f ms, p95 %.1f ms", Bench.median(past.now), Bench.percentile(past.now, 0.95));
        Bench.goal("recall@10 as of then", pastRecall, pastRecall >= 0.98, ">= 0.98");
    }

    private static void steps(String name, RunView run) {
        Bench.figure(name + ", the run", "%.1f s", run.steps().stream()
                .mapToDouble(step -> seconds(step))
                .sum());
        for (StepView step : run.steps()) {
            if (step.written() > 0 || seconds(step) > 0.5) {
                Bench.figure("  " + step.name(), "%d in %.2f s", step.written(), seconds(step));
            }
        }
    }

    private static double seconds(StepView step) {
        return step.start() == null || step.end() == null
                ? 0
                : Duration.between(step.start(), step.end()).toNanos() / 1e9;
    }

    private static void compared(String name, Asking idle, Asking busy) {
        for (boolean answers : new boolean[] {true, false}) {
            String what = answers ? "answers" : "searches";
            double[] alone = Asking.millis(answers ? idle.answers : idle.searches);
            double[] beside = Asking.millis(answers ? busy.answers : busy.searches);
            if (beside.length == 0) {
                Bench.figure(what + " while " + name, "none: it was over at once");
                continue;
            }
            double ratio = Bench.percentile(beside, 0.95) / Bench.percentile(alone, 0.95);
            Bench.figure(what + " while " + name, "%d, p95 %.0f ms; alone %d, p95 %.0f ms",
                    beside.length, Bench.percentile(beside, 0.95), alone.length, Bench.percentile(alone, 0.95));
            Bench.goal("p95 of " + what + " by p95 alone", ratio, ratio <= 2, "<= 2");
        }
    }

    private record Ran(RunView run, Asking asking) {}

    private Ran prune(List<String> questions) throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        long id = runs.launch(
                        LaunchRequest.of(bench.workspace, "prune", Map.of("allowMassDelete", "true"), "bench"))
                .runId();
        runs.finished(id).thenRun(done::countDown);
        Asking asking = asking(questions, done, 3_600);
        RunView run = runs.finished(id).join();
        if (!run.completed()) {
            throw new IllegalStateException("run " + id + " ended " + run.status() + ": " + run.message());
        }
        return new Ran(run, asking);
    }

    /// The vector leg against an exact scan of what it may find.
    private double recall(List<float[]> queries, String valid, Instant asOf) {
        Project project = bench.project();
        VectorSet set = bench.liveSet();
        long found = 0;
        for (float[] query : queries) {
            Set<Long> truth = new HashSet<>(bench.owner
                    .sql("""
                            SELECT c.id FROM chunks c
                            JOIN (SELECT content_id, embedding FROM %1$s
                                  UNION ALL SELECT content_id, embedding::halfvec(384) FROM past_vectors) v USING (content_id)
                            WHERE %2$s ORDER BY v.embedding <=> CAST(:q AS halfvec(384)), c.id LIMIT 10
                            """.formatted(set.table(), valid))
                    .param("q", Arrays.toString(query))
                    .query(Long.class)
                    .list());
            List<Scored> near = asOf == null
                    ? workspaces.call(
                            bench.workspace,
                            () -> chunks.byVector(project, set, query, 50, chunks.scope(project, Filter.NONE)))
                    : workspaces.callFrozen(
                            bench.workspace,
                            () -> chunks.byVector(project, set, query, 50, chunks.scope(project, Filter.NONE, asOf)));
            found += near.stream().limit(10).filter(one -> truth.contains(one.chunkId())).count();
        }
        return found / (10.0 * queries.size());
    }

    private record Past(double[] millis, double[] now) {}

    /// The same questions about then and about now, in turns.
    private Past past(List<String> questions, Instant then) throws Exception {
        double[] millis = new double[questions.size()];
        double[] now = new double[questions.size()];
        for (int i = 0; i < questions.size(); i++) {
            for (int turn = 0; turn < 2; turn++) {
                boolean past = (i + turn) % 2 == 0;
                long start = System.nanoTime();
                HttpResponse<String> response = http.send(
                        request("search", past
                                ? Map.of("question", questions.get(i), "asOf", then.toString())
                                : Map.of("question", questions.get(i))),
                        BodyHandlers.ofString());
                (past ? millis : now)[i] = Bench.seconds(start) * 1000;
                if (response.statusCode() != 200) {
                    throw new IllegalStateException(response.statusCode() + " " + response.body());
                }
            }
        }
        return new Past(millis, now);
    }

    private HttpRequest request(String operation, Map<String, String> body) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:"
                        + bench.context.getEnvironment().getRequiredProperty("local.server.port")
                        + "/api/v1/projects/default/" + operation))
                .header("Content-Type", "application/json")
                .header("X-API-Key", key)
                .POST(BodyPublishers.ofString(JSON.writeValueAsString(body)))
                .build();
    }

    /// Queries at an even pace, 20 a second: searches, and each twentieth an answer.
    private static final class Asking {
        private final List<Double> answers = Collections.synchronizedList(new ArrayList<>());
        private final List<Double> searches = Collections.synchronizedList(new ArrayList<>());
        private final AtomicInteger failed = new AtomicInteger();
        private final AtomicInteger number = new AtomicInteger();

        static double[] millis(List<Double> values) {
            synchronized (values) {
                return values.stream().mapToDouble(Double::doubleValue).toArray();
            }
        }
    }

    private void ask(Asking asking, List<String> questions) {
        int n = asking.number.getAndIncrement();
        boolean answer = n % ANSWER_ONE_IN == 0;
        long start = System.nanoTime();
        try {
            HttpResponse<String> response = http.send(
                    request(answer ? "ask" : "search", Map.of("question", questions.get(n % questions.size()))),
                    BodyHandlers.ofString());
            (answer ? asking.answers : asking.searches).add(Bench.seconds(start) * 1000);
            if (response.statusCode() != 200) {
                asking.failed.incrementAndGet();
            }
        } catch (Exception e) {
            asking.failed.incrementAndGet();
        }
    }

    private Asking asking(List<String> questions, CountDownLatch done, long seconds) throws Exception {
        Asking asking = new Asking();
        try (ScheduledExecutorService clock = Executors.newScheduledThreadPool(1);
                ExecutorService people = Executors.newVirtualThreadPerTaskExecutor()) {
            clock.scheduleAtFixedRate(() -> people.execute(() -> ask(asking, questions)), 0, 50, TimeUnit.MILLISECONDS);
            done.await(seconds, TimeUnit.SECONDS);
            clock.shutdownNow();
        }
        return asking;
    }
}
