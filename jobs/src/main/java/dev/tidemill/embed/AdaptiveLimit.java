package dev.tidemill.embed;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// How many requests may be under way: one more after each full round that went well, half as many after one that
/// did not.
final class AdaptiveLimit {

    private final int most;
    private final ReentrantLock lock = new ReentrantLock(true);
    private final Condition changed = lock.newCondition();
    private double limit;
    private int underWay;

    AdaptiveLimit(int most) {
        this.most = most;
        this.limit = Math.min(2, most);
    }

    void acquire() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (underWay >= (int) limit) {
                changed.await();
            }
            underWay++;
        } finally {
            lock.unlock();
        }
    }

    void release() {
        lock.lock();
        try {
            underWay--;
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    void wentWell() {
        lock.lock();
        try {
            limit = Math.min(most, limit + 1 / limit);
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    void pushedBack() {
        lock.lock();
        try {
            limit = Math.max(1, limit / 2);
        } finally {
            lock.unlock();
        }
    }

    int now() {
        lock.lock();
        try {
            return (int) limit;
        } finally {
            lock.unlock();
        }
    }
}
