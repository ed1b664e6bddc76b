package dev.tidemill.store;

import java.util.List;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Lets go of what superseded versions left for queries of the past, when they are removed. Call it in the transaction
/// that removes them.
public final class Past {

    private final JdbcClient jdbc;

    public Past(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /// Texts of versions that are about to be removed.
    public record Leaving(List<UUID> projects, List<UUID> contents) {

        public Leaving {
            projects = List.copyOf(projects);
            contents = List.copyOf(contents);
        }
    }

    /// Before versions are removed: from now on the past of their projects is whole only since they ended.
    public Leaving leaving(UUID workspaceId, List<Long> versions) {
        return leaving(workspaceId, "id = ANY (CAST(:ids AS bigint[]))", texts(versions));
    }

    /// As [#leaving], of all versions of these documents.
    public Leaving leavingOf(UUID workspaceId, List<UUID> documents) {
        return leaving(workspaceId, "document_id = ANY (CAST(:ids AS uuid[]))", texts(documents));
    }

    private static String[] texts(List<?> ids) {
        return ids.stream().map(Object::toString).toArray(String[]::new);
    }

    private Leaving leaving(UUID workspaceId, String which, String[] ids) {
        List<UUID> projects = jdbc.sql(
                        "SELECT DISTINCT project_id FROM document_versions WHERE workspace_id = :workspace AND "
                                + which)
                .param("workspace", workspaceId)
                .param("ids", ids)
                .query((row, number) -> row.getObject(1, UUID.class))
                .list();
        jdbc.sql("""
                        UPDATE projects p SET complete_since = q.ended
                        FROM (SELECT project_id, max(valid_to) AS ended FROM document_versions
                              WHERE workspace_id = :workspace AND valid_to IS NOT NULL AND %s GROUP BY project_id) q
                        WHERE p.workspace_id = :workspace AND p.id = q.project_id AND p.complete_since < q.ended
                        """.formatted(which))
                .param("workspace", workspaceId)
                .param("ids", ids)
                .update();
        List<UUID> contents = jdbc.sql("""
                        SELECT DISTINCT c.content_id
                        FROM (SELECT id FROM document_versions WHERE workspace_id = :workspace AND %s) v
                        JOIN chunks c ON c.workspace_id = :workspace AND c.version_id = v.id
                        """.formatted(which))
                .param("workspace", workspaceId)
                .param("ids", ids)
                .query((row, number) -> row.getObject(1, UUID.class))
                .list();
        return new Leaving(projects, contents);
    }

    /// After versions are removed: vectors of texts that no superseded version holds any more.
    ///
    /// @return how many were deleted
    public int left(UUID workspaceId, Leaving leaving) {
        if (leaving.contents().isEmpty()) {
            return 0;
        }
        return jdbc.sql("""
                        DELETE FROM past_vectors x USING vector_sets s
                        WHERE x.workspace_id = :workspace AND s.workspace_id = :workspace AND s.id = x.set_id
                          AND s.project_id = ANY (CAST(:projects AS uuid[])) AND x.content_id = ANY (CAST(:contents AS uuid[]))
                          AND NOT EXISTS (SELECT FROM chunks c
                                          WHERE c.workspace_id = x.workspace_id AND c.content_id = x.content_id
                                            AND c.project_id = s.project_id AND c.valid_to IS NOT NULL)
                        """)
                .param("workspace", workspaceId)
                .param("projects", texts(leaving.projects()))
                .param("contents", texts(leaving.contents()))
                .update();
    }

    /// When a set is retired: what was kept of it.
    public void retired(UUID workspaceId, long setId) {
        jdbc.sql("DELETE FROM past_vectors WHERE workspace_id = :workspace AND set_id = :set")
                .param("workspace", workspaceId)
                .param("set", setId)
                .update();
    }
}
