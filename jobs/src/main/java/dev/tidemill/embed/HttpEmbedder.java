package dev.tidemill.embed;

import dev.tidemill.document.ContentHash;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Texts to vectors by a service. Texts that callers bring at about the same time share a request; how many requests
/// are under way follows what the service takes.
///
/// A service that asks for patience is given it, and no text is given up for that. A request that it refuses is
/// halved until the text is found that it does not take.
public final class HttpEmbedder implements Embedder {

    private static final Logger log = LoggerFactory.getLogger(HttpEmbedder.class);
    private static final JsonMapper JSON = JsonMapper.shared();

    /// Part of the fingerprint: changes with anything here that changes vectors.
    private static final String REVISION = "http-1,l2";

    private static final int TRIES = 5;
    private static final Duration FIRST_BACKOFF = Duration.ofMillis(500);

    /// A longer wait is not spent inside a call: the caller is told how long it would be.
    static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

    /// Waits that one request may add up to.
    private static final Duration LONGEST_PATIENCE = Duration.ofMinutes(10);

    /// How long the first text of a request waits for others.
    private static final Duration LINGER = Duration.ofMillis(5);

    /// Lets the thread wait. Tests drive it.
    @FunctionalInterface
    interface Waits {
        void sleep(Duration time) throws InterruptedException;
    }

    private final EmbeddingEndpoint endpoint;
    private final @Nullable String key;
    private final RateLimit rate;
    private final Waits waits;
    private final InstantSource clock;
    private final HttpClient http;
    private final AdaptiveLimit limit;
    private final BlockingQueue<Waiting> waiting = new LinkedBlockingQueue<>();
    private final AtomicLong notBeforeMillis = new AtomicLong();
    private final Thread collector;
    private volatile boolean closed;

    /// A text whose vector somebody waits for.
    private record Waiting(String text, CompletableFuture<float[]> vector) {}

    /// Begins to take texts.
    ///
    /// @param key null for a service without one
    public HttpEmbedder(EmbeddingEndpoint endpoint, @Nullable String key, RateLimit rate) {
        this(endpoint, key, rate, Thread::sleep, InstantSource.system());
    }

    HttpEmbedder(EmbeddingEndpoint endpoint, @Nullable String key, RateLimit rate, Waits waits, InstantSource clock) {
        this.endpoint = endpoint;
        this.key = key;
        this.rate = rate;
        this.waits = waits;
        this.clock = clock;
        this.limit = new AdaptiveLimit(endpoint.concurrency());
        this.http = HttpClient.newBuilder()
                .connectTimeout(Duration.ofSeconds(10))
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
        this.collector = Thread.ofVirtual().name("embed-" + endpoint.id()).unstarted(this::collect);
        collector.start();
    }

    @Override
    public String id() {
        return endpoint.id();
    }

    @Override
    public String fingerprint() {
        String all = String.join(
                "\n",
                REVISION,
                endpoint.url().toString(),
                endpoint.model(),
                Integer.toString(endpoint.dimensions()),
                Boolean.toString(endpoint.sendDimensions()),
                endpoint.queryPrefix(),
                endpoint.passagePrefix());
        return ContentHash.of(all).hex().substring(0, 32);
    }

    @Override
    public int dimensions() {
        return endpoint.dimensions();
    }

    @Override
    public int maxTokens() {
        return endpoint.maxTokens();
    }

    @Override
    public int callers() {
        return endpoint.batch() * endpoint.concurrency();
    }

    @Override
    public boolean here() {
        return false;
    }

    @Override
    public boolean mayChange() {
        return true;
    }

    @Override
    public BigDecimal pricePerMillionTokens() {
        return endpoint.pricePerMillionTokens();
    }

    /// Requests that may be under way now.
    int concurrency() {
        return limit.now();
    }

    @Override
    public float[] embed(String text) {
        if (closed) {
            throw new IllegalStateException("the embedder of " + endpoint.id() + " is closed");
        }
        Waiting one = new Waiting(endpoint.passagePrefix() + text, new CompletableFuture<>());
        waiting.add(one);
        return await(one.vector());
    }

    /// Asked for alone and at once: a person waits.
    @Override
    public float[] embedQuery(String question) {
        if (closed) {
            throw new IllegalStateException("the embedder of " + endpoint.id() + " is closed");
        }
        Waiting one = new Waiting(endpoint.queryPrefix() + question, new CompletableFuture<>());
        send(List.of(one));
        return await(one.vector());
    }

