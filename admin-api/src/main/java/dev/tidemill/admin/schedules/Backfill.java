package dev.tidemill.admin.schedules;

import dev.tidemill.admin.web.BadRequest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Runs for times of the past: those that have none, those whose run failed, or all.
final class Backfill {

    private static final int MOST = 1_000;

    /// Behind everything that is wanted now.
    private static final int BEHIND = -100;

    private final ScheduleStore store;
    private final Fires fires;

    Backfill(ScheduleStore store, Fires fires) {
        this.store = store;
        this.fires = fires;
    }

    /// Which times get a run.
    enum Select {
        MISSING,
        MISSING_AND_FAILED,
        ALL
    }

    /// A time, and what is done about it.
    ///
    /// @param state how its newest launch stands, null when it has none
    /// @param action `launch`, `launch again` or `leave`
    /// @param runId of the launch, null when there is none
    record Item(
            Instant time,
            @Nullable String state,
            String action,
            @Nullable Long runId) {}

    /// @throws BadRequest when the range cannot be used
    List<Item> run(
            SavedSchedule saved, Instant from, Instant to, Select select, boolean dryRun, String actor, String reason) {
        Schedule schedule = saved.read();
        List<Item> items = new ArrayList<>();
        for (Known known : known(saved, schedule, times(schedule, from, to))) {
            items.add(one(saved, schedule, known, select, dryRun, actor, reason));
        }
        return items;
    }

    private List<Instant> times(Schedule schedule, Instant from, Instant to) {
        Timing.Cron cron = schedule.cron();
        if (cron == null) {
            throw new BadRequest("name", "schedule " + schedule.name() + " follows runs: it has no times of its own");
        }
        if (to.isBefore(from)) {
            throw new BadRequest("to", "to is " + to + ", which is before from " + from);
        }
        if (to.isAfter(store.now())) {
            throw new BadRequest("to", "to is " + to + ", which is still to come");
        }
        List<Instant> times = new ArrayList<>();
        for (Instant time = cron.next(from.minusMillis(1)); time != null && !time.isAfter(to); time = cron.next(time)) {
            if (times.size() == MOST) {
                throw new BadRequest(
                        "to", "more than " + MOST + " times lie between from and to: take a shorter range");
            }
            times.add(time);
        }
        return times;
    }

    /// A time with the launches that it has.
    private record Known(Instant time, ScheduleStore.@Nullable Launch newest, int launches) {}

    private List<Known> known(SavedSchedule saved, Schedule schedule, List<Instant> times) {
        Map<String, Fire> recorded = new HashMap<>();
        store.fires(
                        saved.workspaceId(),
                        saved.name(),
                        times.stream().map(Instant::toString).toList())
                .forEach(fire -> recorded.put(fire.fire(), fire));
        Map<String, List<ScheduleStore.Launch>> launches =
                store.launchesOf(saved.workspaceId(), schedule.job(), schedule.name(), times);
        return times.stream()
                .map(time -> {
                    List<ScheduleStore.Launch> of = launches.getOrDefault(time.toString(), List.of());
                    Fire fire = recorded.get(time.toString());
                    if (of.isEmpty() && fire != null && fire.outcome() == Fire.Outcome.WAITING) {
                        return new Known(time, new ScheduleStore.Launch("", "waiting", 0), 1);
                    }
                    return new Known(time, of.isEmpty() ? null : of.getLast(), of.size());
                })
                .toList();
    }

    private Item one(
            SavedSchedule saved,
            Schedule schedule,
            Known known,
            Select select,
            boolean dryRun,
            String actor,
            String reason) {
        ScheduleStore.Launch newest = known.newest();
        String state = newest == null ? null : newest.state();
        Long runId = newest == null || newest.runId() == 0 ? null : newest.runId();
        boolean wanted = state == null
                || switch (state) {
                    case "queued", "running", "waiting" -> false;
                    case "completed" -> select == Select.ALL;
                    default -> select != Select.MISSING;
                };
        if (!wanted) {
            return new Item(known.time(), state, "leave", runId);
        }
        String action = newest == null ? "launch" : "launch again";
        if (dryRun) {
            return new Item(known.time(), state, action, runId);
        }
        // The number makes it another launch than those before, and the same one for whoever asks at the same time.
        String identity = Fire.identity(schedule.name(), known.time().toString())
                + (newest == null ? "" : "#" + (known.launches() + 1));
        int priority = (schedule.priority() == null ? 0 : schedule.priority()) + BEHIND;
        long launched = fires.launchLate(schedule, saved.workspaceId(), identity, priority, actor, reason);
        store.backfilled(saved, known.time(), launched, "backfilled by " + actor);
        return new Item(known.time(), state, action, launched);
    }
}
