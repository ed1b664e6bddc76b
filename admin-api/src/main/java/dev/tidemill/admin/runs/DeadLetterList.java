package dev.tidemill.admin.runs;

import dev.tidemill.run.DeadLetter;
import dev.tidemill.store.Workspaces;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The open dead letters of a workspace.
final class DeadLetterList {

    private final Workspaces workspaces;
    private final JdbcClient jdbc;

    DeadLetterList(Workspaces workspaces, JdbcClient jdbc) {
        this.workspaces = workspaces;
        this.jdbc = jdbc;
    }

    List<DeadLetter> open(UUID workspaceId, @Nullable Long run, int limit) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT id, job, step, regexp_replace(item_key, '^[0-9a-f-]{36}/', '') AS item, reason, detail,
                               attempts, run_id, last_seen_at
                        FROM dead_letters
                        WHERE workspace_id = :workspace AND resolved_at IS NULL
                          AND (CAST(:run AS bigint) IS NULL OR run_id = :run)
                        ORDER BY id DESC LIMIT :limit
                        """)
                        .param("workspace", workspaceId)
                        .param("run", run, java.sql.Types.BIGINT)
                        .param("limit", limit)
                        .query((row, number) -> new DeadLetter(
                                row.getLong("id"),
                                row.getString("job"),
                                row.getString("step"),
                                row.getString("item"),
                                row.getString("reason"),
                                row.getString("detail"),
                                row.getInt("attempts"),
                                row.getLong("run_id"),
                                row.getObject("last_seen_at", OffsetDateTime.class)))
                        .list());
    }
}
