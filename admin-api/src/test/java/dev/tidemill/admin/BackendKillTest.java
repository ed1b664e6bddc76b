package dev.tidemill.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.postgres.Await;
import dev.tidemill.run.Runs;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/// One backend of PostgreSQL is killed under a server at work: PostgreSQL then ends all of its connections and
/// recovers.
class BackendKillTest {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private Path folder;
    private final HttpClient http = HttpClient.newHttpClient();
    private String url = "";
    private String key = "";

    /// One that PostgreSQL's own account can enter.
    @BeforeEach
    void create() throws Exception {
        folder = Files.createTempDirectory("tidemill-backend-kill-");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
    }

    @AfterEach
    void delete() throws Exception {
        http.close();
        TestServer.delete(folder);
    }

    @Test
    void requestsAreAnsweredWith503AndRetryAfterUntilItIsBackAndTheRunGoesOnByItself() throws Exception {
        Path documents = Files.createDirectories(folder.resolve("documents"));
        for (int n = 0; n < 400; n++) {
            Files.writeString(
                    documents.resolve("mill" + n + ".md"),
                    "# Tide mill " + n + "\n\nThe mill number " + n + " has " + (n + 2) + " stones.\n");
        }
        Home home = new Home(folder.resolve("home"));
        try (ConfigurableApplicationContext server = Server.start(
                home,
                null,
                List.of(
                        "server.port=0",
                        "tidemill.runs.adopt=true",
                        "tidemill.database.app-connection-timeout=500ms"))) {
            url = "http://127.0.0.1:" + server.getEnvironment().getRequiredProperty("local.server.port");
            key = Files.readString(home.apiKey()).strip();
            long run = JsonMapper.shared()
                    .readTree(send("POST", "/actuator/jobs/ingest", "{\"location\":\"" + documents + "\"}")
                            .body())
                    .path("runId")
                    .asLong();
            Database database = server.getBean(Database.class);
            JdbcClient owner = JdbcClient.create(database.owner());
            awaitAtLeastOne(owner, "SELECT count(*) FROM chunks");
            long victim = owner.sql(
                            "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'tidemill app%' ORDER BY pid LIMIT 1")
                    .query(Long.class)
                    .single();

            List<HttpResponse<String>> refused = new ArrayList<>();
            try (Connection held = database.owner().getConnection()) {
                // The server is back only when each of its processes is gone: this one keeps it for five seconds, then
                // it is killed too.
                stop(held.unwrap(PGConnection.class).getBackendPID());
                ProcessHandle.of(victim).orElseThrow().destroyForcibly();
                Await.until("a refusal, then an answer", PATIENCE, () -> {
                    HttpResponse<String> answer = send("GET", "/actuator/runs/" + run, "");
                    if (answer.statusCode() != 200) {
                        refused.add(answer);
                    }
                    return answer.statusCode() == 200 && !refused.isEmpty();
                });
            }

            assertThat(refused).allSatisfy(one -> {
                assertThat(one.statusCode()).as(one.body()).isEqualTo(503);
                assertThat(one.headers().firstValue("Retry-After")).isPresent();
                assertThat(one.body()).contains("the database cannot be reached");
            });
            // The launch of the run comes to its end, in whichever run.
            assertThat(server.getBean(Runs.class)
                            .finished(run)
                            .get(120, TimeUnit.SECONDS)
                            .status())
                    .isEqualTo("COMPLETED");
            assertThat(owner.sql("SELECT count(*) FROM documents WHERE published_version IS NOT NULL")
                            .query(Long.class)
                            .single())
                    .isEqualTo(400);
        }
    }

    private static void stop(long process) throws Exception {
        assertThat(new ProcessBuilder("kill", "-STOP", Long.toString(process))
                        .start()
                        .waitFor())
                .isZero();
    }

    private static void awaitAtLeastOne(JdbcClient owner, String count) throws Exception {
        Await.until(count, PATIENCE, () -> owner.sql(count).query(Long.class).single() > 0);
    }

    private HttpResponse<String> send(String method, String path, String body) throws Exception {
        return http.send(
                HttpRequest.newBuilder(URI.create(url + path))
                        .header("X-API-Key", key)
                        .header("Content-Type", "application/json")
                        .method(method, HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }
}
