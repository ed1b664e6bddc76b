package dev.tidemill.sets;

import dev.tidemill.embed.Embedder;
import dev.tidemill.embed.Embedders;
import dev.tidemill.embed.Probes;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/// Sees to it that a set only ever holds vectors of one model: a service that answers with another one under the same
/// name is found by the vectors of fixed texts.
public final class SameModel {

    private SameModel() {}

    /// The model of a set, known to be the one that made it.
    ///
    /// @throws IllegalStateException when it is another one by now
    public static Embedder checked(VectorSets sets, UUID workspaceId, VectorSet set, Embedders embedders) {
        Embedder embedder = embedders.of(set.model(), set.fingerprint());
        if (!embedder.mayChange()) {
            return embedder;
        }
        List<float[]> then = sets.probes(workspaceId, set);
        if (then.isEmpty()) {
            sets.probes(workspaceId, set, Probes.of(embedder));
            return embedder;
        }
        double likeness = Probes.likeness(embedder, then);
        if (likeness < Probes.SAME_MODEL) {
            throw new IllegalStateException(String.format(
                    Locale.ROOT,
                    "%s is another model than the one that made vector set %d: fixed texts have a cosine of %.4f to their"
                            + " vectors of then. Nothing was written; set the model back, or re-embed the project",
                    set.model(),
                    set.id(),
                    likeness));
        }
        return embedder;
    }
}
