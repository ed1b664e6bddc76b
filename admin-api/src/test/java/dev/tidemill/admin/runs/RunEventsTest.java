package dev.tidemill.admin.runs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.admin.TestServer;
import dev.tidemill.admin.TestServer.Reply;
import dev.tidemill.admin.security.ApiKey;
import dev.tidemill.admin.security.ApiKeys;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Live progress over real HTTP.
@Timeout(240)
class RunEventsTest {

    private static TestServer server;
    private static String key;
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @TempDir
    private static Path folder;

    @BeforeAll
    static void start() throws Exception {
        server = new TestServer("tidemill.events.heartbeat=200ms", "tidemill.events.interval=100ms");
        key = server.key();
    }

    @AfterAll
    static void stop() {
        server.close();
        HTTP.close();
    }

    private record Event(String name, String id, JsonNode data) {}

    /// A client that reads line by line.
    private static final class Client implements AutoCloseable {
        private final InputStream body;
        private final BufferedReader lines;
        private final List<Event> events = new ArrayList<>();

        Client(String path, @Nullable String lastEvent) throws Exception {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server.url() + path))
                    .header("X-API-Key", key)
                    .timeout(Duration.ofSeconds(30));
            if (lastEvent != null) {
                request.header("Last-Event-ID", lastEvent);
            }
            HttpResponse<InputStream> response = HTTP.send(request.build(), BodyHandlers.ofInputStream());
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.headers().firstValue("Content-Type").orElse("")).startsWith("text/event-stream");
            body = response.body();
            lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
        }

        /// Reads until an event fits; at the end of the stream null.
        @Nullable
        Event until(Predicate<Event> wanted) throws IOException {
            String name = "";
            String id = "";
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("event:")) {
                    name = line.substring(6).strip();
                } else if (line.startsWith("id:")) {
                    id = line.substring(3).strip();
                } else if (line.startsWith("data:")) {
                    Event event = new Event(name, id, JsonMapper.shared().readTree(line.substring(5)));
                    events.add(event);
                    if (wanted.test(event)) {
                        return event;
                    }
                }
            }
            return null;
        }

        void untilAComment() throws IOException {
            for (String line = lines.readLine(); line != null && !line.startsWith(":"); line = lines.readLine()) {}
        }

        @Override
        public void close() throws IOException {
            body.close();
        }
    }

    private static long ingest(String name, int documents) throws Exception {
        Path into = Files.createDirectory(folder.resolve(name));
        for (int i = 0; i < documents; i++) {
            Files.writeString(
                    into.resolve(i + ".md"),
                    "# " + name + " " + i + "\n\n"
                            + ("Sentence " + i + " of " + name + " about boats and tides. ").repeat(20));
        }
        Reply reply = server.post("/actuator/jobs/ingest", "{\"location\":\"" + into + "\"}", key);
        assertThat(reply.status()).as(reply.body()).isEqualTo(202);
        return reply.json().path("runId").asLong();
    }

    @Test
    void aRunIsFollowedToItsEndAndItsCountsNeverFall() throws Exception {
        long run = ingest("followed", 60);
        try (Client client = new Client("/actuator/runs/" + run + "/events", null)) {
            assertThat(client.until(event -> false))
                    .as("the server ends the stream")
                    .isNull();

            assertThat(client.events.getLast().name()).isEqualTo("end");
            assertThat(client.events.getLast().data().path("state").asString()).isEqualTo("COMPLETED");
            List<Event> progress = client.events.subList(0, client.events.size() - 1);
            assertThat(progress)
                    .allMatch(event -> event.name().equals("progress"))
                    .hasSizeGreaterThan(2);
            assertThat(progress).extracting(Event::id).doesNotHaveDuplicates();
            assertThat(progress)
                    .extracting(event -> event.data().path("state").asString())
                    .contains("RUNNING");
            List<Long> done = client.events.stream()
                    .map(event -> done(event.data(), "embed"))
                    .toList();
            assertThat(done).isSorted();
            assertThat(done.getLast()).isGreaterThanOrEqualTo(60);
        }
    }

    private static long done(JsonNode run, String step) {
        for (JsonNode one : run.path("steps")) {
            if (one.path("name").asString().equals(step)) {
                assertThat(one.path("progress").path("done").asLong())
                        .isLessThanOrEqualTo(one.path("progress").path("total").asLong());
                return one.path("progress").path("done").asLong();
            }
        }
        return 0;
    }

    @Test
    void anEndedRunEndsAtOnceAndTellsNothingThatTheClientKnows() throws Exception {
        long run = ingest("ended", 1);
        String last;
        try (Client client = new Client("/actuator/runs/" + run + "/events", null)) {
            client.until(event -> false);
            last = client.events.getLast().id();
        }
        try (Client again = new Client("/actuator/runs/" + run + "/events", null)) {
            again.until(event -> false);
            assertThat(again.events).extracting(Event::name).containsExactly("progress", "end");
            assertThat(again.events).extracting(Event::id).containsOnly(last);
        }
        try (Client reconnected = new Client("/actuator/runs/" + run + "/events", last)) {
            reconnected.until(event -> false);
            assertThat(reconnected.events).extracting(Event::name).containsExactly("end");
        }
    }

    @Test
    void allRunsOfTheWorkspaceAreToldAndThoseOfOthersAreNot() throws Exception {
        UUID other = UUID.randomUUID();
        JdbcClient owner = JdbcClient.create(server.database.dataSource());
        owner.sql("""
                        WITH o AS (INSERT INTO organizations (name, slug) VALUES ('O', 'o') RETURNING id)
                        INSERT INTO workspaces (workspace_id, organization_id, name, slug) SELECT :w, id, 'O', 'o' FROM o
                        """).param("w", other).update();
        ApiKey theirs = ApiKey.generate();
        ApiKeys.store(server.database.dataSource(), theirs, other, List.of("admin"), "test");
        try (Client client = new Client("/actuator/runs/events", null)) {
            client.untilAComment();
            long run = ingest("all", 2);

            Event end = client.until(event ->
                    event.name().equals("end") && event.data().path("id").asLong() == run);

            assertThat(end).isNotNull();
            assertThat(client.events).anyMatch(event -> event.name().equals("progress"));
            Reply hidden = server.get("/actuator/runs/" + run + "/events", theirs.text());
            assertThat(hidden.status()).isEqualTo(404);
            assertThat(hidden.contentType()).startsWith("application/problem+json");
        }
    }

    @Test
    void aClientThatLeftIsFoundOutByTheNextHeartbeats() throws Exception {
        RunEvents events = server.bean(RunEvents.class);
        int before;
        try (Client client = new Client("/actuator/runs/events", null)) {
            client.untilAComment();
            before = events.listening();
            assertThat(before).isPositive();
        }
        // Each heartbeat writes; the write that fails ends the listener, which the latch inside the server tells.
        events.awaitFewer(before);
        assertThat(events.listening()).isLessThan(before);
    }

    @Test
    void anUnknownRunAndAMissingKeyAreProblems() throws Exception {
        assertThat(server.get("/actuator/runs/999999/events", key).status()).isEqualTo(404);
        assertThat(server.get("/actuator/runs/1/events", null).status()).isEqualTo(401);
    }
}
