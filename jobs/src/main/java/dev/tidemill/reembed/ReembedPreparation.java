package dev.tidemill.reembed;

import dev.tidemill.chunk.ChunkProfile;
import dev.tidemill.embed.Embedder;
import dev.tidemill.embed.Embedders;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.Prepared;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import java.util.Map;
import java.util.UUID;

/// Checks a request against the world: the project has vectors, the model is another one and takes its chunks.
final class ReembedPreparation {

    private final Projects projects;
    private final VectorSets sets;
    private final Embedders embedders;
    private final ChunkProfile profile;

    ReembedPreparation(Projects projects, VectorSets sets, Embedders embedders, ChunkProfile profile) {
        this.projects = projects;
        this.sets = sets;
        this.embedders = embedders;
        this.profile = profile;
    }

    /// What was found out.
    record Found(Project project, VectorSet live, Embedder embedder, VectorSet.Type type) {}

    Prepared prepare(UUID workspaceId, Map<String, String> given) {
        return ReembedParameters.prepared(look(workspaceId, given).project().id(), given);
    }

    Found look(UUID workspaceId, Map<String, String> given) {
        String slug = given.getOrDefault(ReembedParameters.PROJECT, "");
        Project project = projects.find(workspaceId, slug)
                .orElseThrow(
                        () -> new InvalidParameter(ReembedParameters.PROJECT, "there is no project \"" + slug + "\""));
        VectorSet live = sets.live(workspaceId, project.id())
                .orElseThrow(() -> new InvalidParameter(
                        ReembedParameters.PROJECT,
                        "project \"" + slug + "\" has no vectors yet: ingest something first"));
        Embedder embedder = embedder(given.getOrDefault(ReembedParameters.MODEL, ""));
        VectorSet.Type type =
                VectorSet.Type.of(given.getOrDefault(ReembedParameters.TYPE, VectorSet.Type.HALFVEC.column()));
        if (live.fingerprint().equals(embedder.fingerprint()) && live.type() == type) {
            throw new InvalidParameter(
                    ReembedParameters.MODEL,
                    "vector set " + live.id() + " of project \"" + slug + "\" is by " + embedder.id()
                            + " already: name another model or type");
        }
        if (profile.maxTokens() > embedder.maxTokens()) {
            throw new InvalidParameter(
                    ReembedParameters.MODEL,
                    embedder.id() + " takes at most " + embedder.maxTokens() + " tokens and chunks may have "
                            + profile.maxTokens() + ": lower ingest.chunk.max-tokens, ingest again, then re-embed");
        }
        return new Found(project, live, embedder, type);
    }

    private Embedder embedder(String model) {
        try {
            return embedders.byId(model);
        } catch (IllegalArgumentException e) {
            throw new InvalidParameter(ReembedParameters.MODEL, String.valueOf(e.getMessage()));
        }
    }
}
