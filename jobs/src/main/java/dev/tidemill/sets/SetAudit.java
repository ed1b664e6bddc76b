package dev.tidemill.sets;

import dev.tidemill.embed.Embedder;
import dev.tidemill.embed.Embedders;
import dev.tidemill.embed.Probes;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Vectors.Missing;
import dev.tidemill.store.Workspaces;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/// Embeds some texts of a set once more and compares: vectors of another model, or of texts that have changed since,
/// are found that way, and by no count.
public final class SetAudit {

    /// Half floats and the batches of a service move a vector less than this.
    static final double SAME_VECTOR = 0.99;

    private final Workspaces workspaces;
    private final Vectors vectors;
    private final Embedders embedders;

    public SetAudit(Workspaces workspaces, Vectors vectors, Embedders embedders) {
        this.workspaces = workspaces;
        this.vectors = vectors;
        this.embedders = embedders;
    }

    /// What was found.
    ///
    /// @param rows vectors in the set
    /// @param missing texts that have none
    /// @param sampled texts that were embedded again
    /// @param drifted content ids of those whose vector is another one
    /// @param lowest cosine between a stored vector and its text's
    public record Findings(long rows, long missing, int sampled, List<UUID> drifted, double lowest) {

        public Findings {
            drifted = List.copyOf(drifted);
        }

        public boolean well() {
            return missing == 0 && drifted.isEmpty();
        }
    }

    /// Looks. No transaction is open while texts are embedded.
    ///
    /// @param sample texts, at most
    public Findings audit(UUID workspaceId, UUID projectId, VectorSet set, int sample) {
        Embedder embedder = embedders.of(set.model(), set.fingerprint());
        List<UUID> drifted = new ArrayList<>();
        double lowest = 1;
        List<Missing> picked =
                workspaces.callAlone(workspaceId, () -> vectors.sample(workspaceId, projectId, set, sample));
        for (Missing text : picked) {
            float[] stored = text.cached();
            double cosine = stored == null ? -1 : Probes.cosine(stored, TextVector.of(embedder, text.text()));
            lowest = Math.min(lowest, cosine);
            if (cosine < SAME_VECTOR) {
                drifted.add(text.contentId());
            }
        }
        double least = lowest;
        return workspaces.callAlone(
                workspaceId,
                () -> new Findings(
                        vectors.count(workspaceId, set),
                        vectors.countMissing(workspaceId, projectId, set),
                        picked.size(),
                        drifted,
                        least));
    }
}
