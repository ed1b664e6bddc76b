package dev.tidemill.run;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Which runs are looked for; what is null or empty does not matter.
///
/// @param status of the execution, see [RunView#status]
/// @param from asked for at or after
/// @param to asked for before
/// @param parameters values that parameters have
/// @param text found in subject, reason, message, a parameter or a failure, whatever its case
/// @param origin where the wish came from
/// @param before ids below this one, the last of the page before
/// @param limit runs of a page
public record RunQuery(
        @Nullable String job,
        @Nullable String status,
        @Nullable RunState state,
        @Nullable Instant from,
        @Nullable Instant to,
        Map<String, String> parameters,
        @Nullable String text,
        @Nullable String origin,
        @Nullable Long before,
        int limit) {

    public RunQuery {
        parameters = Map.copyOf(parameters);
        if (limit < 1) {
            throw new IllegalArgumentException("limit is " + limit + ": must be at least 1");
        }
    }

    /// The newest runs.
    public static RunQuery newest(int limit) {
        return new RunQuery(null, null, null, null, null, Map.of(), null, null, null, limit);
    }
}
