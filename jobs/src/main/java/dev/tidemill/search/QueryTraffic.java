package dev.tidemill.search;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/// Which queries are being answered in this process, so that work which can wait lets them go first.
///
/// While none is answered, such work goes on as if it were alone. Beside queries one piece of it is done at a time,
/// with a pause before each: processors are left for the queries, and the work still comes to an end.
public final class QueryTraffic {

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private int queries;
    private int working;
    private int waiting;
    private long lastDone = System.nanoTime();

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
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Does a piece of work that can wait: as soon as no query is being answered, or beside queries when no other such
    /// piece is being done and none was for the length of the pause.
    ///
    /// @param pause before each piece that is done beside queries; zero for not to wait at all
    public <T> T behind(Duration pause, Callable<T> work) throws Exception {
        begin(pause.toNanos());
        try {
            return work.call();
        } finally {
            end();
        }
    }

    private void begin(long pause) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long asked = System.nanoTime();
            waiting++;
            try {
                while (queries > 0 && pause > 0) {
                    long now = System.nanoTime();
                    long left = pause - Math.min(now - asked, now - lastDone);
                    if (working > 0) {
                        changed.await();
                    } else if (left > 0) {
                        long _ = changed.awaitNanos(left);
                    } else {
                        break;
                    }
                }
            } finally {
                waiting--;
            }
            working++;
        } finally {
            lock.unlock();
        }
    }

    private void end() {
        lock.lock();
        try {
            working--;
            lastDone = System.nanoTime();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Pieces of work that let queries go first.
    int waiting() {
        lock.lock();
        try {
            return waiting;
        } finally {
            lock.unlock();
        }
    }
}
