package dev.tidemill.ingest;

import dev.tidemill.chunk.ChunkProfile;
import dev.tidemill.embed.Embedder;
import dev.tidemill.embed.Embedders;
import dev.tidemill.embed.OnnxEmbedder;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.Prepared;
import dev.tidemill.source.SourceType;
import dev.tidemill.source.Sources;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.SourceScope;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import java.util.Map;
import java.util.UUID;

/// Checks a request for an ingest against the world: the project is there, the location can be read, and the model
/// of the project's vectors is to be had. A project's first set is made by the configured model.
final class IngestPreparation {

    private final Projects projects;
    private final VectorSets sets;
    private final OnnxEmbedder configured;
    private final Embedders embedders;
    private final ChunkProfile profile;

    IngestPreparation(
            Projects projects, VectorSets sets, OnnxEmbedder configured, Embedders embedders, ChunkProfile profile) {
        this.projects = projects;
        this.sets = sets;
        this.configured = configured;
        this.embedders = embedders;
        this.profile = profile;
    }

    Prepared prepare(UUID workspaceId, Map<String, String> given) {
        String slug = given.getOrDefault("project", "");
        Project project = projects.find(workspaceId, slug)
                .orElseThrow(() -> new InvalidParameter("project", "there is no project \"" + slug + "\""));
        SourceType type = SourceType.byId(given.getOrDefault("type", ""));
        boolean stored = stored(given);
        String location = location(type, given);
        VectorSet live = sets.liveOrFirst(project, configured.id(), configured.fingerprint(), configured.dimensions());
        Embedder embedder = embedders.of(live.model(), live.fingerprint());
        if (profile.maxTokens() > embedder.maxTokens()) {
            throw new IllegalStateException("ingest.chunk.max-tokens is " + profile.maxTokens() + ": the model "
                    + live.model() + " of project " + slug + " takes at most " + embedder.maxTokens());
        }
        SourceScope scope = new SourceScope(
                project.workspaceId(),
                project.id(),
                stored
                        ? projects.findSource(project, type.id(), location)
                                .orElseThrow(() -> new InvalidParameter(
                                        "location", "nothing of " + type.id() + " " + location + " is stored"))
                        : projects.source(project, type.id(), location));
        return IngestParameters.prepared(
                scope,
                slug,
                type,
                location,
                Boolean.parseBoolean(given.getOrDefault("allowMassDelete", "false")),
                stored);
    }

    static boolean stored(Map<String, String> given) {
        return Boolean.parseBoolean(given.getOrDefault(IngestParameters.STORED, "false"));
    }

    /// What is stored may be gone from where it came from.
    static String location(SourceType type, Map<String, String> given) {
        String location = given.getOrDefault("location", "");
        return stored(given) ? location : Sources.normalize(type, location);
    }
}
