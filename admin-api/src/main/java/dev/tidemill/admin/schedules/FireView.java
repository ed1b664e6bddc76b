package dev.tidemill.admin.schedules;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What was made of a time, for people.
///
/// @param state how the launch stands, null where there was none
/// @param times how many missed times it stands for
/// @param nextTry when it is launched or tried again
record FireView(
        String fire,
        Instant time,
        String outcome,
        @Nullable Long runId,
        @Nullable String state,
        String message,
        int times,
        int attempts,
        @Nullable Instant nextTry) {

    static FireView of(Fire fire, @Nullable String state) {
        return new FireView(
                fire.fire(),
                fire.time(),
                Words.of(fire.outcome()),
                fire.runId(),
                state,
                fire.message(),
                fire.times(),
                fire.attempts(),
                fire.dueAt());
    }
}
