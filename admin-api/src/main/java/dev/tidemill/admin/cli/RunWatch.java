package dev.tidemill.admin.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;

/// Follows a run to the end of its launch and shows how far it is, with the server's own figures.
final class RunWatch {

    private static final int BAR = 24;
    private static final Duration PLAIN_EVERY = Duration.ofSeconds(10);
    private static final Duration RECONNECT_AFTER = Duration.ofSeconds(1);

    private final Api api;
    private final PrintWriter err;
    private final boolean interactive;
    private String lastEvent = "";
    private long plainAt = System.nanoTime() - PLAIN_EVERY.toNanos();

    RunWatch(Api api, PrintWriter err, boolean interactive) {
        this.api = api;
        this.err = err;
        this.interactive = interactive;
    }

    /// Waits for the end of the launch.
    ///
    /// @return its newest run
    /// @throws CommandFailed with the code for a timeout
    JsonNode follow(long run, Duration timeout) {
        Instant deadline = Instant.now().plus(timeout);
        try {
            while (true) {
                try (EventStream events = api.events("/actuator/runs/" + run + "/events", lastEvent)) {
                    while (true) {
                        EventStream.Event event = events.next(left(deadline, run, timeout));
                        if (event == null) {
                            continue;
                        }
                        lastEvent = event.id();
                        if (event.name().equals("end")) {
                            return event.data();
                        }
                        show(event.data());
                    }
                } catch (IOException e) {
                    // A server that restarts takes some seconds; one that is gone is told by the next attempt.
                    left(deadline, run, timeout);
                    TimeUnit.MILLISECONDS.sleep(RECONNECT_AFTER.toMillis());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailed(ExitCode.ERROR, "interrupted while run " + run + " went on");
        } finally {
            clear();
        }
    }

    private static Duration left(Instant deadline, long run, Duration timeout) {
        Duration left = Duration.between(Instant.now(), deadline);
        if (!left.isPositive()) {
            throw new CommandFailed(ExitCode.TIMEOUT, "run " + run + " has not ended after " + RunText.clock(timeout));
        }
        return left;
    }

    private void show(JsonNode run) {
        String line = line(run);
        if (interactive) {
            err.print("\r\u001b[2K" + line);
            err.flush();
        } else if (System.nanoTime() - plainAt >= PLAIN_EVERY.toNanos()) {
            plainAt = System.nanoTime();
            err.println(line);
        }
    }

    static String line(JsonNode run) {
        JsonNode progress = run.path("progress");
        if (progress.isMissingNode()) {
            return RunText.standing(run);
        }
        String step = progress.path("step").asString("");
        JsonNode now = progress.path("current");
        long done = now.path("done").asLong(0);
        long total = now.path("total").asLong(0);
        if (total <= 0) {
            return String.format(Locale.ROOT, "%-9s %s", step, done == 0 ? "…" : Output.number(done)) + pace(now);
        }
        int filled = (int) Math.min(BAR, BAR * done / total);
        return String.format(
                        Locale.ROOT,
                        "%-9s [%s%s] %s/%s",
                        step,
                        "#".repeat(filled),
                        "-".repeat(BAR - filled),
                        Output.number(done),
                        Output.number(total))
                + (done >= total ? "" : pace(now));
    }

    private static String pace(JsonNode now) {
        StringBuilder pace = new StringBuilder();
        if (now.hasNonNull("rate")) {
            pace.append(String.format(Locale.ROOT, "  %.1f/s", now.path("rate").asDouble()));
        } else if (now.path("estimating").asBoolean(false)) {
            pace.append("  estimating");
        }
        if (now.hasNonNull("etaSeconds")) {
            pace.append("  ETA ").append(clock(now, "etaSeconds"));
            if (now.hasNonNull("etaHighSeconds")) {
                pace.append(" (")
                        .append(clock(now, "etaLowSeconds"))
                        .append('–')
                        .append(clock(now, "etaHighSeconds"))
                        .append(')');
            }
        }
        if (now.path("stalled").asBoolean(false)) {
            pace.append("  STALLED");
            if (now.hasNonNull("lastCommit")) {
                pace.append(", last commit ").append(now.path("lastCommit").asString());
            }
        }
        return pace.toString();
    }

    private static String clock(JsonNode now, String seconds) {
        return RunText.clock(Duration.ofSeconds(now.path(seconds).asLong()));
    }

    private void clear() {
        if (interactive) {
            err.print("\r\u001b[2K");
            err.flush();
        }
    }
}
