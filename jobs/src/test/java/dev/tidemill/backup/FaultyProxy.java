package dev.tidemill.backup;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Stands between a client and an S3 server and makes trouble, with a seed.
final class FaultyProxy implements AutoCloseable {

    private static final Set<String> HOP =
            Set.of("host", "connection", "content-length", "expect", "upgrade", "transfer-encoding", "http2-settings");

    /// What goes wrong.
    interface Fault {
        /// Decides about a request.
        ///
        /// @param call its number
        /// @return an answer of its own, null to let the request pass
        @Nullable
        Integer answer(HttpExchange exchange, int call);
    }

    private final HttpServer server;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final int upstream;
    private final AtomicInteger calls = new AtomicInteger();
    final AtomicInteger faults = new AtomicInteger();
    volatile Fault fault = (exchange, call) -> null;

    /// Path of an object whose bytes are spoilt on their way to the store, which then says that all is well.
    volatile String spoils = "";

    FaultyProxy(int upstream) throws IOException {
        this.upstream = upstream;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::handle);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
    }

    /// Answers a share of the requests with 500, 503 or a connection that breaks off.
    static Fault random(double share, long seed) {
        Random random = new Random(seed);
        return (exchange, call) -> {
            synchronized (random) {
                if (random.nextDouble() >= share) {
                    return null;
                }
                return List.of(500, 503, -1).get(random.nextInt(3));
            }
        };
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private void handle(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        Integer own = fault.answer(exchange, calls.incrementAndGet());
        if (own != null) {
            faults.incrementAndGet();
            if (own < 0) {
                // Half an answer, then nothing.
                exchange.sendResponseHeaders(200, 1_000_000);
                exchange.getResponseBody().write(new byte[10]);
                exchange.getResponseBody().flush();
                exchange.close();
                return;
            }
            byte[] xml = ("<Error><Code>" + (own == 403 ? "ExpiredToken" : "SlowDown")
                            + "</Code><Message>made by the test</Message></Error>")
                    .getBytes(java.nio.charset.StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/xml");
            exchange.sendResponseHeaders(own, exchange.getRequestMethod().equals("HEAD") ? -1 : xml.length);
            if (!exchange.getRequestMethod().equals("HEAD")) {
                exchange.getResponseBody().write(xml);
            }
            exchange.close();
            return;
        }
        try {
            pass(exchange, body);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            exchange.close();
        }
    }

    private void pass(HttpExchange exchange, byte[] body) throws IOException, InterruptedException {
        URI uri = exchange.getRequestURI();
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + upstream
                        + uri.getRawPath() + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery())))
                .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofByteArray(body));
        exchange.getRequestHeaders().forEach((name, values) -> {
            if (!HOP.contains(name.toLowerCase(Locale.ROOT))) {
                values.forEach(value -> request.header(name, value));
            }
        });
        HttpResponse<byte[]> response = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        response.headers().map().forEach((name, values) -> {
            if (!name.startsWith(":") && !HOP.contains(name.toLowerCase(Locale.ROOT))) {
                exchange.getResponseHeaders().put(name, values);
            }
        });
        byte[] answer = response.body();
        boolean head = exchange.getRequestMethod().equals("HEAD");
        if (!spoils.isEmpty()
                && exchange.getRequestMethod().equals("GET")
                && uri.getPath().contains(spoils)
                && answer.length > 200) {
            // As if the store had kept another byte than it was given; its own checksum would then fit.
            answer = answer.clone();
            answer[answer.length / 2] ^= 1;
            exchange.getResponseHeaders()
                    .keySet()
                    .removeIf(name -> name.toLowerCase(Locale.ROOT).startsWith("x-amz-checksum"));
            exchange.getResponseHeaders().remove("Etag");
            faults.incrementAndGet();
        }
        exchange.sendResponseHeaders(response.statusCode(), head || answer.length == 0 ? -1 : answer.length);
        if (!head && answer.length > 0) {
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(answer);
            }
        }
    }

    @Override
    public void close() {
        server.stop(0);
        client.close();
    }
}
