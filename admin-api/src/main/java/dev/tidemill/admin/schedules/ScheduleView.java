package dev.tidemill.admin.schedules;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A schedule, for people.
///
/// @param after what it follows, null when it goes by the clock
/// @param next its next times; they do not come while it is paused
/// @param missed times that passed while no server ran and that nobody caught up
record ScheduleView(
        String name,
        String description,
        String job,
        Map<String, String> parameters,
        @Nullable String workspace,
        @Nullable String cron,
        @Nullable String zone,
        @Nullable AfterView after,
        String misfire,
        String overlap,
        String jitter,
        @Nullable Integer priority,
        boolean paused,
        List<FireTime> next,
        @Nullable FireView last,
        long missed) {

    /// What a schedule follows.
    record AfterView(@Nullable String job, @Nullable String schedule, String on) {}

    static ScheduleView of(
            Schedule schedule, boolean paused, List<FireTime> next, @Nullable FireView last, long missed) {
        Timing.Cron cron = schedule.cron();
        Timing.After after = schedule.after();
        return new ScheduleView(
                schedule.name(),
                schedule.description(),
                schedule.job(),
                schedule.parameters(),
                schedule.workspace(),
                cron == null ? null : cron.expression(),
                cron == null ? null : cron.zone().toString(),
                after == null ? null : new AfterView(after.job(), after.schedule(), Words.of(after.outcome())),
                Words.of(schedule.misfire()),
                Words.of(schedule.overlap()),
                schedule.jitter().toString(),
                schedule.priority(),
                paused,
                next,
                last,
                missed);
    }
}
