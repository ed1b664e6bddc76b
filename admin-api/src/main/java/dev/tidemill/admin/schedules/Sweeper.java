package dev.tidemill.admin.schedules;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/// Sets triggers right that Quartz would leave as they are for ever: taken or blocked with nobody at work on them,
/// in error, or gone. Under Quartz's own lock, so that nobody is caught in the middle of something.
final class Sweeper {

    private static final Logger log = LoggerFactory.getLogger(Sweeper.class);

    /// A node that was taken for dead writes its state again within seconds; its rows are left alone for longer.
    private static final Duration ORPHAN_AGE = Duration.ofMinutes(1);

    private static final Duration KEPT_FIRES = Duration.ofDays(400);

    private final JdbcClient jdbc;
    private final TransactionTemplate transactions;
    private final ScheduleStore store;
    private final Alarms alarms;
    private final Fires fires;

    Sweeper(JdbcClient jdbc, TransactionTemplate transactions, ScheduleStore store, Alarms alarms, Fires fires) {
        this.jdbc = jdbc;
        this.transactions = transactions;
        this.store = store;
        this.alarms = alarms;
        this.fires = fires;
    }

    /// A time that a process took and did not live to tell.
    private record Orphan(String job, Instant time, boolean told) {}

    /// Looks once.
    ///
    /// @return what was set right, for people
    List<String> sweep() {
        List<String> healed = new ArrayList<>();
        transactions.executeWithoutResult(status -> {
            lock();
            healed.addAll(orphans());
            healed.addAll(states());
            healed.addAll(missing());
            store.forget(KEPT_FIRES);
        });
        healed.forEach(what -> log.warn("{}", what));
        return healed;
    }

    private void lock() {
        jdbc.sql(
                        "SELECT lock_name FROM qrtz_locks WHERE sched_name = :scheduler AND lock_name = 'TRIGGER_ACCESS' FOR UPDATE")
                .param("scheduler", SchedulesConfiguration.SCHEDULER)
                .query(String.class)
                .list();
    }

    /// Rows of processes that are not of the cluster any more; Quartz looks for such only when a node starts.
    private List<String> orphans() {
        List<Orphan> orphans = jdbc.sql("""
                        DELETE FROM qrtz_fired_triggers f
                        WHERE sched_name = :scheduler
                          AND fired_time < extract(epoch FROM clock_timestamp()) * 1000 - :age
                          AND NOT EXISTS (SELECT FROM qrtz_scheduler_state s
                            WHERE s.sched_name = f.sched_name AND s.instance_name = f.instance_name)
                        RETURNING coalesce(job_name, trigger_name) AS job, sched_time, state = 'EXECUTING' AS told
                        """)
                .param("scheduler", SchedulesConfiguration.SCHEDULER)
                .param("age", ORPHAN_AGE.toMillis())
                .query((row, number) -> new Orphan(
                        row.getString("job"), Instant.ofEpochMilli(row.getLong("sched_time")), row.getBoolean("told")))
                .list();
        orphans.stream().filter(Orphan::told).forEach(orphan -> fires.record(orphan.job(), orphan.time()));
        return orphans.stream()
                .map(orphan -> "schedule " + orphan.job() + ": the time " + orphan.time()
                        + " was taken by a process that is gone; freed")
                .toList();
    }

    private List<String> states() {
        return jdbc.sql("""
                        UPDATE qrtz_triggers t SET trigger_state = CASE
                          WHEN trigger_state = 'PAUSED_BLOCKED' OR EXISTS (
                            SELECT FROM schedules s WHERE s.name = t.trigger_name AND s.paused) THEN 'PAUSED' ELSE 'WAITING' END
                        FROM (SELECT sched_name, trigger_name, trigger_group, trigger_state AS before FROM qrtz_triggers) b
                        WHERE t.sched_name = :scheduler AND b.sched_name = t.sched_name
                          AND b.trigger_name = t.trigger_name AND b.trigger_group = t.trigger_group
                          AND (trigger_state = 'ERROR'
                            OR (trigger_state = 'ACQUIRED' AND NOT EXISTS (SELECT FROM qrtz_fired_triggers f
                              WHERE f.sched_name = t.sched_name AND f.trigger_name = t.trigger_name
                                AND f.trigger_group = t.trigger_group))
                            OR (trigger_state IN ('BLOCKED', 'PAUSED_BLOCKED') AND NOT EXISTS (SELECT FROM qrtz_fired_triggers f
                              WHERE f.sched_name = t.sched_name AND f.job_name = t.job_name AND f.job_group = t.job_group
                                AND f.state = 'EXECUTING')))
                        RETURNING t.trigger_name, b.before, t.trigger_state
                        """)
                .param("scheduler", SchedulesConfiguration.SCHEDULER)
                .query((row, number) -> "schedule " + row.getString(1) + ": its trigger was stuck in "
                        + row.getString(2) + "; now " + row.getString(3))
                .list();
    }

    /// Schedules whose trigger is gone although times are to come. It goes on behind the last time that was decided
    /// on.
    private List<String> missing() {
        List<String> healed = new ArrayList<>();
        for (SavedSchedule saved : store.all()) {
            Timing.Cron cron = saved.read().cron();
            if (cron == null || alarms.isSet(saved.name()) || cron.next(store.now()) == null) {
                continue;
            }
            Instant after = store.lastDecided(saved);
            alarms.set(saved.name(), cron, after, saved.paused());
            healed.add("schedule " + saved.name() + ": its trigger was gone; it goes on after " + after);
        }
        return healed;
    }
}
