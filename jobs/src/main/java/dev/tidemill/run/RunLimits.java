package dev.tidemill.run;

import java.time.Duration;

/// How often and how patiently a run is resumed by itself.
///
/// @param attempts most executions of one run before an operator has to look, at least 1
/// @param backoff wait before the second execution
/// @param multiplier by which each further wait grows, at least 1
/// @param maxBackoff longest wait
public record RunLimits(int attempts, Duration backoff, double multiplier, Duration maxBackoff) {

    public RunLimits {
        if (attempts < 1) {
            throw new IllegalArgumentException("attempts is " + attempts + ": must be at least 1");
        }
        if (multiplier < 1) {
            throw new IllegalArgumentException("multiplier is " + multiplier + ": must be at least 1");
        }
        if (backoff.isNegative() || maxBackoff.compareTo(backoff) < 0) {
            throw new IllegalArgumentException("backoff is " + backoff + " and max-backoff " + maxBackoff
                    + ": must be 0 <= backoff <= max-backoff");
        }
    }

    /// The wait after the given number of executions.
    Duration waitAfter(int executions) {
        double millis = backoff.toMillis() * Math.pow(multiplier, executions - 1.0);
        return millis >= maxBackoff.toMillis() ? maxBackoff : Duration.ofMillis((long) millis);
    }
}
