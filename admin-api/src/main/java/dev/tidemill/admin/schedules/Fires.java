package dev.tidemill.admin.schedules;

import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.LaunchRequest.WhenBusy;
import dev.tidemill.run.RunConflict;
import dev.tidemill.run.Runs;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionTemplate;

/// Makes launches of times that have come. First the decision is recorded, in one transaction; then whatever is due
/// is launched, by this process or by any other one. A launch's identity is the schedule with its time, so that it
/// does not matter how often it is asked for.
final class Fires {

    private static final Logger log = LoggerFactory.getLogger(Fires.class);

    /// Later than this, a time counts as missed and the misfire policy decides.
    static final Duration LATE = Duration.ofMinutes(1);

    /// Missed times that are caught up or listed one by one.
    static final int MOST_MISSED = 1_000;

    /// Launches of one schedule that may wait for their turn.
    private static final int MOST_QUEUED = 1_000;

    private static final Duration FIRST_WAIT = Duration.ofSeconds(10);
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(15);

    /// About a day.
    private static final int MOST_ATTEMPTS = 100;

    private static final int AT_A_TIME = 20;
    private static final int MOST_BATCHES = 5;

    private final ScheduleStore store;
    private final Alarms alarms;
    private final TransactionTemplate transactions;
    private final Runs runs;
    private final MissedTimes missedTimes;

    Fires(ScheduleStore store, Alarms alarms, TransactionTemplate transactions, Runs runs, MissedTimes missedTimes) {
        this.store = store;
        this.alarms = alarms;
        this.transactions = transactions;
        this.runs = runs;
        this.missedTimes = missedTimes;
    }

    /// Decides on a time, in the caller's transaction or one of its own. A time that is decided on stays so.
    void record(String name, Instant time) {
        transactions.executeWithoutResult(status -> store.find(name)
                .filter(saved -> !store.decided(saved.workspaceId(), name, time.toString()))
                .ifPresentOrElse(
                        saved -> decide(saved, time),
                        () -> log.debug("schedule {}: nothing to decide on for {}", name, time)));
    }

    /// Quartz, on some node, says so.
    void timeHasCome(String name, Instant time) {
        record(name, time);
        try {
            launchDue();
        } catch (DataAccessException | TransactionException e) {
            // It is recorded: the next look finds it.
            log.warn("schedule {}: what is due cannot be launched yet: {}", name, e.getMessage());
        }
    }

    private void decide(SavedSchedule saved, Instant time) {
        Schedule schedule = saved.read();
        Timing.Cron cron = schedule.cron();
        if (cron == null || !cron.allows(time)) {
            return;
        }
        Instant now = store.now();
        if (now.isAfter(time.plus(LATE))) {
            missed(saved, schedule, cron, time, now);
        } else {
            store.insert(waiting(saved, schedule, time, time, ""));
        }
    }

    /// Decides on all times from the missed one until now at once, and sets the alarm behind them.
    private void missed(SavedSchedule saved, Schedule schedule, Timing.Cron cron, Instant time, Instant now) {
        Instant lastLate = now.minus(LATE);
        Timing.Cron.Range range = cron.between(time.minusMillis(1), lastLate, MOST_MISSED);
        List<Instant> times = range.times().isEmpty() ? List.of(time) : range.times();
        Instant last = times.getLast();
        // First of all, as everybody takes Quartz's lock before rows of ours.
        alarms.set(saved.name(), cron, last, saved.paused());
        String found = "came " + span(Duration.between(last, now)) + " late, after " + times.size() + " missed times";
        if (range.dropped() > 0) {
            store.insert(new Fire(
                    saved.workspaceId(),
                    saved.name(),
                    time.toString(),
                    time,
                    Fire.Outcome.MISSED,
                    null,
                    "more than " + MOST_MISSED + " times were missed: this stands for the oldest of them, up to "
                            + times.getFirst(),
                    range.dropped(),
                    0,
                    null));
        }
        switch (schedule.misfire()) {
            case ONCE -> {
                times.subList(0, times.size() - 1)
                        .forEach(one -> store.insert(missed(saved, one, "the run of " + last + " stands for it")));
                store.insert(waiting(saved, schedule, last, now, found));
            }
            case ALL ->
                times.forEach(one -> store.insert(
                        waiting(saved, schedule, one, now, "came " + span(Duration.between(one, now)) + " late")));
            case SKIP -> times.forEach(one -> store.insert(missed(saved, one, "no server ran; misfire is skip")));
        }
        int all = times.size() + range.dropped();
        missedTimes.tell(saved, schedule.misfire(), time, all);
        log.warn(
                "schedule {}: {} times were missed since {}; misfire is {}",
                saved.name(),
                all,
                time,
                Words.of(schedule.misfire()));
    }

