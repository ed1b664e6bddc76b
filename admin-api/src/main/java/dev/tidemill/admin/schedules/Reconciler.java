package dev.tidemill.admin.schedules;

import dev.tidemill.admin.StartWorkspace;
import dev.tidemill.run.LaunchRequest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/// Brings the store to what the folder says: adds, changes, removes, and leaves alone what is unchanged, with its
/// next time and its pause. Nodes that do so together do it one after the other.
final class Reconciler {

    /// "schedule" in ASCII.
    private static final long LOCK = 0x7363_6865_6475_6c65L;

    private final JdbcClient jdbc;
    private final TransactionTemplate transactions;
    private final ScheduleStore store;
    private final Alarms alarms;
    private final UUID startWorkspace;

    Reconciler(
            JdbcClient jdbc,
            TransactionTemplate transactions,
            ScheduleStore store,
            Alarms alarms,
            StartWorkspace startWorkspace) {
        this.jdbc = jdbc;
        this.transactions = transactions;
        this.store = store;
        this.alarms = alarms;
        this.startWorkspace = startWorkspace.id();
    }

    /// Names of schedules, by what was done about them.
    record Changes(List<String> added, List<String> changed, List<String> unchanged, List<String> removed) {}

    Changes reconcile(List<ScheduleFolder.Entry> entries) {
        Changes changes = new Changes(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        transactions.executeWithoutResult(status -> {
            jdbc.sql("SELECT pg_advisory_xact_lock(:lock)::text")
                    .param("lock", LOCK)
                    .query(String.class)
                    .single();
            apply(entries, changes);
        });
        return changes;
    }

    private void apply(List<ScheduleFolder.Entry> entries, Changes changes) {
        Map<String, SavedSchedule> gone = new HashMap<>();
        store.all().forEach(saved -> gone.put(saved.name(), saved));
        Instant now = store.now();
        for (ScheduleFolder.Entry entry : entries) {
            Schedule schedule = entry.schedule();
            SavedSchedule before = gone.remove(schedule.name());
            SavedSchedule after = saved(entry, before);
            if (before == null) {
                changes.added().add(schedule.name());
            } else if (before.equals(after)) {
                changes.unchanged().add(schedule.name());
            } else {
                changes.changed().add(schedule.name());
            }
            if (before != null && !before.workspaceId().equals(after.workspaceId())) {
                store.remove(before);
            }
            if (!after.equals(before)) {
                store.save(after, schedule.after());
            }
            alarm(schedule, before, after, now);
        }
        gone.values().stream()
                .sorted(java.util.Comparator.comparing(SavedSchedule::name))
                .forEach(saved -> {
                    store.remove(saved);
                    changes.removed().add(saved.name());
                });
        Set<String> left = new HashSet<>(alarms.names());
        entries.stream()
                .filter(entry -> entry.schedule().cron() != null)
                .forEach(entry -> left.remove(entry.schedule().name()));
        left.forEach(alarms::remove);
    }

    private SavedSchedule saved(ScheduleFolder.Entry entry, @org.jspecify.annotations.Nullable SavedSchedule before) {
        Schedule schedule = entry.schedule();
        // What an operator did holds until the file says otherwise than before.
        boolean paused =
                (before == null || before.pausedInFile() != schedule.paused()) ? schedule.paused() : before.paused();
        return new SavedSchedule(
                workspace(schedule),
                schedule.name(),
                entry.text(),
                schedule.timing().fingerprint(),
                paused,
                schedule.paused());
    }

    private void alarm(
            Schedule schedule,
            @org.jspecify.annotations.Nullable SavedSchedule before,
            SavedSchedule after,
            Instant now) {
        Timing.Cron cron = schedule.cron();
        if (cron == null) {
            return;
        }
        boolean same = before != null && before.timing().equals(after.timing()) && before.paused() == after.paused();
        if (same && alarms.isSet(schedule.name())) {
            return;
        }
        if (before != null
                && before.timing().equals(after.timing())
                && after.paused()
                && alarms.isSet(schedule.name())) {
            alarms.pause(schedule.name());
            return;
        }
        // A trigger that is gone goes on behind what was decided on; a new or changed timing begins now.
        alarms.set(schedule.name(), cron, same ? store.lastDecided(after) : now, after.paused());
    }

    private UUID workspace(Schedule schedule) {
        String named = schedule.workspace();
        if (named == null) {
            return startWorkspace;
        }
        if (named.equals(Schedule.WHOLE_INSTALLATION)) {
            return LaunchRequest.INSTALLATION;
        }
        Map<String, UUID> found = store.workspaces(named);
        if (found.isEmpty()) {
            throw new InvalidSchedule(
                    schedule.name() + ".yaml", "workspace", "there is no workspace \"" + named + "\"");
        }
        if (found.size() > 1) {
            throw new InvalidSchedule(
                    schedule.name() + ".yaml",
                    "workspace",
                    "several organizations have a workspace \"" + named + "\": write "
                            + String.join(
                                    " or ",
                                    found.keySet().stream()
                                            .sorted()
                                            .map(organization -> organization + "/" + named)
                                            .toList()));
        }
        return found.values().iterator().next();
    }
}
