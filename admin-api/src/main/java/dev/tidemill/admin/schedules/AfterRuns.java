package dev.tidemill.admin.schedules;

import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.RunEvent;
import dev.tidemill.run.RunObserver;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Notes, in the transaction in which a run ends, which schedules follow it: once for each run, and not at all when
/// the end is undone. The next server that looks launches them.
final class AfterRuns implements RunObserver {

    private final JdbcClient jdbc;

    /// @param jdbc of the platform's own transactions
    AfterRuns(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    @Override
    public void observe(RunEvent event) {
        String outcome = outcome(event.kind());
        if (outcome == null) {
            return;
        }
        jdbc.sql("""
                        INSERT INTO schedule_fires (workspace_id, schedule, fire, fire_time, outcome, message, due_at)
                        SELECT s.workspace_id, s.name, :fire, clock_timestamp(), 'waiting', :message, clock_timestamp()
                        FROM schedules s
                        WHERE NOT s.paused AND (s.workspace_id = :workspace OR CAST(:workspace AS uuid) = CAST(:installation AS uuid))
                          AND (s.after_job = :job OR 'schedule:' || s.after_schedule = :origin)
                          AND s.after_outcome IN ('any', :outcome)
                        ON CONFLICT (workspace_id, schedule, fire) DO NOTHING
                        """)
                .param("fire", "run " + event.runId())
                .param(
                        "message",
                        "after run " + event.runId() + " of " + event.job() + ", "
                                + Words.of(event.kind()).replace('-', ' '))
                .param("workspace", event.workspaceId())
                .param("installation", LaunchRequest.INSTALLATION)
                .param("job", event.job())
                .param("origin", event.origin())
                .param("outcome", outcome)
                .update();
    }

    private static @Nullable String outcome(RunEvent.Kind kind) {
        return switch (kind) {
            case COMPLETED, COMPLETED_WITH_SKIPS -> "success";
            case FAILED, NEEDS_OPERATOR -> "failure";
            // Ends, but neither of the two.
            case STOPPED, ABANDONED -> "neither";
            case STARTED, RETRYING, RECOVERED -> null;
        };
    }
}
