package dev.tidemill.postgres;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/// Waits for what no event tells of, such as the state of another process. Between two looks it leaves the processor
/// to what it waits for: a tight loop that asks a server takes a core from it.
public final class Await {

    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(5);

    private Await() {}

    /// Waits for a minute at most.
    ///
    /// @throws AssertionError when it is over, with what was waited for
    public static void until(String what, Callable<Boolean> holds) throws Exception {
        until(what, Duration.ofMinutes(1), holds);
    }

    /// Waits as long as patience lasts.
    ///
    /// @throws AssertionError when it is over, with what was waited for
    public static void until(String what, Duration patience, Callable<Boolean> holds) throws Exception {
        long end = System.nanoTime() + patience.toNanos();
        while (!holds.call()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("within " + patience.toSeconds() + " s it did not come about: " + what);
            }
            LockSupport.parkNanos(BETWEEN_LOOKS.toNanos());
        }
    }
}
