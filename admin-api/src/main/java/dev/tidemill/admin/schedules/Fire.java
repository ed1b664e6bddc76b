package dev.tidemill.admin.schedules;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A time that came, and what was made of it.
///
/// @param fire the time in UTC or the run that it follows; part of the launch's identity
/// @param runId of the launch, null when there was none
/// @param times how many missed times it stands for
/// @param attempts failed ones
/// @param dueAt when it is launched or tried again, null when nothing is left to do
record Fire(
        UUID workspaceId,
        String schedule,
        String fire,
        Instant time,
        Outcome outcome,
        @Nullable Long runId,
        String message,
        int times,
        int attempts,
        @Nullable Instant dueAt) {

    /// What was made of it.
    enum Outcome {
        /// decided, not launched yet
        WAITING,
        LAUNCHED,
        /// left out, as a run was still busy
        SKIPPED,
        /// no launch could be made; with a time at which it is due it is tried again
        FAILED,
        /// passed while no server ran, left out by the misfire policy
        MISSED
    }

    /// The same identity is the same launch.
    String identity() {
        return identity(schedule, fire);
    }

    static String identity(String schedule, String fire) {
        return schedule + "@" + fire;
    }
}
