package dev.tidemill.run;

import java.util.Collection;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Items that a job gave up on, one row for each item however often it fails. Joins the caller's
/// transaction, which must be scoped to the workspace: the letter and the state of its item commit
/// together.
public final class DeadLetters {

    private final JdbcClient jdbc;

    public DeadLetters(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /// Records that an item was given up on.
    ///
    /// @param itemKey identity of the item within the job
    /// @param versionId the document version concerned, null where none was made
    /// @param reason a value of the job's enum of reasons
    /// @param detail one sentence for the operator
    public void record(
            UUID workspaceId,
            String job,
            String step,
            String itemKey,
            @Nullable Long versionId,
            long runId,
            String reason,
            String detail) {
        jdbc.sql("""
                        INSERT INTO dead_letters
                            (workspace_id, job, step, item_key, version_id, run_id, reason, detail)
                        VALUES (:workspace, :job, :step, :item, :version, :run, :reason, :detail)
                        ON CONFLICT (workspace_id, job, step, item_key) DO UPDATE
                        SET version_id = excluded.version_id, run_id = excluded.run_id, reason = excluded.reason,
                            detail = excluded.detail, last_seen_at = now(), resolved_at = NULL,
                            attempts = dead_letters.attempts + (dead_letters.run_id <> excluded.run_id)::int
                        """)
                .param("workspace", workspaceId)
                .param("job", job)
                .param("step", step)
                .param("item", itemKey)
                .param("version", versionId, java.sql.Types.BIGINT)
                .param("run", runId)
                .param("reason", reason)
                .param("detail", detail)
                .update();
    }

    /// Marks the letters that a step wrote for these items as resolved.
    public void resolve(UUID workspaceId, String job, String step, Collection<String> itemKeys) {
        if (itemKeys.isEmpty()) {
            return;
        }
        jdbc.sql("""
                        UPDATE dead_letters SET resolved_at = now()
                        WHERE workspace_id = :workspace AND job = :job AND step = :step AND item_key = ANY (:items)
                          AND resolved_at IS NULL
                        """)
                .param("workspace", workspaceId)
                .param("job", job)
                .param("step", step)
                .param("items", itemKeys.toArray(String[]::new))
                .update();
    }
}
