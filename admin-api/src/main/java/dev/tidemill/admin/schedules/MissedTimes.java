package dev.tidemill.admin.schedules;

import dev.tidemill.run.alerts.Event;
import dev.tidemill.run.alerts.Outbox;
import dev.tidemill.run.alerts.Severity;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/// Tells of times that passed while no server ran: as an event of the transaction that decides on them, and as a
/// count of this process once that is committed.
final class MissedTimes {

    private final Outbox outbox;
    private final AtomicLong count = new AtomicLong();

    MissedTimes(Outbox outbox) {
        this.outbox = outbox;
    }

    void tell(SavedSchedule saved, Schedule.Misfire policy, Instant since, long times) {
        outbox.add(new Event(
                saved.workspaceId(),
                "schedule.missed",
                Severity.WARNING,
                "schedule/" + saved.name(),
                "The schedule " + saved.name() + " missed " + times + (times == 1 ? " time" : " times") + " since "
                        + since + "; its misfire policy is " + Words.of(policy),
                Map.of(
                        "schedule",
                        saved.name(),
                        "times",
                        times,
                        "since",
                        since.toString(),
                        "misfire",
                        Words.of(policy))));
        TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
            @Override
            public void afterCommit() {
                count.addAndGet(times);
            }
        });
    }

    long count() {
        return count.get();
    }
}
