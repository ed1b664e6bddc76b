package dev.tidemill.extract;

import dev.tidemill.document.RefusalReason;
import java.time.Duration;

/// The time one file may take, without the time its receiver takes for the blocks. Used by one thread.
final class TimeBudget {

    private final Duration limit;
    private long remainingNanos;
    private long startedAt;

    TimeBudget(Duration limit) {
        this.limit = limit;
        this.remainingNanos = limit.compareTo(Duration.ofDays(1)) > 0 ? Long.MAX_VALUE / 4 : limit.toNanos();
        this.startedAt = System.nanoTime();
    }

    /// For a child JVM, whose parent watches the time.
    static TimeBudget unlimited() {
        return new TimeBudget(Duration.ofDays(100));
    }

    void pause() {
        remainingNanos -= System.nanoTime() - startedAt;
    }

    void resume() {
        startedAt = System.nanoTime();
    }

    long remainingNanos() {
        return remainingNanos - (System.nanoTime() - startedAt);
    }

    void check() {
        if (remainingNanos() <= 0) {
            throw expired();
        }
        if (Thread.interrupted()) {
            throw new ReadingInterrupted();
        }
    }

    RefusedException expired() {
        return new RefusedException(
                RefusalReason.TIMEOUT, "Reading it took longer than the limit of " + limit.toMillis() + " ms.");
    }
}
