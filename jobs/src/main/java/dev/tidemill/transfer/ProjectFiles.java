package dev.tidemill.transfer;

import dev.tidemill.store.Workspaces;
import dev.tidemill.transfer.ExportParts.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;

/// Writes projects of another database of this schema as files that an import reads. What is written is noted in that
/// database, so what was broken off goes on with the next part.
public final class ProjectFiles {

    /// Files of a restore are not encrypted: they lie beside the copy that they come from, for as long.
    private final Archives archives = new Archives(Map.of());

    private final Workspaces workspaces;
    private final JdbcClient jdbc;
    private final ExportParts parts;
    private final ExportProperties properties;
    private final UUID workspaceId;
    private final Path folder;

    /// Of one workspace.
    ///
    /// @param database connects as the owner of its tables
    /// @param folder for the files
    public ProjectFiles(DataSource database, ExportProperties properties, UUID workspaceId, Path folder) {
        JdbcTemplate template = new JdbcTemplate(database);
        this.jdbc = JdbcClient.create(template);
        this.workspaces = new Workspaces(new JdbcTransactionManager(database), jdbc);
        this.parts = new ExportParts(workspaces, template);
        this.properties = properties;
        this.workspaceId = workspaceId;
        this.folder = folder;
    }

    /// A project with the published documents it has.
    public record Found(UUID id, String slug, long documents) {}

    /// A part of a project's file.
    public record Piece(Found project, int number) {}

    public List<Found> projects() {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT p.id, p.slug, (SELECT count(*) FROM documents d WHERE d.workspace_id = p.workspace_id
                            AND d.project_id = p.id AND d.published_version IS NOT NULL AND d.deleted_at IS NULL) AS documents
                        FROM projects p WHERE p.workspace_id = :workspace ORDER BY p.slug
                        """)
                        .param("workspace", workspaceId)
                        .query(Found.class)
                        .list());
    }

    /// Where the file of a project lies once it is whole.
    public Path file(Found project) {
        return folder.resolve(project.id() + ".tidemill");
    }

    private TransferParameters parameters(Found project) {
        // The notes are kept by the launch of an export, and here is none.
        long instance = project.id().getMostSignificantBits();
        return new TransferParameters(
                workspaceId,
                project.id(),
                project.slug(),
                file(project),
                TransferParameters.Format.ARCHIVE,
                false,
                "refuse",
                null,
                instance,
                0);
    }

    /// Cuts a project into parts, unless that was done and they still lie in the folder.
    public void cut(Found project) {
        TransferParameters parameters = parameters(project);
        boolean isCut = Files.isDirectory(parameters.parts()) && parts.isCut(workspaceId, parameters.instance());
        if (isCut || Files.exists(file(project))) {
            return;
        }
        PartFiles.prepare(parameters, archives);
        workspaces.run(workspaceId, () -> parts.plan(parameters, properties));
    }

    /// The parts that are still to be written.
    public List<Piece> open(Found project) {
        return parts.open(workspaceId, parameters(project).instance()).stream()
                .map(part -> new Piece(project, part.number()))
                .toList();
    }

    public void write(Piece piece) {
        TransferParameters parameters = parameters(piece.project());
        for (Part part : parts.open(workspaceId, parameters.instance())) {
            if (part.number() == piece.number()) {
                PartFiles.Written written =
                        PartFiles.open(parts, parameters, archives).write(part);
                workspaces.run(workspaceId, () -> parts.done(workspaceId, parameters.instance(), written));
            }
        }
    }

    /// Makes one file of the parts.
    public void seal(Found project) throws IOException {
        new SealTasklet(parts, archives, InstantSource.system()).seal(parameters(project));
    }
}
