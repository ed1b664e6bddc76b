package dev.tidemill.admin.cli;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Calls a server.
final class Api implements AutoCloseable {

    private static final JsonMapper JSON = JsonMapper.shared();

    private final String url;
    private final String key;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();

    Api(String url, String key) {
        this.url = url;
        this.key = key;
    }

    String url() {
        return url;
    }

    /// A value as it stands in a path or a query.
    static String encoded(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
    }

    JsonNode get(String path) {
        return send(HttpRequest.newBuilder(URI.create(url + path)).GET());
    }

    JsonNode post(String path, Object body) {
        return post(path, body, Map.of());
    }

    JsonNode post(String path, Object body, Map<String, String> headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + path))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(JSON.writeValueAsString(body)));
        headers.forEach(request::header);
        return send(request);
    }

    /// Server-sent events.
    ///
    /// @param lastEvent id of the last one seen, empty for none
    /// @throws IOException when the server cannot be reached
    EventStream events(String path, String lastEvent) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + path))
                .header("X-API-Key", key)
                .header("Accept", "text/event-stream");
        if (!lastEvent.isEmpty()) {
            request.header("Last-Event-ID", lastEvent);
        }
        HttpResponse<InputStream> response = http.send(request.build(), BodyHandlers.ofInputStream());
        if (response.statusCode() >= 400) {
            try (InputStream body = response.body()) {
                String text = new String(body.readAllBytes(), StandardCharsets.UTF_8);
                throw new ApiProblem(response.statusCode(), detail(response.statusCode(), text));
            }
        }
        return new EventStream(response.body());
    }

    private JsonNode send(HttpRequest.Builder request) {
        try {
            HttpResponse<String> response = http.send(
                    request.header("X-API-Key", key)
                            .timeout(Duration.ofMinutes(5))
                            .build(),
                    BodyHandlers.ofString());
            if (response.statusCode() >= 400) {
                throw new ApiProblem(response.statusCode(), detail(response.statusCode(), response.body()));
            }
            return JSON.readTree(response.body());
        } catch (IOException e) {
            throw new CommandFailed(ExitCode.ERROR, "the server at " + url + " cannot be reached: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailed(ExitCode.ERROR, "interrupted");
        }
    }

    private static String detail(int status, String body) {
        try {
            String detail = JSON.readTree(body).path("detail").asString("");
            return detail.isEmpty() ? "the server answered " + status : detail;
        } catch (JacksonException e) {
            return "the server answered " + status;
        }
    }

    @Override
    public void close() {
        http.close();
    }
}
