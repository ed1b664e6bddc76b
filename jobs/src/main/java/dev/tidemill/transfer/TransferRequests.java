package dev.tidemill.transfer;

import dev.tidemill.document.ContentHash;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.Plan;
import dev.tidemill.run.Prepared;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.Workspaces;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Checks requests for exports and imports against the world, and says what they would do.
final class TransferRequests {

    private static final UUID NONE = new UUID(0, 0);

    private final Workspaces workspaces;
    private final JdbcClient jdbc;
    private final Projects projects;
    private final VectorSets sets;
    private final ExportParts parts;
    private final Archives archives;

    TransferRequests(
            Workspaces workspaces,
            JdbcClient jdbc,
            Projects projects,
            VectorSets sets,
            ExportParts parts,
            Archives archives) {
        this.workspaces = workspaces;
        this.jdbc = jdbc;
        this.projects = projects;
        this.sets = sets;
        this.parts = parts;
        this.archives = archives;
    }

    Prepared prepareExport(UUID workspaceId, Map<String, String> given) {
        Project project = project(workspaceId, given);
        Path file = file(given);
        Path folder = file.getParent();
        if (folder == null || !Files.isDirectory(folder) || !Files.isWritable(folder)) {
            throw new InvalidParameter("file", folder + " is no folder that the server may write to");
        }
        if (Files.exists(file)) {
            throw new InvalidParameter("file", file + " exists: name another file, or remove that one");
        }
        Passphrase passphrase = archives.passphrase(given.get(Passphrase.PARAMETER));
        if (passphrase != null) {
            passphrase.strong();
            if (TransferParameters.Format.of(given.get("format")) != TransferParameters.Format.ARCHIVE) {
                throw new InvalidParameter(
                        "format", "only the format archive can be encrypted: leave the passphrase out");
            }
        }
        return prepared("export of project " + given.get("project") + " to " + file, given, project.id(), file);
    }

    private static Prepared prepared(String subject, Map<String, String> given, UUID projectId, Path file) {
        Map<String, String> all = new HashMap<>(given);
        all.put("projectId", projectId.toString());
        all.put("file", file.toString());
        return new Prepared(subject, all);
    }

    private Project project(UUID workspaceId, Map<String, String> given) {
        String slug = given.getOrDefault("project", "");
        return projects.find(workspaceId, slug)
                .orElseThrow(() -> new InvalidParameter("project", "there is no project \"" + slug + "\""));
    }

    private static Path file(Map<String, String> given) {
        Path file = Path.of(given.getOrDefault("file", ""));
        if (!file.isAbsolute()) {
            throw new InvalidParameter("file", "file is \"" + file + "\": give an absolute path of the server");
        }
        return file.normalize();
    }

    Plan planExport(UUID workspaceId, Map<String, String> given) {
        Project project = project(workspaceId, given);
        Map<String, Long> counts = new LinkedHashMap<>();
        counts.put(
                "documents",
                count(
                        workspaceId,
                        project.id(),
                        "SELECT count(*) FROM documents WHERE workspace_id = :workspace AND project_id = :project AND published_version IS NOT NULL AND deleted_at IS NULL"));
        counts.put(
                "chunks",
                count(
                        workspaceId,
                        project.id(),
                        "SELECT count(*) FROM chunks WHERE workspace_id = :workspace AND project_id = :project AND valid_from IS NOT NULL AND valid_to IS NULL"));
        counts.put("originals", count(workspaceId, project.id(), """
                SELECT coalesce(sum(b.size), 0)::bigint FROM blobs b WHERE b.workspace_id = :workspace AND EXISTS (
                  SELECT FROM document_versions v WHERE v.workspace_id = b.workspace_id AND v.sha256 = b.sha256
                    AND v.project_id = :project AND v.state = 'published')"""));
        List<String> notes = new ArrayList<>(List.of("originals are in bytes"));
        parts.sets(workspaceId, project.id(), "live".equals(given.get("sets")))
                .forEach(set ->
                        notes.add("vector set " + set.id() + ", " + set.set().state() + ": "
                                + set.set().model() + " as " + set.set().type()));
        return plan(counts, notes, counts + " " + notes + " " + project.generation());
    }

