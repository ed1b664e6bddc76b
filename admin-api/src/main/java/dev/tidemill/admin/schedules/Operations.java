package dev.tidemill.admin.schedules;

import dev.tidemill.run.Audit;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/// What an operator does to a schedule, with its entry in the audit.
final class Operations {

    private final TransactionTemplate transactions;
    private final ScheduleStore store;
    private final Alarms alarms;
    private final Fires fires;
    private final Audit audit;

    Operations(JdbcClient jdbc, TransactionTemplate transactions, ScheduleStore store, Alarms alarms, Fires fires) {
        this.transactions = transactions;
        this.store = store;
        this.alarms = alarms;
        this.fires = fires;
        this.audit = new Audit(jdbc);
    }

    /// No further time comes. Pausing a paused schedule changes nothing.
    void pause(SavedSchedule saved, String actor, String reason) {
        transactions.executeWithoutResult(status -> {
            if (saved.read().cron() != null) {
                alarms.pause(saved.name());
            }
            store.setPaused(saved.name(), true);
            record(saved, actor, "schedule.pause", Map.of("reason", reason));
        });
    }

    /// Times come again from now on; those that passed meanwhile are left to a backfill.
    void resume(SavedSchedule saved, String actor, String reason) {
        transactions.executeWithoutResult(status -> {
            Timing.Cron cron = saved.read().cron();
            if (cron != null && saved.paused()) {
                alarms.set(saved.name(), cron, store.now(), false);
            }
            store.setPaused(saved.name(), false);
            record(saved, actor, "schedule.resume", Map.of("reason", reason));
        });
    }

    /// Runs a schedule now.
    ///
    /// @return the run
    long run(SavedSchedule saved, String actor, String reason) {
        Fires.Outcome outcome = fires.launchNow(saved.read(), saved.workspaceId(), actor, reason);
        record(saved, actor, "schedule.run", Map.of("reason", reason, "run", String.valueOf(outcome.runId())));
        if (outcome.runId() == null) {
            throw new IllegalStateException("schedule " + saved.name() + ": the launch has no run");
        }
        return outcome.runId();
    }

    void record(SavedSchedule saved, String actor, String action, Map<String, ?> detail) {
        audit.record(saved.workspaceId(), actor, action, "schedule " + saved.name(), detail);
    }
}
