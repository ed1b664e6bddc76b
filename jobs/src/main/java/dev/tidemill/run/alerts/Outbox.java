package dev.tidemill.run.alerts;

import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/// Where events are handed in. Everything joins the caller's transaction, so an event is told if and only if what
/// it tells was committed. The transaction must be one of the platform (`Control`), or scoped to the workspace of
/// the event.
public final class Outbox {

    private final JdbcClient jdbc;

    public Outbox(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /// Tells that something happened.
    public void add(Event event) {
        insert(event, false);
    }

    /// Tells of a trouble that lasts, unless one with its dedupe key is open already.
    ///
    /// @return whether it is news
    public boolean raise(Event event) {
        return insert(event, true) == 1;
    }

    /// As [#raise], in the place of whatever is open under its dedupe key: the trouble has become another one.
    public void replace(Event event) {
        close(event.workspaceId(), event.dedupeKey());
        insert(event, true);
    }

    /// Tells that a trouble is over, with the type of what opened it and `.resolved`. Nothing where none is open.
    ///
    /// @return whether one was open
    public boolean resolve(UUID workspaceId, String dedupeKey, String message) {
        List<Opened> open = close(workspaceId, dedupeKey);
        for (Opened trouble : open) {
            // With the severity of what it ends, so that it goes the same ways.
            insert(
                    new Event(
                            workspaceId,
                            trouble.type() + ".resolved",
                            Severity.of(trouble.severity()),
                            dedupeKey,
                            message,
                            Map.of("resolves", trouble.id().toString())),
                    false);
        }
        return !open.isEmpty();
    }

    private record Opened(UUID id, String type, String severity) {}

    private List<Opened> close(UUID workspaceId, String dedupeKey) {
        return jdbc.sql("""
                        UPDATE events SET open = false, resolved_at = clock_timestamp()
                        WHERE workspace_id = :workspace AND dedupe_key = :key AND open
                        RETURNING id, type, severity
                        """)
                .param("workspace", workspaceId)
                .param("key", dedupeKey)
                .query((row, number) ->
                        new Opened(row.getObject("id", UUID.class), row.getString("type"), row.getString("severity")))
                .list();
    }

    private int insert(Event event, boolean open) {
        Object resolves = event.data().get("resolves");
        return jdbc.sql("""
                        INSERT INTO events (workspace_id, type, severity, dedupe_key, message, data, open, resolves)
                        VALUES (:workspace, :type, :severity, :key, :message, CAST(:data AS jsonb), :open, CAST(:resolves AS uuid))
                        ON CONFLICT (workspace_id, dedupe_key) WHERE open DO NOTHING
                        """)
                .param("workspace", event.workspaceId())
                .param("type", event.type())
                .param("severity", event.severity().column())
                .param("key", event.dedupeKey())
                .param("message", event.message())
                .param("data", JsonMapper.shared().writeValueAsString(event.data()))
                .param("open", open)
                .param("resolves", resolves == null ? null : resolves.toString(), java.sql.Types.VARCHAR)
                .update();
    }
}
