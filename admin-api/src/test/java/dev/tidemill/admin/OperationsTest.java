package dev.tidemill.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.admin.TestServer.Reply;
import dev.tidemill.postgres.Await;
import dev.tidemill.run.Control;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.alerts.Event;
import dev.tidemill.run.alerts.Outbox;
import dev.tidemill.run.alerts.Severity;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import tools.jackson.databind.JsonNode;

/// What operators see of a whole server that takes care of runs: metrics, health, alerts, pools.
class OperationsTest {

    private static final BlockingQueue<String> received = new LinkedBlockingQueue<>();
    private static HttpServer receiver;
    private static TestServer server;
    private static String key;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void ingest() throws Exception {
        receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        receiver.createContext("/", exchange -> {
            received.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        receiver.start();
        server = new TestServer(
                "tidemill.runs.adopt=true",
                "tidemill.database.app-pool=2",
                "tidemill.database.app-connection-timeout=400ms",
                "tidemill.alerts.interval=20ms",
                "tidemill.alerts.channels.ops.type=slack",
                "tidemill.alerts.channels.ops.min-severity=info",
                "tidemill.alerts.channels.ops.url=http://127.0.0.1:"
                        + receiver.getAddress().getPort() + "/");
        key = server.key();
        Files.writeString(folder.resolve("mill.md"), "# Tide mills\n\nA tide mill is driven by the rise of the sea.\n");
        Files.write(folder.resolve("broken.pdf"), "%PDF-1.7 nothing".getBytes(StandardCharsets.US_ASCII));
        Reply started = server.post("/actuator/jobs/ingest", "{\"location\":\"" + folder + "\"}", key);
        assertThat(server.finished(started).status()).isEqualTo("COMPLETED");
        assertThat(server.post("/api/v1/projects/default/ask", "{\"question\":\"What drives a tide mill?\"}", key)
                        .status())
                .isEqualTo(200);
    }

    @AfterAll
    static void stop() {
        server.close();
        receiver.stop(0);
    }

    private static String scrape() throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(server.url() + "/actuator/prometheus"))
                .header("Authorization", "Bearer " + key)
                .build();
        try (HttpClient http = HttpClient.newHttpClient()) {
            HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(200);
            return answer.body();
        }
    }

    private static double value(String scraped, String series) {
        Matcher line = Pattern.compile("^" + Pattern.quote(series) + " (\\S+)$", Pattern.MULTILINE)
                .matcher(scraped);
        assertThat(line.find()).as(series + " in\n" + scraped).isTrue();
        return Double.parseDouble(line.group(1));
    }

    @Test
    void metricsHaveTheirNamesAndTypesAndMoveWithAnIngest() throws Exception {
        String before = scrape();
        String completed = "tidemill_job_runs_total{job=\"ingest\",outcome=\"completed_with_skips\"}";
        String written = "tidemill_job_items_total{job=\"ingest\",result=\"written\",step=\"embed\"}";
        assertThat(before)
                .contains(
                        "# TYPE tidemill_job_runs_total counter",
                        "# TYPE tidemill_job_duration_seconds summary",
                        "# TYPE tidemill_job_items_total counter",
                        "# TYPE tidemill_job_takeovers_total counter",
                        "# TYPE tidemill_job_last_success_timestamp_seconds gauge",
                        "# TYPE tidemill_job_lease_age_seconds gauge",
                        "# TYPE tidemill_dlq_items gauge",
                        "# TYPE tidemill_ask_duration_seconds histogram",
                        "# TYPE tidemill_authz_denied_total counter",
                        "# TYPE tidemill_invariant_violations_total counter",
                        "# TYPE tidemill_embed_requests_total counter",
                        "# TYPE tidemill_schedule_lag_seconds gauge",
                        "# TYPE tidemill_schedule_missed_total counter",
                        "# TYPE tidemill_build_info gauge",
                        "tidemill_job_runs_total{job=\"ingest\",outcome=\"failed\"} 0.0",
                        "hikaricp_connections_active{pool=\"app\"}",
                        "hikaricp_connections_active{pool=\"batch\"}",
                        "spring_batch_");
        assertThat(value(before, completed)).isEqualTo(1);
        assertThat(value(before, written)).isEqualTo(1);
        assertThat(value(before, "tidemill_job_items_total{job=\"ingest\",result=\"skipped\",step=\"extract\"}"))
                .isEqualTo(1);
        assertThat(value(before, "tidemill_dlq_items{job=\"ingest\"}")).isEqualTo(1);
        double lastSuccess = value(before, "tidemill_job_last_success_timestamp_seconds{job=\"ingest\"}");
        assertThat(lastSuccess).isGreaterThan(1.7e9);

        Files.writeString(folder.resolve("ferry.md"), "# Ferry\n\nThe ferry leaves at nine o'clock.\n");
        server.finished(server.post("/actuator/jobs/ingest", "{\"location\":\"" + folder + "\"}", key));
        JdbcClient.create(server.database.dataSource())
                .sql("UPDATE launches SET ended_at = ended_at + interval '10 seconds' WHERE state = 'completed'")
                .update();
        // Figures of the database are read anew after two seconds at most.
        Await.until(
                "the time of the last success grows",
                Duration.ofSeconds(30),
                () -> value(scrape(), "tidemill_job_last_success_timestamp_seconds{job=\"ingest\"}") > lastSuccess);
        String after = scrape();

        assertThat(value(after, written)).isEqualTo(2);
        assertThat(value(after, "tidemill_job_last_success_timestamp_seconds{job=\"ingest\"}"))
                .isGreaterThan(lastSuccess);
        assertThat(after).doesNotContain("workspace=", "run_id=", "executionId");
    }

