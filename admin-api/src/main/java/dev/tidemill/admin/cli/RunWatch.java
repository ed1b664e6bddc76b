package dev.tidemill.admin.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;

/// Follows a run to its end and shows how far it is: done of total, rate over the last half minute, time left.
final class RunWatch {

    private static final int BAR = 24;
    private static final Duration RATE_OVER = Duration.ofSeconds(30);
    private static final Duration PLAIN_EVERY = Duration.ofSeconds(10);

    private final Api api;
    private final PrintWriter err;
    private final boolean interactive;
    private final Deque<Mark> marks = new ArrayDeque<>();
    private String step = "";
    private long lastPlain;

    RunWatch(Api api, PrintWriter err, boolean interactive) {
        this.api = api;
        this.err = err;
        this.interactive = interactive;
    }

    private record Mark(long nanos, long done) {}

    /// Waits for the end of the run.
    ///
    /// @throws CommandFailed with the code for a timeout
    JsonNode follow(long run, Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        SynchronousQueue<Boolean> ticks = new SynchronousQueue<>();
        try (ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("watch").factory())) {
            ScheduledFuture<?> ticking =
                    clock.scheduleWithFixedDelay(() -> ticks.offer(true), 0, 250, TimeUnit.MILLISECONDS);
            try {
                while (true) {
                    JsonNode view = api.get("/actuator/runs/" + run);
                    show(view, System.nanoTime());
                    if (RunText.ended(view)) {
                        return view;
                    }
                    if (System.nanoTime() > deadline) {
                        throw new CommandFailed(
                                ExitCode.TIMEOUT, "run " + run + " has not ended after " + RunText.clock(timeout));
                    }
                    ticks.poll(1, TimeUnit.SECONDS);
                }
            } finally {
                ticking.cancel(true);
                clear();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailed(ExitCode.ERROR, "interrupted while run " + run + " went on");
        }
    }

    private void show(JsonNode view, long now) {
        JsonNode steps = view.path("steps");
        if (steps.isEmpty()) {
            return;
        }
        JsonNode current = steps.get(steps.size() - 1);
        String name = current.path("name").asString("");
        if (!name.equals(step)) {
            step = name;
            marks.clear();
        }
        long done = current.path("written").asLong(0) + current.path("refused").asLong(0);
        marks.addLast(new Mark(now, done));
        while (marks.size() > 2 && now - marks.getFirst().nanos() > RATE_OVER.toNanos()) {
            marks.removeFirst();
        }
        String line = line(name, done, current.path("total").asLong(0), rate(marks));
        if (interactive) {
            err.print("\r\u001b[2K" + line);
            err.flush();
        } else if (now - lastPlain > PLAIN_EVERY.toNanos()) {
            lastPlain = now;
            err.println(line);
        }
    }

    private static double rate(Deque<Mark> marks) {
        Mark first = marks.getFirst();
        Mark last = marks.getLast();
        double seconds = (last.nanos() - first.nanos()) / 1e9;
        return seconds < 1 ? 0 : (last.done() - first.done()) / seconds;
    }

    static String line(String step, long done, long total, double rate) {
        if (total <= 0) {
            return String.format(Locale.ROOT, "%-9s %s", step, done == 0 ? "…" : Output.number(done));
        }
        int filled = (int) Math.min(BAR, BAR * done / total);
        String left = done >= total
                ? ""
                : rate <= 0
                        ? "  estimating"
                        : "  ETA " + RunText.clock(Duration.ofSeconds((long) ((total - done) / rate)));
        return String.format(
                Locale.ROOT,
                "%-9s [%s%s] %s/%s%s%s",
                step,
                "#".repeat(filled),
                "-".repeat(BAR - filled),
                Output.number(done),
                Output.number(total),
                rate <= 0 ? "" : String.format(Locale.ROOT, "  %.1f/s", rate),
                left);
    }

    private void clear() {
        if (interactive) {
            err.print("\r\u001b[2K");
            err.flush();
        }
    }
}
