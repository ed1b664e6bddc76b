package dev.tidemill.run;

import java.time.OffsetDateTime;
import org.jspecify.annotations.Nullable;

/// An item that a job gave up on.
///
/// @param step the step that gave up
/// @param item name of the item as a person knows it
/// @param itemKey identity of the item within the job
/// @param reason short and the same for the same cause
/// @param detail one sentence for the operator
/// @param attempts runs that tried it
/// @param runId the last of them
/// @param payload how to get at the item's bytes
/// @param decidedBy who asked last that it be replayed or ignored
/// @param stackHash equal for exceptions of the same cause, empty where there was none
/// @param stack the exception, left out of lists
public record DeadLetter(
        long id,
        String job,
        String step,
        String item,
        String itemKey,
        String errorClass,
        String reason,
        String detail,
        String state,
        int attempts,
        long runId,
        @Nullable Long versionId,
        @Nullable String payload,
        OffsetDateTime firstSeen,
        OffsetDateTime lastSeen,
        @Nullable String ignoreReason,
        @Nullable String decidedBy,
        @Nullable OffsetDateTime decidedAt,
        @Nullable OffsetDateTime resolvedAt,
        String stackHash,
        @Nullable String stack) {}
