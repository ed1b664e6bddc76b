package dev.tidemill.ingest;

import dev.tidemill.chunk.ChunkProfile;
import dev.tidemill.embed.Embedder;
import dev.tidemill.embed.Embedders;
import dev.tidemill.embed.EmbeddingUnavailable;
import dev.tidemill.embed.Probes;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.Prepared;
import dev.tidemill.source.SourceType;
import dev.tidemill.source.Sources;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.SourceScope;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/// Checks a request for an ingest against the world: the project is there, the location can be read, and the model
/// of the project's vectors is to be had. A project's first set is made by the model that the launch names, else by the
/// configured one.
final class IngestPreparation {

    private final Projects projects;
    private final VectorSets sets;
    private final Embedders embedders;
    private final ChunkProfile profile;

    IngestPreparation(Projects projects, VectorSets sets, Embedders embedders, ChunkProfile profile) {
        this.projects = projects;
        this.sets = sets;
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
        vectors(project, given.getOrDefault(IngestParameters.MODEL, ""));
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

    /// Sees to it that the project has vectors to add to, by a model that takes its texts.
    private void vectors(Project project, String wanted) {
        Optional<VectorSet> live = sets.live(project.workspaceId(), project.id());
        if (live.isPresent()) {
            VectorSet set = live.get();
            if (!wanted.isEmpty() && !wanted.equals(set.model())) {
                throw new InvalidParameter(
                        IngestParameters.MODEL,
                        "the vectors of project \"" + project.slug() + "\" are by " + set.model()
                                + ": leave the model out, or go to another one with ./tidemill reembed");
            }
            fits(project, embedders.of(set.model(), set.fingerprint()));
            return;
        }
        Embedder embedder = wanted.isEmpty() ? embedders.ofNewProjects() : named(wanted);
        fits(project, embedder);
        sets.liveOrFirst(
                project,
                VectorSets.first(embedder.id(), embedder.fingerprint(), embedder.dimensions(), tried(embedder)));
    }

    private void fits(Project project, Embedder embedder) {
        if (profile.maxTokens() > embedder.maxTokens()) {
            throw new InvalidParameter(
                    IngestParameters.MODEL,
                    "ingest.chunk.max-tokens is " + profile.maxTokens() + ": the model " + embedder.id()
                            + " of project " + project.slug() + " takes at most " + embedder.maxTokens());
        }
    }

    private Embedder named(String model) {
        try {
            return embedders.byId(model);
        } catch (IllegalArgumentException e) {
            throw new InvalidParameter(IngestParameters.MODEL, String.valueOf(e.getMessage()));
        }
    }

    /// A project is not bound to a service that does not answer, or answers something else than was configured. What
    /// it says of fixed texts tells later whether it is still the same model.
    private static List<float[]> tried(Embedder embedder) {
        if (!embedder.mayChange()) {
            return List.of();
        }
        try {
            return Probes.of(embedder);
        } catch (EmbeddingUnavailable | IllegalStateException e) {
            throw new InvalidParameter(
                    IngestParameters.MODEL,
                    "the model " + embedder.id() + " of a new project must answer: " + e.getMessage());
        }
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
