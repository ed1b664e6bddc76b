package dev.tidemill.run.alerts;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// When a message that did not arrive is tried again: soon, then ever more seldom, and after its time not at all.
final class Wait {

    private static final List<Duration> WAITS = List.of(
            Duration.ofSeconds(5),
            Duration.ofMinutes(5),
            Duration.ofMinutes(30),
            Duration.ofHours(2),
            Duration.ofHours(5),
            Duration.ofHours(10),
            Duration.ofHours(14));

    /// So that a receiver that comes back is not met by everybody at once.
    private static final double JITTER = 0.1;

    private Wait() {}

    /// The wait before the next try.
    ///
    /// @param attempts tries so far
    /// @param since when it was first meant to go
    /// @return null when its time is over
    static @Nullable Instant next(
            int attempts, Instant since, Instant now, Duration giveUpAfter, RandomGenerator random) {
        Instant last = since.plus(giveUpAfter);
        if (!now.isBefore(last)) {
            return null;
        }
        Duration wait = WAITS.get(Math.clamp(attempts - 1L, 0, WAITS.size() - 1));
        Instant next = now.plusMillis((long) (wait.toMillis() * (1 + JITTER * random.nextDouble())));
        // One try more at the very end of its time.
        return next.isAfter(last) ? last : next;
    }
}
