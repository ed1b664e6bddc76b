package dev.tidemill.admin.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/// Runs as text.
final class RunText {

    private static final int REFUSALS_SHOWN = 10;

    private RunText() {}

    private static boolean ended(JsonNode run) {
        return run.hasNonNull("end");
    }

    /// Where a run stands, with what it waits for.
    static String standing(JsonNode run) {
        String state = run.path("state").asString("?");
        if (run.hasNonNull("waitingFor")) {
            return state + ", waits for " + run.path("waitingFor").asString();
        }
        JsonNode retry = run.path("retry");
        if (retry.isMissingNode() || retry.isNull()) {
            return state;
        }
        return state + " " + retry.path("attempt").asLong()
                + (retry.hasNonNull("of") ? " of " + retry.path("of").asLong() : "") + " at "
                + retry.path("dueAt").asString("")
                + (retry.hasNonNull("error")
                        ? ": " + Output.shortened(retry.path("error").asString(), 200)
                        : "");
    }

    /// A run as one line of a list.
    static String row(JsonNode run) {
        JsonNode now = run.path("progress").path("current");
        String doing = now.hasNonNull("total")
                ? run.path("progress").path("step").asString("") + " "
                        + Output.number(now.path("done").asLong()) + "/"
                        + Output.number(now.path("total").asLong())
                        + (now.path("stalled").asBoolean(false) ? " STALLED" : "") + "  "
                : "";
        return String.format(
                Locale.ROOT,
                "%6d  %-10s %-20s %s  %8s  %s%s",
                run.path("id").asLong(),
                run.path("job").asString(""),
                run.path("state").asString(""),
                run.path("start").asString(""),
                duration(run),
                doing,
                run.path("parameters")
                        .path("location")
                        .asString(run.path("subject").asString("")));
    }

    /// Where a run came from and what it ran with.
    static void background(JsonNode run, PrintWriter out) {
        if (run.path("runs").size() > 1) {
            StringBuilder chain = new StringBuilder();
            run.path("runs")
                    .forEach(id -> chain.append(chain.isEmpty() ? "" : " -> ").append(id.asLong()));
            out.println("  attempt " + run.path("attempt").asLong() + " of the runs " + chain);
        }
        String reason = run.path("reason").asString("");
        out.println("  by " + run.path("requestedBy").asString("?") + " through "
                + run.path("origin").asString("?") + (reason.isBlank() ? "" : ": " + Output.shortened(reason, 200)));
        JsonNode node = run.path("node");
        if (node.hasNonNull("name")) {
            out.println("  on " + node.path("name").asString()
                    + (!ended(run) && node.hasNonNull("heartbeatAgeSeconds")
                            ? ", last heard of "
                                    + node.path("heartbeatAgeSeconds").asLong() + " s ago"
                            : "")
                    + ", version " + run.path("codeVersion").asString("") + ", settings "
                    + run.path("configHash").asString(""));
        }
        for (JsonNode failure : run.path("failures")) {
            out.println("  run " + failure.path("runId").asLong() + " failed with "
                    + failure.path("exception").asString("") + ": "
                    + Output.shortened(failure.path("message").asString(""), 160));
        }
        if (!run.path("failures").isEmpty()) {
            out.println("  whole: tidemill runs failures " + run.path("id").asLong());
        }
    }

    static int exitCode(JsonNode run) {
        if (!run.path("status").asString("").equals("COMPLETED")) {
            return ExitCode.ERROR;
        }
        boolean skips = run.path("state").asString("").equals("COMPLETED_WITH_SKIPS") || refused(run) > 0;
        return skips ? ExitCode.REFUSALS : ExitCode.OK;
    }

    static long refused(JsonNode run) {
        long refused = 0;
        for (JsonNode step : run.path("steps")) {
            refused += step.path("refused").asLong(0);
        }
        return refused;
    }

    static void summary(JsonNode run, Api api, PrintWriter out) {
        out.printf(Locale.ROOT, "run %d %s in %s%n", run.path("id").asLong(), standing(run), duration(run));
        if (!run.path("progress").isMissingNode()) {
            out.println("  " + RunWatch.line(run));
        }
        for (JsonNode step : run.path("steps")) {
            out.printf(
                    Locale.ROOT,
                    "  %-14s %-10s %12s done %10s refused%n",
                    step.path("name").asString(""),
                    step.path("status").asString(""),
                    Output.number(step.path("written").asLong(0)),
                    Output.number(step.path("refused").asLong(0)));
        }
        String message = run.path("message").asString("");
        if (!message.isBlank()) {
            out.println("  " + Output.shortened(message, 500));
        }
        if (refused(run) > 0) {
            refusals(run.path("id").asLong(), api, out);
        }
    }

    private static void refusals(long run, Api api, PrintWriter out) {
        JsonNode letters = api.get("/actuator/deadletters?run=" + run + "&limit=" + (REFUSALS_SHOWN + 1));
        int shown = 0;
        for (JsonNode letter : letters) {
            if (shown++ == REFUSALS_SHOWN) {
                out.println("  and more: tidemill deadletters --run " + run);
                return;
            }
            out.printf(
                    "  refused %s: %s, %s%n",
                    letter.path("item").asString(""),
                    letter.path("reason").asString(""),
                    Output.shortened(letter.path("detail").asString(""), 160));
        }
    }

    static String duration(JsonNode run) {
        if (!run.hasNonNull("start")) {
            return "-";
        }
        Instant start = Instant.parse(run.path("start").asString());
        Instant end = ended(run) ? Instant.parse(run.path("end").asString()) : Instant.now();
        return clock(Duration.between(start, end));
    }

    /// Minutes and seconds, with hours where there are any.
    static String clock(Duration duration) {
        long seconds = Math.max(0, duration.toSeconds());
        return seconds < 3_600
                ? String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    }
}
