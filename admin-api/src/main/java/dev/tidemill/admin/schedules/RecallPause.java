package dev.tidemill.admin.schedules;

import dev.tidemill.evaluate.Evaluate;
import dev.tidemill.run.RunEvent;
import dev.tidemill.run.RunObserver;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Pauses the schedules that change a corpus in which golden questions are no longer found, until a person has looked
/// and resumes them. The alert names them as a canary raised it; what cannot be paused is told in the log, and by the
/// alert, which stays open.
final class RecallPause implements RunObserver {

    private static final Logger log = LoggerFactory.getLogger(RecallPause.class);

    private final JdbcClient jdbc;
    private final ScheduleStore store;
    private final Supplier<Operations> operations;
    private final Executor after;

    /// @param jdbc of the platform's own transactions
    /// @param after works when the transaction has committed, on another thread than its own
    RecallPause(JdbcClient jdbc, ScheduleStore store, Supplier<Operations> operations, Executor after) {
        this.jdbc = jdbc;
        this.store = store;
        this.operations = operations;
        this.after = after;
    }

    private record Fall(String project, List<String> jobs, String message) {}

    @Override
    public void observe(RunEvent event) {
        boolean ended = event.kind() == RunEvent.Kind.COMPLETED || event.kind() == RunEvent.Kind.COMPLETED_WITH_SKIPS;
        if (!ended || !event.job().equals(Evaluate.JOB)) {
            return;
        }
        List<Fall> falls = jdbc.sql("""
                        SELECT data, message FROM events
                        WHERE workspace_id = :workspace AND type = :type AND open AND data->>'runId' = :run
                        """)
                .param("workspace", event.workspaceId())
                .param("type", Evaluate.DROPPED)
                .param("run", Long.toString(event.runId()))
                .query((row, number) -> {
                    JsonNode data = JsonMapper.shared().readTree(row.getString("data"));
                    return new Fall(
                            data.path("project").asString(""),
                            data.path("pauses").values().stream()
                                    .map(job -> job.asString(""))
                                    .toList(),
                            row.getString("message"));
                })
                .list();
        if (falls.isEmpty()) {
            return;
        }
        // Quartz keeps its rows in a transaction of its own.
        TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
            @Override
            public void afterCommit() {
                after.execute(() -> falls.forEach(fall -> pause(event.workspaceId(), fall)));
            }
        });
    }

    private void pause(UUID workspaceId, Fall fall) {
        try {
            for (SavedSchedule saved : store.all()) {
                Schedule schedule = saved.read();
                boolean meant = saved.workspaceId().equals(workspaceId)
                        && fall.jobs().contains(schedule.job())
                        && schedule.parameters()
                                .getOrDefault("project", "default")
                                .equals(fall.project());
                if (meant && !saved.paused()) {
                    operations.get().pause(saved, "canary", fall.message());
                    log.warn("schedule {} is paused: {}", saved.name(), fall.message());
                }
            }
        } catch (DataAccessException | TransactionException e) {
            log.error("schedules of project {} could not be paused after a fall", fall.project(), e);
        }
    }
}
