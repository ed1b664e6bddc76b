package dev.tidemill.admin.sets;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.tidemill.admin.Home;
import dev.tidemill.admin.TestServer;
import dev.tidemill.admin.TestServer.Reply;
import dev.tidemill.admin.cli.CommandLineTool;
import dev.tidemill.postgres.Await;
import dev.tidemill.run.RunView;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A whole server that goes to the model of an embedding service and back, while questions are asked.
class ReembedServerTest {

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final int DIMENSIONS = 384;
    private static final int DOCUMENTS = 12;

    private static final AtomicInteger embedded = new AtomicInteger();
    /// Until then the other service answers nothing that is about barges.
    private static final CountDownLatch released = new CountDownLatch(1);
    private static HttpServer service;
    private static ExecutorService workers;
    private static TestServer server;
    private static String key;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void start() throws Exception {
        workers = Executors.newVirtualThreadPerTaskExecutor();
        service = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        service.setExecutor(workers);
        service.createContext("/v1/embeddings", exchange -> embed(exchange, text -> {}));
        service.createContext("/held/embeddings", exchange -> embed(exchange, ReembedServerTest::hold));
        service.start();
        String address = "http://127.0.0.1:" + service.getAddress().getPort();
        server = new TestServer(
                "tidemill.embedding.endpoints.words.url=" + address + "/v1",
                "tidemill.embedding.endpoints.words.model=bag-of-words",
                "tidemill.embedding.endpoints.words.dimensions=" + DIMENSIONS,
                "tidemill.embedding.endpoints.words.batch=2",
                "tidemill.embedding.endpoints.words.requests-per-minute=60000",
                "tidemill.embedding.endpoints.held.url=" + address + "/held",
                "tidemill.embedding.endpoints.held.model=bag-of-words",
                "tidemill.embedding.endpoints.held.dimensions=" + DIMENSIONS,
                "tidemill.embedding.endpoints.bent.url=" + address + "/v1",
                "tidemill.embedding.endpoints.bent.model=bag-of-words",
                "tidemill.embedding.endpoints.bent.dimensions=10",
                "tidemill.embedding.endpoints.small.url=" + address + "/v1",
                "tidemill.embedding.endpoints.small.model=bag-of-words",
                "tidemill.embedding.endpoints.small.dimensions=" + DIMENSIONS,
                "tidemill.embedding.endpoints.small.max-tokens=100",
                "reembed.embed.commit-chunks=4",
                "reembed.gate.may-fall-percent=60");
        key = server.key();
        for (int i = 0; i < DOCUMENTS; i++) {
            Files.writeString(folder.resolve("doc-" + i + ".md"), """
                    # Report %1$d

                    The keeper of harbour%1$d counts the barges of river%1$d, and writes them into ledger%1$d at night.
                    """.formatted(i));
        }
        RunView run = server.finished(server.post("/actuator/jobs/ingest", "{\"location\":\"" + folder + "\"}", key));
        assertThat(run.status()).isEqualTo("COMPLETED");
        StringBuilder questions = new StringBuilder("{\"questions\":[");
        for (int i = 0; i < DOCUMENTS; i++) {
            questions.append(i == 0 ? "" : ",").append("""
                            {"key":"q%1$d","question":"Who counts the barges of river%1$d?","expected":[{"document":"doc-%1$d.md"}]}
                            """.formatted(i));
        }
        Reply added = server.post(
                "/api/v1/projects/default/golden-sets/rivers",
                questions.append("]}").toString(),
                key);
        assertThat(added.status()).as(added.body()).isEqualTo(200);
        assertThat(added.json().path("questions").asInt()).isEqualTo(DOCUMENTS);
    }

    @AfterAll
    static void stop() {
        server.close();
        released.countDown();
        service.stop(0);
        workers.close();
    }