    private static Fire missed(SavedSchedule saved, Instant time, String why) {
        return new Fire(
                saved.workspaceId(), saved.name(), time.toString(), time, Fire.Outcome.MISSED, null, why, 1, 0, null);
    }

    private static Fire waiting(SavedSchedule saved, Schedule schedule, Instant time, Instant due, String message) {
        Duration putOff = putOff(schedule, time);
        return new Fire(
                saved.workspaceId(),
                saved.name(),
                time.toString(),
                time,
                Fire.Outcome.WAITING,
                null,
                message,
                1,
                0,
                due.plus(putOff));
    }

    /// Spread over the jitter, and the same whoever reckons it.
    static Duration putOff(Schedule schedule, Instant time) {
        if (schedule.jitter().isZero()) {
            return Duration.ZERO;
        }
        CRC32 hash = new CRC32();
        hash.update(Fire.identity(schedule.name(), time.toString()).getBytes(StandardCharsets.UTF_8));
        return Duration.ofMillis(hash.getValue() % (schedule.jitter().toMillis() + 1));
    }

    private static String span(Duration time) {
        return time.toString().substring(2).replaceAll("(\\.\\d+)?S", "S").toLowerCase(java.util.Locale.ROOT);
    }

    /// Launches all that is due by the database's clock.
    void launchDue() {
        // Bounded, so that whoever waits for this process to end does not wait for all that others still add.
        for (int batch = 0; batch < MOST_BATCHES; batch++) {
            List<Fire> due = store.claim(AT_A_TIME);
            due.forEach(this::launch);
            if (due.size() < AT_A_TIME) {
                return;
            }
        }
    }

    private void launch(Fire fire) {
        SavedSchedule saved = store.find(fire.schedule())
                .filter(found -> found.workspaceId().equals(fire.workspaceId()))
                .orElse(null);
        if (saved == null) {
            store.settle(fire, Fire.Outcome.SKIPPED, null, "the schedule was removed before its turn came");
            return;
        }
        try {
            Schedule schedule = saved.read();
            Outcome outcome = launch(schedule, saved.workspaceId(), fire.identity(), "fire " + fire.fire());
            store.settle(
                    fire,
                    outcome.skipped() == null ? Fire.Outcome.LAUNCHED : Fire.Outcome.SKIPPED,
                    outcome.runId(),
                    outcome.skipped() == null ? "" : outcome.skipped());
        } catch (RuntimeException e) {
            // Where the database is away this throws, too: the claim runs out, then it is due again.
            failed(fire, e);
        }
    }

    private void failed(Fire fire, RuntimeException cause) {
        Duration wait = FIRST_WAIT.multipliedBy(1L << Math.min(fire.attempts(), 10));
        if (wait.compareTo(LONGEST_WAIT) > 0) {
            wait = LONGEST_WAIT;
        }
        boolean again = fire.attempts() + 1 < MOST_ATTEMPTS;
        String why = cause.getMessage() == null ? cause.getClass().getName() : cause.getMessage();
        log.warn(
                "schedule {}: no launch for {} ({}); {}",
                fire.schedule(),
                fire.fire(),
                why,
                again ? "next try in " + wait : "given up");
        store.failed(fire, why, again ? wait : null);
    }

