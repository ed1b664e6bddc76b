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

    /// A letter to be written.
    ///
    /// @param itemKey identity of the item within the job
    /// @param versionId the document version concerned, null where none was made
    /// @param reason short and the same for the same cause
    /// @param detail one sentence for the operator
    /// @param payload how to get at the item's bytes, null where nobody knows
    /// @param cause the exception behind it, null where there was none
    public record Entry(
            UUID workspaceId,
            String job,
            String step,
            String itemKey,
            @Nullable Long versionId,
            long runId,
            ErrorClass errorClass,
            String reason,
            String detail,
            @Nullable String payload,
            @Nullable Throwable cause) {}

    /// Records that an item was given up on. A letter that a person ignores stays ignored while its reason is the
    /// same.
    public void record(Entry entry) {
        jdbc.sql("""
                        INSERT INTO dead_letters
                            (workspace_id, job, step, item_key, version_id, run_id, error_class, reason, detail, payload,
                             stack_hash, stack)
                        VALUES (:workspace, :job, :step, :item, :version, :run, :class, :reason, :detail, :payload,
                             :hash, :stack)
                        ON CONFLICT (workspace_id, job, step, item_key) DO UPDATE
                        SET version_id = excluded.version_id, run_id = excluded.run_id, reason = excluded.reason,
                            error_class = excluded.error_class, detail = excluded.detail, payload = excluded.payload,
                            stack_hash = excluded.stack_hash, stack = excluded.stack,
                            last_seen_at = now(), resolved_at = NULL,
                            state = CASE WHEN dead_letters.state = 'ignored' AND dead_letters.reason = excluded.reason
                                    THEN 'ignored' ELSE 'open' END,
                            attempts = dead_letters.attempts + (dead_letters.run_id <> excluded.run_id)::int
                        """)
                .param("workspace", entry.workspaceId())
                .param("job", entry.job())
                .param("step", entry.step())
                .param("item", StackText.storable(entry.itemKey()))
                .param("version", entry.versionId(), java.sql.Types.BIGINT)
                .param("run", entry.runId())
                .param("class", entry.errorClass().name())
                .param("reason", entry.reason())
                .param("detail", StackText.storable(entry.detail()))
                .param("payload", entry.payload(), java.sql.Types.VARCHAR)
                .param("hash", entry.cause() == null ? "" : StackText.hash(entry.cause()))
                .param("stack", entry.cause() == null ? null : StackText.of(entry.cause()), java.sql.Types.VARCHAR)
                .update();
    }

    /// Marks the letters that a step wrote for these items as resolved.
    public void resolve(UUID workspaceId, String job, String step, Collection<String> itemKeys) {
        if (itemKeys.isEmpty()) {
            return;
        }
        jdbc.sql("""
                        UPDATE dead_letters SET resolved_at = now(), state = 'resolved'
                        WHERE workspace_id = :workspace AND job = :job AND step = :step AND item_key = ANY (:items)
                          AND state <> 'resolved'
                        """)
                .param("workspace", workspaceId)
                .param("job", job)
                .param("step", step)
                .param("items", itemKeys.toArray(String[]::new))
                .update();
    }
}
