package dev.tidemill.ingest;

import dev.tidemill.embed.OnnxEmbedder;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.Prepared;
import dev.tidemill.source.SourceType;
import dev.tidemill.source.Sources;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.SourceScope;
import java.util.Map;
import java.util.UUID;

/// Checks a request for an ingest against the world: the project is there, the location can be read, and the
/// project's vectors come from the configured model.
final class IngestPreparation {

    private final Projects projects;
    private final OnnxEmbedder embedder;

    IngestPreparation(Projects projects, OnnxEmbedder embedder) {
        this.projects = projects;
        this.embedder = embedder;
    }

    Prepared prepare(UUID workspaceId, Map<String, String> given) {
        String slug = given.getOrDefault("project", "");
        Project project = projects.find(workspaceId, slug)
                .orElseThrow(() -> new InvalidParameter("project", "there is no project \"" + slug + "\""));
        SourceType type = SourceType.byId(given.getOrDefault("type", ""));
        String location = Sources.normalize(type, given.getOrDefault("location", ""));
        projects.liveSet(
                project,
                embedder.model().id(),
                embedder.fingerprint(),
                embedder.model().dimensions());
        SourceScope scope =
                new SourceScope(project.workspaceId(), project.id(), projects.source(project, type.id(), location));
        return IngestParameters.prepared(
                scope, slug, type, location, Boolean.parseBoolean(given.getOrDefault("allowMassDelete", "false")));
    }
}