    /// What became of a wish to launch.
    ///
    /// @param runId of the launch, or of the run that was in the way
    /// @param skipped why none was made, null when one was
    record Outcome(@Nullable Long runId, @Nullable String skipped) {}

    private Outcome launch(Schedule schedule, UUID workspaceId, String identity, String reason) {
        Outcome earlier = earlier(schedule, workspaceId, identity);
        if (earlier != null) {
            return earlier;
        }
        LaunchRequest request = request(schedule, workspaceId, identity).by(schedule.origin(), reason);
        try {
            return switch (schedule.overlap()) {
                case SKIP -> launched(request.whenBusy(WhenBusy.REFUSE));
                case QUEUE -> queued(schedule, request);
                case STOP_RUNNING -> instead(request);
            };
        } catch (RunConflict e) {
            Outcome meanwhile = earlier(schedule, workspaceId, identity);
            return meanwhile != null ? meanwhile : new Outcome(e.runId(), e.getMessage());
        }
    }

    private @Nullable Outcome earlier(Schedule schedule, UUID workspaceId, String identity) {
        return store.launches(workspaceId, schedule.job(), List.of(identity)).stream()
                .findFirst()
                .map(launch -> new Outcome(launch.runId(), null))
                .orElse(null);
    }

    private static LaunchRequest request(Schedule schedule, UUID workspaceId, String identity) {
        return LaunchRequest.of(workspaceId, schedule.job(), schedule.parameters(), schedule.origin())
                .identifiedBy(identity)
                .withPriority(schedule.priority());
    }

    private Outcome launched(LaunchRequest request) {
        return new Outcome(runs.launch(request).runId(), null);
    }

    private Outcome queued(Schedule schedule, LaunchRequest request) {
        if (store.queued(request.workspaceId(), schedule.origin()) >= MOST_QUEUED) {
            return new Outcome(null, MOST_QUEUED + " launches of the schedule wait for their turn already");
        }
        return launched(request.whenBusy(WhenBusy.QUEUE));
    }

    private Outcome instead(LaunchRequest request) {
        try {
            return launched(request.whenBusy(WhenBusy.REFUSE));
        } catch (RunConflict busy) {
            if (busy.runId() != null) {
                stop(request, busy.runId());
            }
            return launched(request.whenBusy(WhenBusy.QUEUE));
        }
    }

    private void stop(LaunchRequest request, long runId) {
        try {
            runs.stop(request.workspaceId(), runId, request.requestedBy(), "overlap is stop-running");
        } catch (RunConflict ended) {
            log.debug("run {} ended by itself: {}", runId, ended.getMessage());
        }
    }

    /// Launches at once, on somebody's wish, and by the overlap policy.
    ///
    /// @throws RunConflict when a run is busy with the same and the policy is to skip
    Outcome launchNow(Schedule schedule, UUID workspaceId, String actor, String reason) {
        Instant now = store.now();
        String fire = "by hand " + now + " " + UUID.randomUUID().toString().substring(0, 8);
        LaunchRequest request = request(schedule, workspaceId, Fire.identity(schedule.name(), fire))
                .by(actor, reason);
        Outcome outcome = switch (schedule.overlap()) {
            case SKIP -> launched(request.whenBusy(WhenBusy.REFUSE));
            case QUEUE -> launched(request.whenBusy(WhenBusy.QUEUE));
            case STOP_RUNNING -> instead(request);
        };
        store.insert(new Fire(
                workspaceId,
                schedule.name(),
                fire,
                now,
                Fire.Outcome.LAUNCHED,
                outcome.runId(),
                "by " + actor,
                1,
                0,
                null));
        return outcome;
    }

    /// Launches a time of the past, behind everything else that waits.
    long launchLate(Schedule schedule, UUID workspaceId, String identity, int priority, String actor, String reason) {
        return runs.launch(request(schedule, workspaceId, identity)
                        .withPriority(priority)
                        .whenBusy(WhenBusy.QUEUE)
                        .by(actor, reason))
                .runId();
    }
}
