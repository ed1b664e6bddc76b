package dev.tidemill.run;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/// Waits between two tries.
@FunctionalInterface
interface Pause {

    /// Waits, but not beyond the wish to stop.
    ///
    /// @param stopped whether the run was asked to stop
    /// @return false when it was, before the time was over
    boolean pause(Duration time, BooleanSupplier stopped) throws InterruptedException;

    /// By the clock of this machine.
    static Pause real() {
        return (time, stopped) -> {
            long end = System.nanoTime() + time.toNanos();
            for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
                if (stopped.getAsBoolean()) {
                    return false;
                }
                TimeUnit.NANOSECONDS.sleep(Math.min(left, 200_000_000L));
            }
            return !stopped.getAsBoolean();
        };
    }
}
