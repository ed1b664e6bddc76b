package dev.tidemill.search;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// Which queries are being answered in this process, so that work which can wait lets them go first.
public final class QueryTraffic {

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition quiet = lock.newCondition();
    private int queries;

    /// Answers a query.
    public <T> T during(Supplier<T> query) {
        change(1);
        try {
            return query.get();
        } finally {
            change(-1);
        }
    }

    private void change(int by) {
        lock.lock();
        try {
            queries += by;
            if (queries == 0) {
                quiet.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /// Waits until no query is being answered, but not longer than this: work goes on however many are asked.
    public void giveWay(Duration longest) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = longest.toNanos();
            while (queries > 0 && left > 0) {
                left = quiet.awaitNanos(Math.min(left, TimeUnit.MINUTES.toNanos(1)));
            }
        } finally {
            lock.unlock();
        }
    }
}
