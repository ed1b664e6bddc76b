package dev.tidemill.admin.schedules;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A schedule as its file says.
///
/// @param name of the file without its ending
/// @param workspace slug, or organization/slug; null for the start workspace, `*` for the whole installation
/// @param jitter each start is put off by up to this much, the same for the same time on every node
/// @param priority of the launches, null for the job's own
/// @param paused whether it is added paused
record Schedule(
        String name,
        String job,
        Timing timing,
        @Nullable String workspace,
        Map<String, String> parameters,
        Misfire misfire,
        Overlap overlap,
        Duration jitter,
        @Nullable Integer priority,
        boolean paused,
        String description) {

    static final String WHOLE_INSTALLATION = "*";

    /// What is done about times that passed while no server ran.
    enum Misfire {
        /// one run, for the latest of them
        ONCE,
        /// one run for each
        ALL,
        /// none
        SKIP
    }

    /// What is done when a run is still busy with the same.
    enum Overlap {
        /// this time is left out
        SKIP,
        /// it waits for its turn
        QUEUE,
        /// the run at work is stopped first
        STOP_RUNNING
    }

    Schedule {
        parameters = Map.copyOf(parameters);
    }

    Timing.@Nullable Cron cron() {
        return switch (timing) {
            case Timing.Cron cron -> cron;
            case Timing.After after -> null;
        };
    }

    Timing.@Nullable After after() {
        return switch (timing) {
            case Timing.Cron cron -> null;
            case Timing.After after -> after;
        };
    }

    /// Where its launches come from.
    String origin() {
        return "schedule:" + name;
    }
}
