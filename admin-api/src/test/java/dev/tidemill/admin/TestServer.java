package dev.tidemill.admin;

import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.RunView;
import dev.tidemill.run.Runs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The whole server on a free port, with a database of its own.
public final class TestServer implements AutoCloseable {

    private static final JsonMapper JSON = JsonMapper.shared();

    public final TestDatabase database = TestDatabase.create();
    public final Home home;
    private final ConfigurableApplicationContext context;
    private final HttpClient http = HttpClient.newHttpClient();

    /// @param settings further ones, as `name=value`
    public TestServer(String... settings) {
        try {
            home = new Home(Files.createTempDirectory("tidemill-home-"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<String> all = new ArrayList<>(
                List.of("server.port=0", "tidemill.database.url=" + url(database), "tidemill.database.batch-pool=8"));
        all.addAll(List.of(settings));
        context = Server.start(home, null, all);
    }

    public static String url(TestDatabase database) {
        return database.jdbcUrl() + "?user=" + database.username() + "&password="
                + URLEncoder.encode(database.password(), StandardCharsets.UTF_8);
    }

    public String key() throws IOException {
        return Files.readString(home.apiKey()).strip();
    }

    public <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    public String url() {
        return "http://127.0.0.1:" + context.getEnvironment().getRequiredProperty("local.server.port");
    }

    /// An answer of the server.
    public record Reply(int status, String contentType, String body) {

        public JsonNode json() {
            return JSON.readTree(body);
        }

        public String detail() {
            return json().path("detail").asString("");
        }
    }

    public Reply get(String path, @Nullable String key) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(url() + path)).GET(), key);
    }

    public Reply post(String path, String body, @Nullable String key) throws IOException, InterruptedException {
        return post(path, body, key, "application/json");
    }

    public Reply post(String path, String body, @Nullable String key, String type)
            throws IOException, InterruptedException {
        return send(
                HttpRequest.newBuilder(URI.create(url() + path))
                        .header("Content-Type", type)
                        .POST(BodyPublishers.ofString(body)),
                key);
    }

    public Reply delete(String path, @Nullable String key) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(url() + path)).DELETE(), key);
    }

    /// Uploads files given by name and content.
    public Reply upload(String project, Map<String, String> files, @Nullable String key)
            throws IOException, InterruptedException {
        StringBuilder body = new StringBuilder();
        files.forEach(
                (name, content) -> body.append("--border\r\nContent-Disposition: form-data; name=\"file\"; filename=\"")
                        .append(name)
                        .append("\"\r\nContent-Type: application/octet-stream\r\n\r\n")
                        .append(content)
                        .append("\r\n"));
        body.append("--border--\r\n");
        return post(
                "/api/v1/projects/" + project + "/documents",
                body.toString(),
                key,
                "multipart/form-data; boundary=border");
    }

    /// Waits for the end of a run that was just started.
    public RunView finished(Reply started) throws Exception {
        long run = started.json().path("runId").asLong();
        return bean(Runs.class).finished(run).get(120, TimeUnit.SECONDS);
    }

    private Reply send(HttpRequest.Builder request, @Nullable String key) throws IOException, InterruptedException {
        if (key != null) {
            request.header("X-API-Key", key);
        }
        HttpResponse<String> response = http.send(request.build(), BodyHandlers.ofString());
        return new Reply(
                response.statusCode(),
                response.headers().firstValue("Content-Type").orElse(""),
                response.body());
    }

    @Override
    public void close() {
        http.close();
        context.close();
        database.close();
        delete(home.folder());
    }

    /// Removes a folder with all that is in it.
    public static void delete(Path folder) {
        try (Stream<Path> tree = Files.walk(folder)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