    private static float[] await(CompletableFuture<float[]> vector) {
        try {
            return vector.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    private void collect() {
        try {
            while (!closed) {
                Waiting first = waiting.take();
                List<Waiting> batch = new ArrayList<>();
                batch.add(first);
                long until = System.nanoTime() + LINGER.toNanos();
                while (batch.size() < endpoint.batch()) {
                    Waiting next = waiting.poll(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
                    if (next == null) {
                        break;
                    }
                    batch.add(next);
                }
                limit.acquire();
                Thread.ofVirtual().name("embed-" + endpoint.id()).start(() -> {
                    try {
                        send(batch);
                    } finally {
                        limit.release();
                    }
                });
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (Waiting left = waiting.poll(); left != null; left = waiting.poll()) {
            left.vector()
                    .completeExceptionally(
                            new IllegalStateException("the embedder of " + endpoint.id() + " was closed"));
        }
    }

    /// Completes every text of the batch, one way or the other.
    private void send(List<Waiting> batch) {
        try {
            List<float[]> vectors = request(batch.stream().map(Waiting::text).toList());
            for (int i = 0; i < batch.size(); i++) {
                batch.get(i).vector().complete(vectors.get(i));
            }
        } catch (TextRefused e) {
            if (batch.size() == 1) {
                batch.getFirst().vector().completeExceptionally(e);
                return;
            }
            send(batch.subList(0, batch.size() / 2));
            send(batch.subList(batch.size() / 2, batch.size()));
        } catch (RuntimeException e) {
            batch.forEach(one -> one.vector().completeExceptionally(e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            IllegalStateException interrupted =
                    new IllegalStateException("embedding with " + endpoint.id() + " was interrupted", e);
            batch.forEach(one -> one.vector().completeExceptionally(interrupted));
        }
    }

    private List<float[]> request(List<String> texts) throws InterruptedException {
        Duration patience = Duration.ZERO;
        int pushedBack = 0;
        for (int attempt = 1; ; ) {
            patience = patience.plus(waitForTurn());
            Trouble trouble;
            try {
                HttpResponse<String> response = http.send(httpRequest(texts), BodyHandlers.ofString());
                if (response.statusCode() == 200) {
                    List<float[]> vectors = vectors(response.body(), texts.size());
                    limit.wentWell();
                    return vectors;
                }
                trouble = trouble(response, texts.size());
            } catch (IOException e) {
                trouble = new Trouble(describe(e), null, e, false);
            }
            limit.pushedBack();
            Duration wait = trouble.retryAfter() == null ? backoff(attempt + pushedBack) : trouble.retryAfter();
            patience = patience.plus(wait);
            boolean spent = !trouble.patient() && attempt >= TRIES;
            if (spent || wait.compareTo(LONGEST_WAIT) > 0 || patience.compareTo(LONGEST_PATIENCE) > 0) {
                throw new EmbeddingUnavailable(
                        "the embedding service " + endpoint.id() + " " + trouble.what()
                                + (spent ? ", " + attempt + " times in a row" : ""),
                        trouble.patient() ? wait : trouble.retryAfter(),
                        trouble.cause());
            }
            log.debug("{} {}: waiting {}", endpoint.id(), trouble.what(), wait);
            if (trouble.patient()) {
                // Everybody waits: another request now would only be refused as well.
                pushedBack++;
                notBeforeMillis.accumulateAndGet(clock.millis() + wait.toMillis(), Math::max);
            } else {
                attempt++;
                waits.sleep(wait);
            }
        }
    }

    /// Waits until the service and the allowance of all processes let a request through.
    private Duration waitForTurn() throws InterruptedException {
        Duration waited = Duration.ZERO;
        if (endpoint.requestsPerMinute() > 0) {
            waited = rate.reserve(endpoint.id(), endpoint.requestsPerMinute(), 1);
        }
        Duration asked = Duration.ofMillis(Math.max(0, notBeforeMillis.get() - clock.millis()));
        Duration longer = waited.compareTo(asked) > 0 ? waited : asked;
        if (longer.isPositive()) {
            waits.sleep(longer);
        }
        return waited;
    }

    /// Why a request did not go well, and might later.
    ///
    /// @param patient whether the service asked for patience: then no try is counted
    private record Trouble(
            String what,
            @Nullable Duration retryAfter,
            @Nullable Throwable cause,
            boolean patient) {}

    /// @throws TextRefused when the service does not take the texts
    /// @throws IllegalStateException when it will never take a request like this
    private Trouble trouble(HttpResponse<String> response, int texts) {
        int status = response.statusCode();
        Duration retryAfter = retryAfter(response);
        return switch (status) {
            case 429 -> new Trouble("asks for patience (429)", retryAfter, null, true);
            case 400, 413, 422 ->
                throw new TextRefused("the embedding service " + endpoint.id() + " refuses "
                        + (texts == 1 ? "the text" : texts + " texts") + " with " + status + ": "
                        + message(response.body()));
            case 401, 403 ->
                throw new IllegalStateException("the embedding service " + endpoint.id() + " answers " + status
                        + (endpoint.keyVariable().isEmpty()
                                ? ": name the variable of its key as key-variable"
                                : ": is the key in " + endpoint.keyVariable() + " the right one?"));
            case 404 ->
                throw new IllegalStateException("the embedding service " + endpoint.id() + " answers 404 at "
                        + endpoint.url() + "/embeddings: " + message(response.body()));
            default -> {
                if (status < 500 && status != 408) {
                    throw new IllegalStateException("the embedding service " + endpoint.id() + " answers " + status
                            + ": " + message(response.body()));
                }
                yield new Trouble(
                        "answers " + status,
                        retryAfter,
                        new HttpTimeoutException("answered " + status + " " + message(response.body())),
                        retryAfter != null && status == 503);
            }
        };
    }

    private @Nullable Duration retryAfter(HttpResponse<?> response) {
        String asked = response.headers().firstValue("Retry-After").orElse("").strip();
        if (asked.isEmpty()) {
            return null;
        }
        try {
            if (asked.chars().allMatch(c -> c >= '0' && c <= '9')) {
                return Duration.ofSeconds(Long.parseLong(asked));
            }
            Instant until = ZonedDateTime.parse(asked, DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
            Duration left = Duration.between(clock.instant(), until);
            return left.isNegative() ? Duration.ZERO : left;
        } catch (DateTimeParseException | NumberFormatException e) {
            return null;
        }
    }

    private static Duration backoff(int attempt) {
        double jitter = 0.8 + 0.4 * RandomGenerator.getDefault().nextDouble();
        return Duration.ofMillis((long) (FIRST_BACKOFF.toMillis() * Math.pow(2, attempt - 1.0) * jitter));
    }

    private static String describe(IOException e) {
        return e instanceof HttpTimeoutException
                ? "does not answer in time"
                : "cannot be reached (" + e.getClass().getSimpleName()
                        + (e.getMessage() == null ? "" : ": " + e.getMessage()) + ")";
    }

    /// What a service says about an error, shortened; it may repeat the text, so not more than a little of it.
    private static String message(String body) {
        try {
            String told = JSON.readTree(body).path("error").path("message").asString("");
            if (!told.isEmpty()) {
                return told.substring(0, Math.min(200, told.length()));
            }
        } catch (JacksonException e) {
            return "an answer that is no JSON";
        }
        return "no message";
    }

    private HttpRequest httpRequest(List<String> texts) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("model", endpoint.model());
        body.put("input", texts);
        body.put("encoding_format", "float");
        if (endpoint.sendDimensions()) {
            body.put("dimensions", endpoint.dimensions());
        }
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create(endpoint.url().toString().replaceAll("/+$", "") + "/embeddings"))
                .timeout(endpoint.timeout())
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(JSON.writeValueAsString(body)));
        if (key != null) {
            request.header("Authorization", "Bearer " + key);
        }
        return request.build();
    }

    /// A wrong number of vectors, of dimensions, or what is no number is never stored.
    private List<float[]> vectors(String body, int texts) {
        JsonNode data;
        try {
            data = JSON.readTree(body).path("data");
        } catch (JacksonException e) {
            throw wrong("gives an answer that is no JSON");
        }
        if (data.size() != texts) {
            throw wrong("gives " + data.size() + " vectors for " + texts + " texts");
        }
        float[] @Nullable [] vectors = new float[texts][];
        for (int i = 0; i < texts; i++) {
            JsonNode one = data.get(i);
            int index = one.path("index").asInt(i);
            if (index < 0 || index >= texts || vectors[index] != null) {
                throw wrong("numbers its vectors wrongly");
            }
            vectors[index] = vector(one.path("embedding"));
        }
        List<float[]> all = new ArrayList<>(texts);
        for (float[] vector : vectors) {
            if (vector == null) {
                throw wrong("leaves a vector out");
            }
            all.add(vector);
        }
        return all;
    }

    private float[] vector(JsonNode numbers) {
        if (numbers.size() != endpoint.dimensions()) {
            throw wrong("gives vectors of " + numbers.size() + " dimensions, configured are " + endpoint.dimensions());
        }
        float[] vector = new float[numbers.size()];
        double squares = 0;
        for (int i = 0; i < vector.length; i++) {
            double value = numbers.get(i).isNumber() ? numbers.get(i).asDouble() : Double.NaN;
            vector[i] = (float) value;
            squares += value * value;
        }
        double length = Math.sqrt(squares);
        if (!Double.isFinite(length) || length == 0) {
            throw wrong("gives a vector that holds what is no number, or nothing but zeros");
        }
        for (int i = 0; i < vector.length; i++) {
            vector[i] = (float) (vector[i] / length);
        }
        return vector;
    }

    private IllegalStateException wrong(String what) {
        return new IllegalStateException("the embedding service " + endpoint.id() + " " + what
                + ": nothing of it is kept; check its model and tidemill.embedding.endpoints." + endpoint.id());
    }

    @Override
    public void close() {
        closed = true;
        collector.interrupt();
        http.shutdownNow();
    }
}