    /// The service: two texts are as near as they share words.
    private static void embed(HttpExchange exchange, Consumer<String> before) throws IOException {
        try (exchange) {
            JsonNode request = JSON.readTree(exchange.getRequestBody().readAllBytes());
            List<String> data = new ArrayList<>();
            for (JsonNode text : request.path("input")) {
                before.accept(text.asString());
                float[] vector = new float[DIMENSIONS];
                vector[0] = 0.01f;
                for (String word : text.asString().toLowerCase(Locale.ROOT).split("[^a-z0-9]+", -1)) {
                    vector[1 + Math.floorMod(word.hashCode() * 31, DIMENSIONS - 1)] += 1;
                }
                embedded.incrementAndGet();
                data.add("{\"index\":" + data.size() + ",\"embedding\":" + JSON.writeValueAsString(vector) + "}");
            }
            byte[] body = ("{\"data\":[" + String.join(",", data) + "]}").getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private static void hold(String text) {
        try {
            if (text.contains("barges") && !released.await(1, TimeUnit.MINUTES)) {
                throw new IllegalStateException("nobody released the service");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /// What one command printed.
    private record Ran(int code, String out, String err) {}

    private static Ran run(String... arguments) {
        Home home = server.home;
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = new CommandLineTool(home, Map.of(), new PrintWriter(out, true), new PrintWriter(err, true))
                .run(arguments);
        return new Ran(code, out.toString(), err.toString());
    }

    /// Asks the same question again and again until told to stop.
    private static final class Asking implements AutoCloseable {
        private final Set<String> seen = ConcurrentHashMap.newKeySet();
        private final ConcurrentLinkedQueue<String> failed = new ConcurrentLinkedQueue<>();
        private final AtomicInteger asked = new AtomicInteger();
        private final AtomicBoolean done = new AtomicBoolean();
        private final CountDownLatch began = new CountDownLatch(2);

        private void ask() {
            while (!done.get()) {
                try {
                    Reply reply = server.post("/api/v1/projects/default/search", """
                            {"question":"Who counts the barges of river7?","mode":"vector","k":3,"explain":true}
                            """, key);
                    asked.incrementAndGet();
                    JsonNode hits = reply.json().path("hits");
                    if (reply.status() != 200 || hits.size() != 3) {
                        failed.add(reply.status() + " " + reply.body());
                    } else {
                        seen.add(reply.json().path("explain").path("vectorSet").asLong() + " "
                                + hits.get(0)
                                        .path("explain")
                                        .path("vectorScore")
                                        .asDouble());
                    }
                } catch (IOException | InterruptedException | RuntimeException e) {
                    failed.add(e.toString());
                }
                began.countDown();
            }
        }

        @Override
        public void close() {
            done.set(true);
        }
    }

    @Test
    void aProjectGoesToTheModelOfAServiceAndBackWhileQuestionsAreAsked() throws Exception {
        try (ExecutorService people = Executors.newVirtualThreadPerTaskExecutor();
                Asking asking = new Asking()) {
            List<Future<?>> askers = List.of(people.submit(asking::ask), people.submit(asking::ask));
            assertThat(asking.began.await(30, TimeUnit.SECONDS)).isTrue();
            Reply planned = server.post("/actuator/jobs/reembed/plan", "{\"model\":\"words\"}", key);
            assertThat(planned.status()).as(planned.body()).isEqualTo(200);
            assertThat(planned.json().path("counts").path("toEmbed").asLong()).isPositive();

            RunView moved = server.finished(server.post("/actuator/jobs/reembed", "{\"model\":\"words\"}", key));
            assertThat(moved.status()).as(String.valueOf(moved.message())).isEqualTo("COMPLETED");
            JsonNode sets = server.get("/actuator/sets?project=default", key).json();
            assertThat(sets.get(0).path("model").asString())
                    .as(String.valueOf(moved.message()))
                    .isEqualTo("words");
            assertThat(sets.get(0).path("state").asString()).isEqualTo("live");
            assertThat(sets.get(1).path("state").asString()).isEqualTo("soaking");
            long live = sets.get(0).path("id").asLong();
            long old = sets.get(1).path("id").asLong();
            assertThat(embedded.get()).isGreaterThan(DOCUMENTS);

            JsonNode compared =
                    server.get("/actuator/sets/" + live + "/compare", key).json();
            assertThat(compared.path("against").asLong()).isEqualTo(old);
            assertThat(compared.path("metrics").findValuesAsString("metric")).contains("ndcg@10", "mrr");
            assertThat(compared.path("sampled").asInt())
                    .as("a question was asked before")
                    .isPositive();

            Reply back = server.post("/actuator/sets/rollback?project=default&reason=test", "{}", key);
            assertThat(back.status()).as(back.body()).isEqualTo(200);
            assertThat(back.json().path("id").asLong()).isEqualTo(old);
            Reply again = server.post("/actuator/sets/" + live + "/switch", "{}", key);
            assertThat(again.status()).as(again.body()).isEqualTo(200);
            assertThat(again.json().path("state").asString()).isEqualTo("live");
            // A few more questions of the set that is live at last.
            int before = asking.asked.get();
            Await.until("four more questions", () -> asking.asked.get() >= before + 4 || !asking.failed.isEmpty());
            asking.done.set(true);
            for (Future<?> asker : askers) {
                asker.get(30, TimeUnit.SECONDS);
            }
            assertThat(asking.failed).isEmpty();
            assertThat(asking.asked.get()).isGreaterThan(10);
            // One question, two sets: each answers it with one score, and no third one is made of both.
            assertThat(asking.seen).hasSize(2);
            assertThat(asking.seen)
                    .extracting(seen -> Long.parseLong(seen.split(" ", -1)[0]))
                    .containsExactlyInAnyOrder(old, live);
        }
        commandLine();
        apiProblems();
    }

    private static void commandLine() {
        Ran status = run("reembed", "status");
        assertThat(status.code()).as(status.err()).isZero();
        assertThat(status.out()).contains("words", "live", "soaking", "bge-small-en-v1.5-int8", "halfvec(384)");
        String live = status.out()
                .lines()
                .filter(line -> line.contains(" default ") && line.contains(" live "))
                .findFirst()
                .orElseThrow()
                .strip()
                .split("\\s+", -1)[0];
        assertThat(run("reembed", "compare", live).out()).contains("rivers", "ndcg@10");
        Ran checked = run("reembed", "check", live, "--sample", "5");
        assertThat(checked.code()).as(checked.err()).isZero();
        assertThat(checked.out()).contains("0 texts without one; of 5 embedded again 0 differ");
        Ran evaluated = run("evaluate", "run", "--wait");
        assertThat(evaluated.code()).as(evaluated.out() + evaluated.err()).isZero();
        Ran listed = run("evaluate", "list", "-o", "json");
        assertThat(listed.code()).isZero();
        List<String> ids = JSON.readTree(listed.out()).findValuesAsString("id");
        assertThat(ids).hasSizeGreaterThan(2);
        Ran diff = run("evaluate", "diff", ids.get(1), ids.get(0));
        assertThat(diff.code()).as(diff.err()).isZero();
        Ran imported = run("evaluate", "import", csv().toString(), "--name", "more");
        assertThat(imported.code()).as(imported.err()).isZero();
        assertThat(imported.out()).contains("golden set more: 1 questions imported, 1 in all");
        assertThat(run("evaluate", "sets").out()).contains("rivers", "more");
        Ran planned = run("reembed", "plan", "all-minilm-l6-v2-int8");
        assertThat(planned.err()).contains("takes at most 256 tokens and chunks may have 384");
    }

    private static Path csv() {
        try {
            return Files.writeString(
                    folder.resolveSibling("golden.csv"), "question,document\nWho counts barges?,doc-1.md\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void apiProblems() throws Exception {
        Reply live = server.get("/actuator/sets?project=default", key);
        long id = live.json().get(0).path("id").asLong();
        Reply retire = server.post("/actuator/sets/" + id + "/retire", "{}", key);
        assertThat(retire.status()).isEqualTo(409);
        assertThat(retire.detail()).contains("is live: switch to another one first");
        assertThat(server.get("/actuator/sets/99999", key).status()).isEqualTo(404);
        Reply same = server.post("/actuator/jobs/reembed", "{\"model\":\"words\"}", key);
        assertThat(same.status()).isEqualTo(400);
        assertThat(same.detail()).contains("is by words already");
        Reply unknown = server.post("/actuator/jobs/reembed", "{\"model\":\"nothing\"}", key);
        assertThat(unknown.detail()).contains("known are all-minilm-l6-v2");
        Reply question = server.post(
                "/api/v1/projects/default/golden-sets/bad", "{\"questions\":[{\"question\":\"Why?\"}]}", key);
        assertThat(question.status()).isEqualTo(400);
        assertThat(question.detail()).contains("has no relevant document");
        Reply trend = server.get("/api/v1/projects/default/evaluations/trend", key);
        assertThat(trend.json().path("rivers/hybrid").size()).isPositive();
    }

    private static void project(String slug) {
        JdbcClient.create(server.database.dataSource())
                .sql(
                        "INSERT INTO projects (workspace_id, slug, name) SELECT workspace_id, :slug, :slug FROM workspaces")
                .param("slug", slug)
                .update();
    }

    private static Reply ingest(String project, String model) throws Exception {
        return ingest(project, folder, model);
    }

    private static Reply ingest(String project, Path from, String model) throws Exception {
        return server.post(
                "/actuator/jobs/ingest",
                JSON.writeValueAsString(Map.of("project", project, "location", from.toString(), "model", model)),
                key);
    }

    @Test
    void aNewProjectBeginsWithTheModelOfAService(@TempDir Path other) throws Exception {
        project("fresh");
        for (int i = 0; i < DOCUMENTS; i++) {
            Files.writeString(
                    other.resolve("log-" + i + ".md"),
                    "# Log\n\nThe pilot of channel%1$d guides the ships of fleet%1$d through fog.\n".formatted(i));
        }
        int before = embedded.get();
        RunView run = server.finished(ingest("fresh", other, "words"));

        assertThat(run.status()).as(String.valueOf(run.message())).isEqualTo("COMPLETED");
        // The service is asked for fixed texts first, then for those of the documents.
        assertThat(embedded.get() - before).isGreaterThanOrEqualTo(DOCUMENTS + 3);
        JsonNode sets = server.get("/actuator/sets?project=fresh", key).json();
        assertThat(sets.size()).isEqualTo(1);
        assertThat(sets.get(0).path("model").asString()).isEqualTo("words");
        assertThat(sets.get(0).path("state").asString()).isEqualTo("live");
        Reply found = server.post(
                "/api/v1/projects/fresh/search",
                "{\"question\":\"Who guides the ships of fleet7?\",\"mode\":\"vector\",\"k\":1,\"explain\":true}",
                key);
        assertThat(found.json().path("explain").path("model").asString()).isEqualTo("words");
        assertThat(found.json().at("/hits/0/document/key").asString()).isEqualTo("log-7.md");
        Reply answer = server.post(
                "/api/v1/projects/fresh/ask", "{\"question\":\"Who guides the ships of fleet7 through fog?\"}", key);
        assertThat(answer.json().path("answer").asString())
                .as(answer.body())
                .contains("The pilot of channel7 guides the ships of fleet7");

        Reply another = ingest("fresh", other, "all-minilm-l6-v2-int8");
        assertThat(another.status()).isEqualTo(400);
        assertThat(another.detail()).contains("are by words: leave the model out, or go to another one");
        assertThat(server.finished(ingest("fresh", other, "words")).status()).isEqualTo("COMPLETED");
    }

    @Test
    void aNewProjectIsNotBoundToAModelThatCannotBeHad() throws Exception {
        project("unbound");
        Reply unknown = ingest("unbound", "nothing");
        assertThat(unknown.status()).isEqualTo(400);
        assertThat(unknown.detail()).contains("unknown embedding model \"nothing\"", "words");
        Reply small = ingest("unbound", "small");
        assertThat(small.status()).isEqualTo(400);
        assertThat(small.detail()).contains("the model small of project unbound takes at most 100");
        Reply bent = ingest("unbound", "bent");
        assertThat(bent.status()).isEqualTo(400);
        assertThat(bent.detail())
                .contains("the model bent of a new project must answer", "384 dimensions, configured are 10");

        assertThat(server.get("/actuator/sets?project=unbound", key).json().isEmpty())
                .isTrue();
    }

    private static JsonNode newestSet() throws Exception {
        return server.get("/actuator/sets?project=building", key).json().get(0);
    }

    @Test
    void aSetThatIsBeingBuiltIsNotRetiredButAborted() throws Exception {
        project("building");
        assertThat(server.finished(ingest("building", "words")).status()).isEqualTo("COMPLETED");
        Reply started = server.post("/actuator/jobs/reembed", "{\"project\":\"building\",\"model\":\"held\"}", key);
        assertThat(started.status()).as(started.body()).isEqualTo(202);
        long run = started.json().path("runId").asLong();
        Await.until(
                "a set that is being built",
                () -> newestSet().path("state").asString().equals("building"));
        long id = newestSet().path("id").asLong();

        for (String force : List.of("", "?force=true")) {
            Reply refused = server.post("/actuator/sets/" + id + "/retire" + force, "{}", key);
            assertThat(refused.status()).isEqualTo(409);
            assertThat(refused.detail()).contains("is being built: ./tidemill reembed abort " + id);
        }
        assertThat(server.get("/actuator/sets/" + id, key).json().path("state").asString())
                .isEqualTo("building");

        try (ExecutorService operator = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Ran> aborted = operator.submit(() -> run("reembed", "abort", Long.toString(id), "--reason", "test"));
            Await.until(
                    "the run is told to stop",
                    () -> aborted.isDone()
                            || server.get("/actuator/runs/" + run, key).body().contains("STOPPING"));
            released.countDown();
            assertThat(aborted.get(1, TimeUnit.MINUTES).code())
                    .as(aborted.get().err())
                    .isZero();
        }
        assertThat(server.get("/actuator/sets/" + id, key).json().path("state").asString())
                .isEqualTo("retired");
        Reply answering = server.post(
                "/actuator/sets/"
                        + server.get("/actuator/sets?project=building", key)
                                .json()
                                .get(1)
                                .path("id")
                                .asLong() + "/abort",
                "{}",
                key);
        assertThat(answering.status()).isEqualTo(409);
        assertThat(answering.detail()).contains("is live");
    }
}
