package dev.tidemill.run;

import java.util.Map;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/// Writes down who did what and why, in the caller's transaction.
public final class Audit {

    private final JdbcClient jdbc;

    public Audit(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /// Writes one entry.
    ///
    /// @param action noun and verb, for example `run.stop`
    /// @param subject what it was done to, for example `run 12`
    /// @param detail further facts; never a secret
    public void record(UUID workspaceId, String actor, String action, String subject, Map<String, ?> detail) {
        jdbc.sql("""
                        INSERT INTO audit_entries (workspace_id, actor, action, subject, detail)
                        VALUES (:workspace, :actor, :action, :subject, CAST(:detail AS jsonb))
                        """)
                .param("workspace", workspaceId)
                .param("actor", actor)
                .param("action", action)
                .param("subject", subject)
                .param("detail", JsonMapper.shared().writeValueAsString(detail))
                .update();
    }
}
