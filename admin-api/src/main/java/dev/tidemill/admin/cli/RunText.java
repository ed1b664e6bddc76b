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

    static boolean ended(JsonNode run) {
        return run.hasNonNull("end");
    }

    static int exitCode(JsonNode run) {
        if (!run.path("status").asString("").equals("COMPLETED")) {
            return ExitCode.ERROR;
        }
        return refused(run) > 0 ? ExitCode.REFUSALS : ExitCode.OK;
    }

    static long refused(JsonNode run) {
        long refused = 0;
        for (JsonNode step : run.path("steps")) {
            refused += step.path("refused").asLong(0);
        }
        return refused;
    }

    static void summary(JsonNode run, Api api, PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "run %d %s in %s%n",
                run.path("id").asLong(),
                run.path("status").asString("?"),
                duration(run));
        for (JsonNode step : run.path("steps")) {
            out.printf(
                    Locale.ROOT,
                    "  %-10s %-10s %12s done %10s refused%n",
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