    @Test
    void refusedRequestsAreCounted() throws Exception {
        double before = value(scrape(), "tidemill_authz_denied_total{missing=\"key\"}");

        assertThat(server.get("/actuator/prometheus", null).status()).isEqualTo(401);

        assertThat(value(scrape(), "tidemill_authz_denied_total{missing=\"key\"}"))
                .isEqualTo(before + 1);
    }

    /// The folder docs/monitoring, from the module's folder.
    private static final Path MONITORING = Path.of("..", "docs", "monitoring");

    @Test
    void everyMetricOfTheDashboardAndTheAlertRulesIsExported() throws Exception {
        String scraped = scrape();
        Set<String> exported = new TreeSet<>();
        Matcher series = Pattern.compile("^([a-z_]+)[{ ]", Pattern.MULTILINE).matcher(scraped);
        while (series.find()) {
            exported.add(series.group(1));
        }
        for (String file : new String[] {"tidemill-dashboard.json", "tidemill-alerts.yaml"}) {
            Set<String> named = new TreeSet<>();
            Matcher metric = Pattern.compile("\\b(?:tidemill|hikaricp|spring_batch|http_server|jvm)_[a-z_]+[a-z]")
                    .matcher(Files.readString(MONITORING.resolve(file)));
            while (metric.find()) {
                named.add(metric.group());
            }
            assertThat(named).as(file).hasSizeGreaterThan(8);
            assertThat(exported).as(file).containsAll(named);
        }
    }

    @Test
    void aChannelIsToldOfTheRunAndAnswersToATest() throws Exception {
        String told = received.poll(30, TimeUnit.SECONDS);
        assertThat(told).contains("run.completed_with_skips").contains("1 items were given up on");

        JsonNode test =
                server.post("/actuator/alerts/channels/ops/test", "{}", key).json();

        assertThat(test.path("delivered").asBoolean()).isTrue();
        assertThat(server.post("/actuator/alerts/channels/nobody/test", "{}", key)
                        .status())
                .isEqualTo(404);
        assertThat(server.get("/actuator/alerts/channels", key).body())
                .contains("\"slack\"")
                .doesNotContain("127.0.0.1");
        assertThat(server.get("/actuator/alerts/events", key).body()).contains("run.completed_with_skips");
        assertThat(server.get("/actuator/alerts/deliveries?limit=0", key).status())
                .isEqualTo(400);
        assertThat(server.get("/actuator/alerts/deliveries", key)
                        .json()
                        .get(0)
                        .path("channel")
                        .asString())
                .isEqualTo("ops");
    }

    @Test
    void theOperationsGroupTellsWhatReadinessNeedsNot() throws Exception {
        JsonNode health = server.get("/actuator/health/operations", key).json();

        assertThat(health.path("status").asString()).as(health.toString()).isEqualTo("UP");
        assertThat(health.path("components").propertyNames())
                .contains("database", "schema", "heartbeat", "runs", "troubles", "pools", "backup", "drill");
        assertThat(health.path("components").path("backup").path("status").asString())
                .isEqualTo("UNKNOWN");

        Control control = server.bean(Control.class);
        control.run(() -> server.bean(Outbox.class)
                .raise(new Event(
                        LaunchRequest.INSTALLATION, "node.lost", Severity.ERROR, "node/test", "gone", Map.of())));
        Reply degraded = server.get("/actuator/health/operations", key);
        assertThat(degraded.status()).isEqualTo(200);
        assertThat(degraded.json().path("status").asString()).isEqualTo("DEGRADED");
        assertThat(server.get("/actuator/health/readiness", null).body()).isEqualTo("{\"status\":\"UP\"}");
        control.run(() -> server.bean(Outbox.class).resolve(LaunchRequest.INSTALLATION, "node/test", "back"));
        assertThat(server.get("/actuator/health/operations", key)
                        .json()
                        .path("status")
                        .asString())
                .isEqualTo("UP");
    }

