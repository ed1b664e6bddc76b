package dev.tidemill.run;

import java.time.Duration;

/// An exception whose cause asked for patience, as HTTP's `Retry-After` does.
public interface RetryAfter {

    /// How long to wait before another try.
    Duration retryAfter();
}
