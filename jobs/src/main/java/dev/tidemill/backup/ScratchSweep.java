package dev.tidemill.backup;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/// Removes what ended launches left in scratch: when the process starts, every minute, and when it stops.
final class ScratchSweep implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(ScratchSweep.class);
    private static final Duration EVERY = Duration.ofMinutes(1);

    private final Scratch scratch;
    private @Nullable ScheduledExecutorService clock;

    ScratchSweep(Scratch scratch) {
        this.scratch = scratch;
    }

    @Override
    public void start() {
        ScheduledExecutorService made = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("scratch-sweep").daemon().factory());
        var sweeps = made.scheduleWithFixedDelay(this::sweep, 1, EVERY.toSeconds(), TimeUnit.SECONDS);
        log.debug("sweeping: {}", sweeps);
        clock = made;
    }

    private void sweep() {
        try {
            scratch.sweep();
        } catch (RuntimeException e) { // the edge of a thread: the next look is the retry
            log.warn("scratch cannot be swept: {}", e.getMessage());
        }
    }

    @Override
    public void stop() {
        ScheduledExecutorService made = clock;
        clock = null;
        if (made == null) {
            return;
        }
        made.shutdown();
        try {
            if (made.awaitTermination(20, TimeUnit.SECONDS)) {
                sweep();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public boolean isRunning() {
        return clock != null;
    }

    /// Stopped after the runs.
    @Override
    public int getPhase() {
        return 0;
    }
}
