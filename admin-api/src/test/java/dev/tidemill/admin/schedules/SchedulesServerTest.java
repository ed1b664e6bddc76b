package dev.tidemill.admin.schedules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.admin.TestServer;
import dev.tidemill.admin.TestServer.Reply;
import dev.tidemill.admin.cli.CommandLineTool;
import dev.tidemill.run.Runs;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A schedule over HTTP and on the command line.
class SchedulesServerTest {

    private static TestServer server;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void start() throws Exception {
        server = new TestServer();
        Files.writeString(folder.resolve("nightly.yaml"), """
                job: ingest
                cron: 0 30 2 * * ?
                zone: America/New_York
                parameters: {location: %s}
                """.formatted(folder));
        server.bean(Reconciler.class)
                .reconcile(ScheduleFolder.read(folder, server.bean(Runs.class).jobs()));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private record Ran(int code, String out, String err) {}

    private static Ran run(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = new CommandLineTool(server.home, Map.of(), new PrintWriter(out, true), new PrintWriter(err, true))
                .run(arguments);
        return new Ran(code, out.toString(), err.toString());
    }

    @Test
    void theApiShowsChangesAndBackfillsASchedule() throws Exception {
        String key = server.key();
        JsonNode list = server.get("/actuator/schedules", key).json();
        assertThat(list).hasSize(1);
        assertThat(list.get(0).path("next")).hasSize(5);
        assertThat(list.get(0).path("next").get(0).path("local").asString()).contains("[America/New_York]");

        assertThat(server.post("/actuator/schedules/nightly/pause", "{\"reason\":\"quiet\"}", key)
                        .status())
                .isEqualTo(200);
        assertThat(server.get("/actuator/schedules/nightly", key)
                        .json()
                        .path("paused")
                        .asBoolean())
                .isTrue();
        assertThat(server.post("/actuator/schedules/nightly/resume", "{}", key)
                        .json()
                        .path("paused")
                        .asBoolean())
                .isFalse();

        JsonNode dry = server.post(
                        "/actuator/schedules/nightly/backfill",
                        "{\"from\":\"2026-03-07T00:00:00Z\",\"to\":\"2026-03-09T12:00:00Z\",\"dryRun\":true}",
                        key)
                .json()
                .path("times");
        assertThat(dry).hasSize(3);
        assertThat(dry.get(1).path("time").asString()).isEqualTo("2026-03-08T07:30:00Z");
        assertThat(dry.get(1).path("action").asString()).isEqualTo("launch");

        Reply run = server.post("/actuator/schedules/nightly/run", "{\"reason\":\"now\"}", key);
        assertThat(run.status()).as(run.body()).isEqualTo(202);
        server.finished(run);
        JsonNode fires = server.get("/actuator/schedules/nightly/fires", key).json();
        assertThat(fires.get(0).path("outcome").asString()).isEqualTo("launched");
        assertThat(fires.get(0).path("state").asString()).isEqualTo("completed");

        assertThat(server.get("/actuator/schedules/none", key).detail()).contains("there is no schedule \"none\"");
        assertThat(server.post("/actuator/schedules/nightly/backfill", "{\"from\":\"yesterday\"}", key)
                        .detail())
                .contains("use a time in UTC");
        assertThat(server.get("/actuator/schedules", null).status()).isEqualTo(401);
        // The server of the test was told of no folder: nothing is taken away.
        assertThat(server.post("/actuator/schedules/reload", "{}", key).status())
                .isEqualTo(200);
        assertThat(server.get("/actuator/schedules", key).json()).hasSize(1);
    }

    @Test
    void theCommandsShowChangeAndBackfillASchedule() {
        assertThat(run("schedules").out())
                .contains("nightly")
                .contains("ingest")
                .contains("next 20");
        assertThat(run("schedules", "list", "-o", "json").out()).contains("\"nightly\"");
        assertThat(run("schedules", "show", "nightly").out()).contains("0 30 2 * * ? America/New_York");
        assertThat(run("schedules", "next", "nightly").out().lines())
                .hasSize(5)
                .allMatch(line -> line.contains("T02:30:00-0") || line.contains("clocks"));
        Ran paused = run("schedules", "pause", "nightly", "--reason", "quiet");
        assertThat(paused.code()).as(paused.err()).isZero();
        assertThat(run("schedules").out()).contains("paused");
        assertThat(run("schedules", "resume", "nightly").out()).contains("from now on");
        Ran dry = run(
                "schedules",
                "backfill",
                "nightly",
                "--from",
                "2026-03-07T00:00:00Z",
                "--to",
                "2026-03-09T12:00:00Z",
                "--dry-run",
                "-o",
                "json");
        assertThat(JsonMapper.shared().readTree(dry.out()).path("times")).hasSize(3);
        assertThat(run("schedules", "reload").code()).isZero();

        Ran unknown = run("schedules", "show", "none");
        assertThat(unknown.code()).isEqualTo(3);
        assertThat(unknown.err()).startsWith("tidemill: there is no schedule \"none\"");
        assertThat(run("schedules", "backfill", "nightly", "--from", "soon", "--to", "later")
                        .code())
                .isEqualTo(2);
        assertThat(run("schedules", "pause").code()).isEqualTo(2);
    }
}
