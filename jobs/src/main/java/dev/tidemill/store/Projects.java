package dev.tidemill.store;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Projects, their sources and their vector sets.
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

    /// The sets that every new text needs a vector in: the live one and those being built.
    public List<VectorSet> activeSets(UUID workspaceId, UUID projectId) {
        return workspaces.callAlone(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT id, model, fingerprint, dimensions, state FROM vector_sets
                        WHERE workspace_id = :workspace AND project_id = :project AND state IN ('live', 'building')
                        ORDER BY id
                        """)
                        .param("workspace", workspaceId)
                        .param("project", projectId)
                        .query(VectorSet.class)
                        .list());
    }

    /// The live set of the project; the first one is made for the given model.
    ///
    /// @throws IllegalStateException when the live set was made by another model: vectors of two models never mix
    public VectorSet liveSet(Project project, String model, String fingerprint, int dimensions) {
        return workspaces.callAlone(project.workspaceId(), () -> {
            // The row lock lets two first ingests of one project make one set.
            jdbc.sql("SELECT id FROM projects WHERE workspace_id = :workspace AND id = :project FOR UPDATE")
                    .param("workspace", project.workspaceId())
                    .param("project", project.id())
                    .query(UUID.class)
                    .single();
            Optional<VectorSet> live = jdbc.sql("""
                            SELECT s.id, s.model, s.fingerprint, s.dimensions, s.state
                            FROM vector_sets s JOIN projects p ON p.workspace_id = s.workspace_id AND p.live_set_id = s.id
                            WHERE p.workspace_id = :workspace AND p.id = :project
                            """)
                    .param("workspace", project.workspaceId())
                    .param("project", project.id())
                    .query(VectorSet.class)
                    .optional();
            if (live.isPresent()) {
                return check(live.get(), model, fingerprint);
            }
            long id = jdbc.sql("""
                            INSERT INTO vector_sets (workspace_id, project_id, model, fingerprint, dimensions, state)
                            VALUES (:workspace, :project, :model, :fingerprint, :dimensions, 'live') RETURNING id
                            """)
                    .param("workspace", project.workspaceId())
                    .param("project", project.id())
                    .param("model", model)
                    .param("fingerprint", fingerprint)
                    .param("dimensions", dimensions)
                    .query(Long.class)
                    .single();
            jdbc.sql("SELECT create_vector_table(:id, :dimensions)::text")
                    .param("id", id)
                    .param("dimensions", dimensions)
                    .query(String.class)
                    .optional();
            jdbc.sql("UPDATE projects SET live_set_id = :id WHERE workspace_id = :workspace AND id = :project")
                    .param("id", id)
                    .param("workspace", project.workspaceId())
                    .param("project", project.id())
                    .update();
            return new VectorSet(id, model, fingerprint, dimensions, "live");
        });
    }

    private static VectorSet check(VectorSet set, String model, String fingerprint) {
        if (!set.fingerprint().equals(fingerprint)) {
            throw new IllegalStateException("vector set " + set.id() + " was made by " + set.model()
                    + ", the configured model is " + model + ": set the model back, or re-embed the project");
        }
        return set;
    }
}
