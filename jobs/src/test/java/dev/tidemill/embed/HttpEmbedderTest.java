package dev.tidemill.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Against a service of our own over real HTTP. Time passes as the waits say, and nobody waits.
class HttpEmbedderTest {

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final int DIMENSIONS = 4;

    private final Deque<Reply> replies = new ConcurrentLinkedDeque<>();
    private final List<JsonNode> requests = new CopyOnWriteArrayList<>();
    private final List<String> authorizations = new CopyOnWriteArrayList<>();
    private final List<Duration> waited = Collections.synchronizedList(new ArrayList<>());
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));
    private HttpServer server;
    private ExecutorService workers;

    /// What the service does instead of its work.
    ///
    /// @param body null for a good answer with this status
    private record Reply(
            int status, String retryAfter, @Nullable String body) {}

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        workers = Executors.newVirtualThreadPerTaskExecutor();
        server.setExecutor(workers);
        server.createContext("/v1/embeddings", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        workers.close();
    }

    private void answer(HttpExchange exchange) {
        try (exchange) {
            JsonNode request = JSON.readTree(exchange.getRequestBody().readAllBytes());
            requests.add(request);
            authorizations.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
            Reply reply = replies.poll();
            String body = reply == null || reply.body() == null ? good(request) : reply.body();
            if (holdsPoison(request)) {
                reply = new Reply(400, "", "");
                body = "{\"error\":{\"message\":\"no poison here\"}}";
            }
            if (reply != null && !reply.retryAfter().isEmpty()) {
                exchange.getResponseHeaders().add("Retry-After", reply.retryAfter());
            }
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(reply == null ? 200 : reply.status(), bytes.length);
            exchange.getResponseBody().write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean holdsPoison(JsonNode request) {
        for (JsonNode text : request.path("input")) {
            if (text.asString().contains("poison")) {
                return true;
            }
        }
        return false;
    }

    /// A vector of a text tells its length. In another order than asked for, as a service may.
    private static String good(JsonNode request) {
        Deque<String> data = new ArrayDeque<>();
        for (int i = 0; i < request.path("input").size(); i++) {
            int length = request.path("input").get(i).asString().length();
            data.addFirst("{\"index\":" + i + ",\"embedding\":[" + length + ",1,0,0]}");
        }
        return "{\"data\":[" + String.join(",", data) + "]}";
    }

    private HttpEmbedder embedder(int batch, String key, RateLimit rate) {
        EmbeddingEndpoint endpoint = new EmbeddingEndpoint(
                "fake",
                URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/v1/"),
                "there",
                DIMENSIONS,
                true,
                8_191,
                batch,
                4,
                rate == RateLimit.NONE ? 0 : 60,
                Duration.ofSeconds(10),
                "query: ",
                "passage: ",
                new BigDecimal("0.02"),
                "SOME_KEY");
        return new HttpEmbedder(
                endpoint,
                key,
                rate,
                time -> {
                    waited.add(time);
                    now.updateAndGet(then -> then.plus(time));
                },
                clock());
    }

    private HttpEmbedder embedder() {
        return embedder(8, "secret-key", RateLimit.NONE);
    }

    private InstantSource clock() {
        return now::get;
    }

    private static float[] expected(int length) {
        double norm = Math.sqrt((double) length * length + 1);
        return new float[] {(float) (length / norm), (float) (1 / norm), 0, 0};
    }

    @Test
    void textsThatComeTogetherShareRequestsAndEachGetsItsOwnVector() throws Exception {
        try (HttpEmbedder embedder = embedder();
                ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<float[]>> vectors = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                String text = "x".repeat(i);
                vectors.add(callers.submit(() -> embedder.embed(text)));
            }
            for (int i = 0; i < 40; i++) {
                assertThat(vectors.get(i).get()).isEqualTo(expected("passage: ".length() + i));
            }
        }
        assertThat(requests.size()).isLessThan(40);
        assertThat(requests).allSatisfy(request -> {
            assertThat(request.path("input").size()).isBetween(1, 8);
            assertThat(request.path("model").asString()).isEqualTo("there");
            assertThat(request.path("dimensions").asInt()).isEqualTo(DIMENSIONS);
        });
        assertThat(authorizations).containsOnly("Bearer secret-key");
    }

    @Test
    void aQuestionIsAskedWithItsOwnPrefix() {
        try (HttpEmbedder embedder = embedder()) {
            assertThat(embedder.embedQuery("why")).isEqualTo(expected("query: why".length()));
        }
        assertThat(requests.getFirst().path("input").get(0).asString()).isEqualTo("query: why");
    }

    @Test
    void aServiceThatAsksForPatienceIsGivenItAndNoTextIsLost() {
        for (int i = 0; i < 8; i++) {
            replies.add(new Reply(429, "7", null));
        }
        try (HttpEmbedder embedder = embedder()) {
            assertThat(embedder.embed("text")).isEqualTo(expected("passage: text".length()));
            assertThat(embedder.concurrency())
                    .as("down to one, and one more for the success")
                    .isEqualTo(2);
        }
        assertThat(requests).hasSize(9);
        assertThat(waited).hasSize(8).allSatisfy(wait -> assertThat(wait).isEqualTo(Duration.ofSeconds(7)));
    }

    @Test
    void aDateInRetryAfterIsUnderstood() {
        replies.add(new Reply(429, "Thu, 01 Jan 2026 00:00:12 GMT", null));
        try (HttpEmbedder embedder = embedder()) {
            embedder.embed("text");
        }
        assertThat(waited).containsExactly(Duration.ofSeconds(12));
    }

    @Test
    void aLongWaitIsLeftToTheCaller() {
        replies.add(new Reply(429, "3600", null));
        try (HttpEmbedder embedder = embedder()) {
            assertThatThrownBy(() -> embedder.embed("text"))
                    .isInstanceOfSatisfying(
                            EmbeddingUnavailable.class,
                            e -> assertThat(e.retryAfter()).isEqualTo(Duration.ofHours(1)));
        }
        assertThat(requests).hasSize(1);
    }

    @Test
    void aServerErrorIsTriedAgainWithGrowingWaitsAndNotForEver() {
        replies.add(new Reply(500, "", "{}"));
        replies.add(new Reply(502, "", "no JSON"));
        try (HttpEmbedder embedder = embedder()) {
            assertThat(embedder.embed("text")).isEqualTo(expected("passage: text".length()));
            assertThat(waited).hasSize(2);
            assertThat(waited.get(1)).isGreaterThan(waited.get(0));
            for (int i = 0; i < 5; i++) {
                replies.add(new Reply(503, "", "{}"));
            }
            assertThatThrownBy(() -> embedder.embed("text"))
                    .isInstanceOf(EmbeddingUnavailable.class)
                    .hasMessageContaining("answers 503, 5 times in a row");
        }
    }

    @Test
    void oneTextThatIsRefusedDoesNotCostTheOthers() throws Exception {
        try (HttpEmbedder embedder = embedder();
                ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<float[]>> vectors = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                String text = i == 5 ? "poison" : "t".repeat(i);
                vectors.add(callers.submit(() -> embedder.embed(text)));
            }
            for (int i = 0; i < 8; i++) {
                Future<float[]> vector = vectors.get(i);
                if (i == 5) {
                    assertThatThrownBy(vector::get)
                            .hasRootCauseInstanceOf(TextRefused.class)
                            .rootCause()
                            .hasMessageContaining("no poison here");
                } else {
                    assertThat(vector.get()).isEqualTo(expected("passage: ".length() + i));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"data\":[{\"index\":0,\"embedding\":[1,2,3]}]}",
                "{\"data\":[{\"index\":0,\"embedding\":[1,2,3,\"NaN\"]}]}",
                "{\"data\":[{\"index\":0,\"embedding\":[1,2,3,null]}]}",
                "{\"data\":[{\"index\":0,\"embedding\":[0,0,0,0]}]}",
                "{\"data\":[]}",
                "{\"data\":[{\"index\":0,\"embedding\":[1,0,0,0]},{\"index\":0,\"embedding\":[1,0,0,0]}]}",
                "{\"data\":[{\"index\":7,\"embedding\":[1,0,0,0]}]}",
                "<html>"
            })
    void whatIsNoVectorOfTheModelIsFatalAtOnce(String body) {
        replies.add(new Reply(200, "", body));
        try (HttpEmbedder embedder = embedder()) {
            assertThatThrownBy(() -> embedder.embed("text"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("nothing of it is kept");
        }
        assertThat(requests).hasSize(1);
    }

    @Test
    void aWrongKeyIsNotTriedAgainAndNeverTold() {
        replies.add(new Reply(401, "", "{\"error\":{\"message\":\"bad key secret-key\"}}"));
        try (HttpEmbedder embedder = embedder()) {
            assertThatThrownBy(() -> embedder.embed("text"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("SOME_KEY")
                    .hasMessageNotContaining("secret-key");
        }
        assertThat(requests).hasSize(1);
    }

    @Test
    void theAllowanceOfAllProcessesIsAskedBeforeEachRequest() {
        List<String> asked = new CopyOnWriteArrayList<>();
        RateLimit rate = (name, perMinute, n) -> {
            asked.add(name + " " + perMinute + " " + n);
            return Duration.ofSeconds(asked.size() == 1 ? 0 : 3);
        };
        try (HttpEmbedder embedder = embedder(8, "k", rate)) {
            embedder.embed("one");
            embedder.embed("two");
        }
        assertThat(asked).containsExactly("fake 60 1", "fake 60 1");
        assertThat(waited).containsExactly(Duration.ofSeconds(3));
    }

    @Test
    void aServiceThatChangedItsModelIsFoundByFixedTexts() {
        try (HttpEmbedder embedder = embedder()) {
            List<float[]> then = Probes.of(embedder);
            assertThat(Probes.likeness(embedder, then)).isGreaterThan(Probes.SAME_MODEL);
            String other = "{\"data\":[{\"index\":0,\"embedding\":[0,0,1,1]}]}";
            for (int i = 0; i < 3; i++) {
                replies.add(new Reply(200, "", other));
            }
            assertThat(Probes.likeness(embedder, then)).isLessThan(Probes.SAME_MODEL);
        }
    }

    @Test
    void concurrencyGrowsByOneARoundAndHalvesWhenPushedBack() throws Exception {
        AdaptiveLimit limit = new AdaptiveLimit(8);
        assertThat(limit.now()).isEqualTo(2);
        for (int i = 0; i < 100; i++) {
            limit.wentWell();
        }
        assertThat(limit.now()).isEqualTo(8);
        limit.pushedBack();
        assertThat(limit.now()).isEqualTo(4);
        for (int i = 0; i < 5; i++) {
            limit.pushedBack();
        }
        assertThat(limit.now()).isEqualTo(1);
        limit.acquire();
        limit.release();
        limit.acquire();
    }

    @Test
    void theFingerprintChangesWithAllThatChangesVectors() {
        try (HttpEmbedder one = embedder();
                HttpEmbedder same = embedder(64, "another", RateLimit.NONE)) {
            assertThat(one.fingerprint()).isEqualTo(same.fingerprint()).hasSize(32);
            assertThat(one.fingerprint()).isEqualTo(one.fingerprint().toLowerCase(Locale.ROOT));
        }
    }
}
