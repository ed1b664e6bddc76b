package dev.tidemill.admin.sets;

import dev.tidemill.sets.SoakEnd;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.TransactionException;

/// Looks in every server for sets whose time to be gone back to is over. It does not matter which one finds them.
final class SoakWatch implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(SoakWatch.class);
    private static final Duration EVERY = Duration.ofSeconds(30);

    private final SoakEnd end;
    private final InstantSource clock;
    private volatile boolean running;
    private volatile CountDownLatch stopping = new CountDownLatch(1);

    SoakWatch(SoakEnd end, InstantSource clock) {
        this.end = end;
        this.clock = clock;
    }

    private void loop() {
        try {
            while (running) {
                look();
                if (stopping.await(EVERY.toSeconds(), TimeUnit.SECONDS)) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// A thread's edge: what is thrown would end the repetition.
    private void look() {
        try {
            end.look(clock.instant());
        } catch (DataAccessException | TransactionException e) {
            log.warn("sets that have soaked cannot be retired yet: {}", e.getMessage());
        } catch (RuntimeException e) {
            log.error("sets that have soaked could not be retired", e);
        }
    }

    @Override
    public void start() {
        running = true;
        stopping = new CountDownLatch(1);
        Thread.ofVirtual().name("soak-watch").start(this::loop);
    }

    @Override
    public void stop() {
        running = false;
        stopping.countDown();
    }

    @Override
    public boolean isRunning() {
        return running;
    }
}