    private long count(UUID workspaceId, UUID projectId, String sql) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql(sql)
                        .param("workspace", workspaceId)
                        .param("project", projectId)
                        .query(Long.class)
                        .single());
    }

    private static Plan plan(Map<String, Long> counts, List<String> notes, String world) {
        return new Plan(
                counts,
                0,
                BigDecimal.ZERO,
                Duration.ZERO,
                0,
                notes,
                ContentHash.of(world).hex());
    }

    /// Makes the project where it is new.
    Prepared prepareImport(UUID workspaceId, Map<String, String> given) {
        Path file = file(given);
        try (Archive archive = archives.open(file, given.get(Passphrase.PARAMETER))) {
            Manifest manifest = archive.manifest();
            String slug = slug(given, manifest);
            Optional<Project> found = projects.find(workspaceId, slug);
            found.ifPresent(there -> checked(workspaceId, there, given, manifest));
            TargetSets.find(sets, workspaceId, found.map(Project::id).orElse(NONE), slug, manifest);
            UUID project = found.map(Project::id).orElseGet(() -> create(workspaceId, slug, manifest.project()));
            Map<String, String> all = new HashMap<>(given);
            all.put("project", slug);
            return prepared("import into project " + slug, all, project, file);
        }
    }

    private static String slug(Map<String, String> given, Manifest manifest) {
        String slug = given.getOrDefault("project", "");
        return slug.isEmpty() ? manifest.project().slug() : slug;
    }

    private void checked(UUID workspaceId, Project project, Map<String, String> given, Manifest manifest) {
        long documents = count(
                workspaceId,
                project.id(),
                "SELECT count(*) FROM documents WHERE workspace_id = :workspace AND project_id = :project");
        if (documents > 0 && given.getOrDefault("onConflict", "").equals("refuse")) {
            throw new InvalidParameter(
                    "onConflict",
                    "project " + slug(given, manifest) + " has " + documents
                            + " documents: name another project, or say with onConflict what to do with those that are in both: skip"
                            + " or replace");
        }
    }

    private UUID create(UUID workspaceId, String slug, Manifest.Project project) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        INSERT INTO projects (workspace_id, slug, name, description)
                        VALUES (:workspace, :slug, :name, CAST(:description AS text)) RETURNING id
                        """)
                        .param("workspace", workspaceId)
                        .param("slug", slug)
                        .param("name", project.name())
                        .param("description", project.description())
                        .query(UUID.class)
                        .single());
    }

    Plan planImport(UUID workspaceId, Map<String, String> given) {
        try (Archive archive = archives.open(file(given), given.get(Passphrase.PARAMETER))) {
            Manifest manifest = archive.manifest();
            Map<String, Long> counts = new LinkedHashMap<>();
            counts.put("documents", manifest.documents());
            for (String kind : List.of("originals", "vectors", "questions")) {
                counts.put(kind, archive.items(kind));
            }
            counts.put(
                    "bytes",
                    manifest.parts().stream().mapToLong(Manifest.Part::bytes).sum());
            List<String> notes = new ArrayList<>();
            String slug = slug(given, manifest);
            Optional<Project> found = projects.find(workspaceId, slug);
            notes.add(found.isEmpty() ? "project " + slug + " is made" : "project " + slug + " is there");
            found.ifPresent(project -> {
                checked(workspaceId, project, given, manifest);
                TargetSets.find(sets, workspaceId, project.id(), slug, manifest);
            });
            manifest.vectorSets()
                    .forEach(set -> notes.add("the file has vectors of " + set.model() + " as " + set.type() + ", "
                            + (set.live() ? "live" : set.state())));
            return plan(
                    counts,
                    notes,
                    counts + slug + found.map(Project::generation).orElse(-1L));
        }
    }
}