    @Test
    void anExhaustedPoolIsA503WithRetryAfterAndIsToldUntilItIsOver() throws Exception {
        PoolWatch bean = server.bean(PoolWatch.class);
        HikariDataSource app = bean.pools().getLast();
        JdbcClient owner = JdbcClient.create(server.database.dataSource());
        PoolWatch watch = new PoolWatch(
                bean.pools(),
                new Control(new JdbcTransactionManager(server.database.dataSource()), owner),
                Duration.ofSeconds(5));
        CompletableFuture<Integer> waiting;
        try (Connection one = app.getConnection();
                Connection two = app.getConnection()) {
            assertThat(one.isValid(1) && two.isValid(1)).isTrue();
            HttpRequest request = HttpRequest.newBuilder(URI.create(server.url() + "/actuator/runs"))
                    .header("X-API-Key", key)
                    .build();
            try (HttpClient http = HttpClient.newHttpClient()) {
                HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
                assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
                assertThat(answer.headers().firstValue("Retry-After")).contains("5");
                assertThat(answer.headers().firstValue("Content-Type").orElse(""))
                        .startsWith("application/problem+json");
            }
            app.getHikariConfigMXBean().setConnectionTimeout(60_000);
            waiting = CompletableFuture.supplyAsync(() -> {
                try (Connection third = app.getConnection()) {
                    return third.isValid(1) ? 1 : 0;
                } catch (java.sql.SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            Await.until(
                    "a thread waits for a connection",
                    () -> app.getHikariPoolMXBean().getThreadsAwaitingConnection() > 0);
            watch.look(0);
            watch.look(TimeUnit.SECONDS.toNanos(5) - 1);
            assertThat(watch.exhausted()).isEmpty();
            watch.look(TimeUnit.SECONDS.toNanos(5));
            assertThat(watch.exhausted()).containsExactly("app");
            assertThat(owner.sql("SELECT message FROM events WHERE open AND type = 'pool.exhausted'")
                            .query(String.class)
                            .single())
                    .contains("All 2 connections of the pool app");
        }
        assertThat(waiting.get(30, TimeUnit.SECONDS)).isEqualTo(1);
        watch.look(TimeUnit.SECONDS.toNanos(6));
        assertThat(watch.exhausted()).isEmpty();
        assertThat(owner.sql("SELECT count(*) FROM events WHERE type = 'pool.exhausted.resolved'")
                        .query(Long.class)
                        .single())
                .isEqualTo(1);
        app.getHikariConfigMXBean().setConnectionTimeout(400);
    }

    @Test
    void theDatabaseHoldsTheTimeoutsThatFreeItFromStuckClients() throws Exception {
        for (HikariDataSource pool : server.bean(PoolWatch.class).pools()) {
            JdbcClient jdbc = JdbcClient.create(pool);
            assertThat(jdbc.sql("SELECT current_setting('lock_timeout')")
                            .query(String.class)
                            .single())
                    .isEqualTo("10s");
            assertThat(jdbc.sql("SELECT current_user").query(String.class).single())
                    .isEqualTo("tidemill_" + pool.getPoolName());
            assertThat(jdbc.sql("SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()")
                            .query(String.class)
                            .single())
                    .contains("tidemill " + pool.getPoolName() + " #");
        }
    }

    @Test
    void statementsAreShownOnceTheExtensionIsThere() throws Exception {
        JdbcClient owner = JdbcClient.create(server.database.dataSource());
        JsonNode without = server.get("/actuator/statements", key).json();
        assertThat(without.path("available").asBoolean()).isFalse();
        assertThat(without.path("hint").asString()).contains("CREATE EXTENSION");

        owner.sql("CREATE EXTENSION pg_stat_statements").update();
        JsonNode with = server.get("/actuator/statements?limit=5", key).json();

        assertThat(with.path("available").asBoolean()).as(with.toString()).isTrue();
        assertThat(with.path("statements").size()).isEqualTo(5);
        assertThat(with.path("statements").get(0).path("totalMillis").asDouble())
                .isPositive();
        assertThat(server.get("/actuator/statements?limit=201", key).status()).isEqualTo(400);
    }
}
