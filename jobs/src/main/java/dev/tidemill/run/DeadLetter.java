package dev.tidemill.run;

import java.time.OffsetDateTime;

/// An item that a job gave up on.
///
/// @param step the step that gave up
/// @param item identity of the item within the job
/// @param reason short and the same for the same cause
/// @param detail one sentence for the operator
/// @param attempts runs that tried it
public record DeadLetter(
        long id,
        String job,
        String step,
        String item,
        String reason,
        String detail,
        int attempts,
        long runId,
        OffsetDateTime lastSeen) {}
