package dev.tidemill.store;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Projects and their sources.
public final class Projects {

    private final Workspaces workspaces;
    private final JdbcClient jdbc;

    public Projects(Workspaces workspaces, JdbcClient jdbc) {
        this.workspaces = workspaces;
        this.jdbc = jdbc;
    }

    public Optional<Project> find(UUID workspaceId, String slug) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT workspace_id, id, slug, live_set_id, corpus_generation AS generation
                        FROM projects WHERE workspace_id = :workspace AND slug = :slug
                        """)
                        .param("workspace", workspaceId)
                        .param("slug", slug)
                        .query(Project.class)
                        .optional());
    }

    /// A source with the project that it belongs to.
    public record Source(UUID id, String project, String type, String location) {}

    /// Those of the given sources that there are, in the caller's transaction or one of their own.
    public List<Source> sources(UUID workspaceId, Collection<UUID> ids) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT s.id, p.slug AS project, s.type, s.location
                        FROM sources s JOIN projects p ON p.workspace_id = s.workspace_id AND p.id = s.project_id
                        WHERE s.workspace_id = :workspace AND s.id = ANY (CAST(:ids AS uuid[]))
                        ORDER BY s.id
                        """)
                        .param("workspace", workspaceId)
                        .param("ids", ids.stream().map(UUID::toString).toArray(String[]::new))
                        .query(Source.class)
                        .list());
    }

    /// The source of this type and location, where it was ingested before.
    public Optional<UUID> findSource(Project project, String type, String location) {
        return workspaces.call(
                project.workspaceId(),
                () -> jdbc.sql("""
                        SELECT id FROM sources
                        WHERE workspace_id = :workspace AND project_id = :project AND type = :type AND location = :location
                        """)
                        .param("workspace", project.workspaceId())
                        .param("project", project.id())
                        .param("type", type)
                        .param("location", location)
                        .query(UUID.class)
                        .optional());
    }

    /// The source of this type and location, made when new.
    public UUID source(Project project, String type, String location) {
        return workspaces.call(
                project.workspaceId(),
                () -> jdbc.sql("""
                        INSERT INTO sources (workspace_id, project_id, type, location)
                        VALUES (:workspace, :project, :type, :location)
                        ON CONFLICT (workspace_id, project_id, type, location) DO UPDATE SET type = excluded.type
                        RETURNING id
                        """)
                        .param("workspace", project.workspaceId())
                        .param("project", project.id())
                        .param("type", type)
                        .param("location", location)
                        .query(UUID.class)
                        .single());
    }
}
