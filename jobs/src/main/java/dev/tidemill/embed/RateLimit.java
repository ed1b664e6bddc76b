package dev.tidemill.embed;

import java.time.Duration;

/// Counts the requests of all processes to a service.
@FunctionalInterface
public interface RateLimit {

    /// Takes requests out of an allowance.
    ///
    /// @return how long to wait before sending them
    Duration reserve(String name, int perMinute, int requests);

    /// For a process alone, without a limit.
    RateLimit NONE = (name, perMinute, requests) -> Duration.ZERO;
}
