package dev.tidemill.run;

import java.time.Duration;
import java.util.random.RandomGenerator;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// How often and how patiently something is tried again.
///
/// @param attempts most tries in a row, the first one included; 0 for no end
/// @param backoff wait before the second try
/// @param multiplier by which each further wait grows, at least 1
/// @param maxBackoff longest wait
/// @param jitter share of the wait, 0 to 1, by which it is moved at random, so that many do not come back at once
public record Backoff(
        @DefaultValue("5") int attempts,
        @DefaultValue("1s") Duration backoff,
        @DefaultValue("2") double multiplier,
        @DefaultValue("1m") Duration maxBackoff,
        @DefaultValue("0.2") double jitter) {

    public Backoff {
        if (attempts < 0) {
            throw new IllegalArgumentException("attempts is " + attempts + ": must be 0 (no end) or more");
        }
        if (multiplier < 1) {
            throw new IllegalArgumentException("multiplier is " + multiplier + ": must be at least 1");
        }
        if (jitter < 0 || jitter > 1) {
            throw new IllegalArgumentException("jitter is " + jitter + ": must be between 0 and 1");
        }
        if (backoff.isNegative() || maxBackoff.compareTo(backoff) < 0) {
            throw new IllegalArgumentException("backoff is " + backoff + " and max-backoff " + maxBackoff
                    + ": must be 0 <= backoff <= max-backoff");
        }
    }

    /// Whether another try is left after this many failed ones.
    boolean allows(int failures) {
        return attempts == 0 || failures < attempts;
    }

    /// The wait after the given number of failed tries, at least 1.
    Duration waitAfter(int failures, RandomGenerator random) {
        double millis =
                Math.min(backoff.toMillis() * Math.pow(multiplier, failures - 1.0), (double) maxBackoff.toMillis());
        double moved = millis * (1 + jitter * (2 * random.nextDouble() - 1));
        return Duration.ofMillis(Math.round(Math.min(moved, (double) maxBackoff.toMillis())));
    }
}
