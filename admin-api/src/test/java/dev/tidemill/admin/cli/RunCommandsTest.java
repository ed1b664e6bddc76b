package dev.tidemill.admin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.admin.TestServer;
import dev.tidemill.run.Node;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What an operator does with runs, command by command, on a running server.
class RunCommandsTest {

    private static TestServer server;

    @TempDir
    private static Path folder;

    private static long good;
    private static long skips;
    private static long failed;

    private record Ran(int code, String out, String err) {

        JsonNode json() {
            return JsonMapper.shared().readTree(out);
        }
    }

    private static Ran run(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = new CommandLineTool(server.home, Map.of(), new PrintWriter(out, true), new PrintWriter(err, true))
                .run(arguments);
        return new Ran(code, out.toString(), err.toString());
    }

    @BeforeAll
    static void start() throws Exception {
        server = new TestServer("ingest.run.skip.after=6", "ingest.run.skip.percent=50");
        Path fine = Files.createDirectory(folder.resolve("fine"));
        Files.writeString(fine.resolve("a.md"), "# A\n\nA good text about lighthouses.\n");
        Path mixed = Files.createDirectory(folder.resolve("mixed"));
        Files.writeString(mixed.resolve("b.md"), "# B\n\nA good text about harbours.\n");
        Files.write(mixed.resolve("bad.pdf"), "%PDF-1.7 broken".getBytes(StandardCharsets.US_ASCII));
        Path broken = Files.createDirectory(folder.resolve("broken"));
        // More than the steps of three runs take until their budget is spent.
        for (int i = 0; i < 40; i++) {
            Files.write(broken.resolve(i + ".pdf"), ("%PDF-1.7 broken " + i).getBytes(StandardCharsets.US_ASCII));
        }
        Ran first =
                run("jobs", "start", "ingest", "location=" + fine, "--wait", "--reason", "first light", "-o", "json");
        assertThat(first.code()).as(first.err()).isEqualTo(ExitCode.OK);
        good = first.json().path("id").asLong();
        Ran second = run("jobs", "start", "ingest", "location=" + mixed, "--wait", "-o", "json");
        assertThat(second.code()).as(second.err()).isEqualTo(ExitCode.REFUSALS);
        skips = second.json().path("id").asLong();
        Ran third = run("jobs", "start", "ingest", "location=" + broken, "--wait", "-o", "json");
        assertThat(third.code()).as(third.out()).isEqualTo(ExitCode.ERROR);
        failed = third.json().path("id").asLong();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void theListIsFilteredAsAsked() {
        assertThat(run("runs", "--state", "completed_with_skips", "-o", "json")
                        .json()
                        .findValuesAsString("id"))
                .contains(Long.toString(skips))
                .doesNotContain(Long.toString(good), Long.toString(failed));
        assertThat(run("runs", "--parameter", "location:" + folder.resolve("fine"))
                        .out())
                .contains("COMPLETED")
                .contains(folder.resolve("fine").toString())
                .doesNotContain(folder.resolve("broken").toString());
        assertThat(run("runs", "--text", "first LIGHT", "--job", "ingest").out().lines())
                .hasSize(1);
        assertThat(run("runs", "--limit", "1", "--before", Long.toString(skips)).out())
                .startsWith("%6d".formatted(good));
        assertThat(run("runs", "--to", "2020-01-01").out()).isEmpty();
    }

    @Test
    void aRunIsShownByItsIdOrAsTheLastThatFailed() {
        String shown = run("runs", "show", Long.toString(good)).out();
        assertThat(shown)
                .contains("run " + good + " COMPLETED in")
                .contains("embed")
                .contains("through api: first light")
                .contains("version " + server.bean(Node.class).version() + ", settings ");
        assertThat(run("runs", Long.toString(good)).out()).isEqualTo(shown);
        Ran last = run("runs", "last-failed", "-o", "json");
        assertThat(last.json().path("id").asLong()).isGreaterThanOrEqualTo(failed);
        assertThat(last.json().path("state").asString()).isEqualTo("FAILED");
        assertThat(run("runs", "show", "latest").code()).isZero();
    }

    @Test
    void failuresAreShownWhole() {
        assertThat(run("runs", "failures", Long.toString(failed)).out())
                .contains("step extract")
                .contains("10 of 10 items of step extract were given up on, more than 50 %")
                .contains("\tat dev.tidemill.run.ItemLedger.");
        assertThat(run("runs", "failures", Long.toString(good)).out()).contains("no failures");
    }

    @Test
    void twoRunsAreCompared() {
        Ran diff = run("runs", "diff", Long.toString(good), Long.toString(skips));

        assertThat(diff.code()).isZero();
        assertThat(diff.out())
                .containsPattern("\\* state +COMPLETED +COMPLETED_WITH_SKIPS")
                .containsPattern("  job +ingest +ingest")
                .contains("* location")
                .contains("1 refused");
        assertThat(run("runs", "diff", Long.toString(good), Long.toString(good), "-o", "json")
                        .json()
                        .path("parameters"))
                .isEmpty();
    }

    @Test
    void anEndedRunIsWatchedToItsEndAtOnce() {
        assertThat(run("runs", "watch", Long.toString(good)).code()).isEqualTo(ExitCode.OK);
        assertThat(run("runs", "watch", Long.toString(skips)).code()).isEqualTo(ExitCode.REFUSALS);
        assertThat(run("runs", "watch", Long.toString(failed)).code()).isEqualTo(ExitCode.ERROR);
    }

    @Test
    void aFailedRunIsResumedOnceMoreAndThenGivenUp() {
        Ran again = run("runs", "again", Long.toString(failed), "allowMassDelete=true", "--wait", "-o", "json");
        assertThat(again.code()).as(again.err()).isEqualTo(ExitCode.ERROR);
        assertThat(again.json().path("parameters").path("allowMassDelete").asString())
                .isEqualTo("true");
        String id = again.json().path("id").asString();

        Ran resumed = run("runs", "resume", id, "--reason", "mended", "--wait", "-o", "json");
        assertThat(resumed.code()).isEqualTo(ExitCode.ERROR);
        assertThat(resumed.json().path("attempt").asInt()).isEqualTo(2);
        assertThat(resumed.json().path("runs").size()).isEqualTo(2);
        Ran old = run("runs", "resume", id);
        assertThat(old.code()).as("the old run has a successor").isEqualTo(ExitCode.CONFLICT);

        String newest = resumed.json().path("id").asString();
        assertThat(run("runs", "show", newest).out()).contains("attempt 2 of the runs " + id + " -> " + newest);
        assertThat(run("runs", "abandon", newest, "--reason", "no use").code()).isZero();
        assertThat(run("runs", newest, "-o", "json").json().path("state").asString())
                .isEqualTo("ABANDONED");
        assertThat(run("runs", "stop", newest).code()).isEqualTo(ExitCode.CONFLICT);
        assertThat(run("runs", "resume", newest).code()).isEqualTo(ExitCode.CONFLICT);
    }

    @Test
    void aResumedRunThatComesToItsEndStillTellsWhatTheOneBeforeItGaveUpOn() throws Exception {
        Path spoilt = Files.createDirectory(folder.resolve("spoilt"));
        for (int i = 0; i < 8; i++) {
            Files.write(spoilt.resolve(i + ".pdf"), ("%PDF-1.7 spoilt " + i).getBytes(StandardCharsets.US_ASCII));
        }
        Ran failing = run("jobs", "start", "ingest", "location=" + spoilt, "--wait", "-o", "json");
        assertThat(failing.code()).as(failing.err()).isEqualTo(ExitCode.ERROR);

        Ran resumed = run("runs", "resume", failing.json().path("id").asString(), "--wait", "-o", "json");
        assertThat(resumed.code()).as(resumed.out()).isEqualTo(ExitCode.REFUSALS);
        assertThat(resumed.json().path("state").asString()).isEqualTo("COMPLETED_WITH_SKIPS");
    }

    @Test
    void theSameIdempotencyKeyIsTheSameRun() {
        String location = "location=" + folder.resolve("fine");
        Ran one = run("jobs", "start", "ingest", location, "--idempotency-key", "k1", "--wait", "-o", "json");
        Ran two = run("jobs", "start", "ingest", location, "--idempotency-key", "k1", "-o", "json");

        assertThat(two.code()).as(two.err()).isZero();
        assertThat(two.json().path("id").asLong())
                .isEqualTo(one.json().path("id").asLong());
    }

    @Test
    void aRunThatTakesTooLongEndsTheWaitWithItsCode() {
        Path many = folder.resolve("many");
        writeMany(many, 60);

        Ran ran = run("jobs", "start", "ingest", "location=" + many, "--timeout", "0");

        assertThat(ran.code()).isEqualTo(ExitCode.TIMEOUT);
        assertThat(ran.err()).contains("has not ended after 0:00");
        Ran busy = run("jobs", "start", "ingest", "location=" + many);
        assertThat(busy.code()).as(busy.out()).isEqualTo(ExitCode.CONFLICT);
        Ran watched = run("runs", "watch", "latest");
        assertThat(watched.code()).as(watched.err()).isEqualTo(ExitCode.OK);
    }

    private static void writeMany(Path into, int documents) {
        try {
            Files.createDirectory(into);
            for (int i = 0; i < documents; i++) {
                Files.writeString(
                        into.resolve(i + ".md"),
                        "# Note " + i + "\n\n"
                                + ("Sentence " + i + " about boats, tides and number " + i + ". ").repeat(20));
            }
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void theJobsAreListedWithTheirParameters() {
        assertThat(run("jobs").out())
                .contains("ingest")
                .contains("location=text (required)")
                .contains("type=directory|")
                .contains("(default directory)");
    }
}
