package dev.tidemill.source;

import java.time.Duration;

/// Bounds on fetching from the web.
///
/// @param timeout for connecting, and again for the whole answer
/// @param maxBytes most bytes of one page
/// @param attempts most tries of one address, at least 1
/// @param backoff wait before the second try, doubled for each further one; an answer's Retry-After replaces it
/// @param allowPrivate whether addresses of this machine and of private networks may be fetched; keep it off unless
///     the pages are your own
public record WebLimits(Duration timeout, long maxBytes, int attempts, Duration backoff, boolean allowPrivate) {}
