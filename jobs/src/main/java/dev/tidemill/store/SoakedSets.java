package dev.tidemill.store;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Vector sets of all workspaces whose time to be gone back to is over, as the platform's role sees them.
public final class SoakedSets {

    private final JdbcClient jdbc;

    /// @param jdbc of transactions of the platform
    public SoakedSets(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /// Where a set is.
    public record Soaked(UUID workspaceId, UUID projectId, long id) {}

    /// Those whose time is over, the one that is so longest first.
    public List<Soaked> at(Instant now) {
        return jdbc.sql("""
                        SELECT workspace_id, project_id, id FROM vector_sets
                        WHERE state IN ('soaking', 'held') AND soak_until <= :now
                        ORDER BY soak_until, id LIMIT 100
                        """)
                .param("now", OffsetDateTime.ofInstant(now, ZoneOffset.UTC))
                .query((row, number) -> new Soaked(
                        row.getObject("workspace_id", UUID.class),
                        row.getObject("project_id", UUID.class),
                        row.getLong("id")))
                .list();
    }
}
