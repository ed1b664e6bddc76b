package dev.tidemill.admin;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.TransactionException;

/// Looks at something again and again, on a thread of its own, as long as the server runs. A look that fails is told in
/// the log, and the next one is its retry.
public final class Repetition implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(Repetition.class);

    private final String name;
    private final Duration pause;
    private final Runnable look;
    private volatile boolean running;
    private volatile CountDownLatch stopping = new CountDownLatch(1);

    /// Looks once it is started.
    ///
    /// @param name of the thread, and in the log
    /// @param pause between the end of a look and the next
    public Repetition(String name, Duration pause, Runnable look) {
        this.name = name;
        this.pause = pause;
        this.look = look;
    }

    private void loop() {
        try {
            while (running) {
                once();
                if (stopping.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// A thread's edge: what is thrown would end the repetition.
    private void once() {
        try {
            look.run();
        } catch (DataAccessException | TransactionException e) {
            log.warn("{} cannot look now: {}", name, e.getMessage());
        } catch (RuntimeException e) {
            log.error("{} could not look", name, e);
        }
    }

    @Override
    public void start() {
        running = true;
        stopping = new CountDownLatch(1);
        Thread.ofVirtual().name(name).start(this::loop);
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
