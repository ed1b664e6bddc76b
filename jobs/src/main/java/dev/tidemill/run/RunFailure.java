package dev.tidemill.run;

import java.time.OffsetDateTime;
import org.jspecify.annotations.Nullable;

/// An exception that ended a run, whole.
///
/// @param runId the run, as those of a launch are told together
/// @param step null when it was outside of a step
/// @param kind DATA, TRANSIENT, RATE_LIMITED, NO_SPACE or UNKNOWN
/// @param exception class of the innermost cause
public record RunFailure(
        long runId,
        int number,
        @Nullable String step,
        OffsetDateTime at,
        String kind,
        String exception,
        String message,
        String stack) {}
