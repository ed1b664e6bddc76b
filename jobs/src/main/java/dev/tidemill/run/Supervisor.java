package dev.tidemill.run;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/// Looks for runs whose process died, at the start of the server and from then on at an interval, and resumes them.
final class Supervisor implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(Supervisor.class);

    private final Runs runs;
    private final Duration interval;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("supervisor").daemon().factory());
    private volatile boolean running;
    private @Nullable ScheduledFuture<?> looks;

    Supervisor(Runs runs, Duration interval) {
        this.runs = runs;
        this.interval = interval;
    }

    @Override
    public void start() {
        running = true;
        looks = timer.scheduleWithFixedDelay(this::look, 0, interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void look() {
        try {
            runs.resumeOrphans();
        } catch (RuntimeException e) {
            // An exception would end the timer; the next look is the retry.
            log.warn("the supervisor could not look for dead runs; it tries again in {}", interval, e);
        }
    }

    @Override
    public void stop() {
        running = false;
        if (looks != null) {
            looks.cancel(true);
        }
        timer.shutdownNow();
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /// Stopped before the runs are.
    @Override
    public int getPhase() {
        return Integer.MAX_VALUE - 50;
    }
}
