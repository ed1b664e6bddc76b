package dev.tidemill.transfer;

import dev.tidemill.run.InvalidParameter;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Which set of a project takes the vectors of which set of a file. A project without sets gets
/// those of the file; one that
/// has some takes what its own need, as it would have to embed its own documents for another one.
///
/// @param byPlace sets of the project by the place of the file's set in its manifest
record TargetSets(Map<Integer, VectorSet> byPlace) {

    TargetSets {
        byPlace = Map.copyOf(byPlace);
    }

    /// What there is, or will be: nothing is made.
    ///
    /// @throws InvalidParameter when the vectors that answer there were made by another model
    static TargetSets find(VectorSets sets, UUID workspaceId, UUID projectId, String slug, Manifest manifest) {
        List<VectorSet> there = sets.active(workspaceId, projectId);
        Optional<VectorSet> live = there.stream().filter(VectorSet::live).findFirst();
        if (live.isEmpty()) {
            if (manifest.documents() > 0 && manifest.vectorSets().isEmpty()) {
                throw new InvalidParameter("file", "the file holds documents but no vectors: export the project again");
            }
            return new TargetSets(Map.of());
        }
        Map<Integer, VectorSet> found = new HashMap<>();
        for (VectorSet set : there) {
            Integer place = place(set, manifest.vectorSets());
            if (place != null) {
                found.put(place, set);
            } else if (set.live() && manifest.documents() > 0) {
                throw new InvalidParameter(
                        "project",
                        "vector set " + set.id() + " of project " + slug + " was made by "
                                + set.model() + ", the vectors of the file by "
                                + String.join(
                                        " and ",
                                        manifest.vectorSets().stream()
                                                .map(Manifest.Set::model)
                                                .toList())
                                + ", or by it in another configuration: import into another project, or re-embed one of the two");
            }
        }
        return new TargetSets(found);
    }

    /// The file's set of the same model, rather of the same type than not.
    private static @Nullable Integer place(VectorSet set, List<Manifest.Set> of) {
        Integer found = null;
        for (int i = 0; i < of.size(); i++) {
            if (of.get(i).fingerprint().equals(set.fingerprint())
                    && (found == null || of.get(i).type().equals(set.type().column()))) {
                found = i;
            }
        }
        return found;
    }

    /// As [#find], with the file's sets made in a project that has none, in the caller's transaction.
    static TargetSets make(
            VectorSets sets, UUID workspaceId, UUID projectId, String slug, Manifest manifest, boolean onlyLive) {
        if (sets.live(workspaceId, projectId).isEmpty()) {
            Map<Integer, VectorSet> made = new HashMap<>();
            // The live one last: it replaces the one that soaks.
            for (int i = manifest.vectorSets().size() - 1; i >= 0; i--) {
                Manifest.Set set = manifest.vectorSets().get(i);
                if (set.live() || !onlyLive) {
                    made.put(i, sets.imported(workspaceId, projectId, imported(set)));
                }
            }
            return new TargetSets(made);
        }
        return find(sets, workspaceId, projectId, slug, manifest);
    }

    private static VectorSets.Imported imported(Manifest.Set set) {
        return new VectorSets.Imported(
                new VectorSets.Recipe(
                        set.model(),
                        set.fingerprint(),
                        set.dimensions(),
                        VectorSet.Type.of(set.type()),
                        "",
                        probes(set)),
                switch (String.valueOf(set.state())) {
                    case "soaking" -> VectorSet.State.SOAKING;
                    case "held" -> VectorSet.State.HELD;
                    default -> VectorSet.State.LIVE;
                },
                set.efSearch(),
                set.recall(),
                set.soakUntil());
    }

    private static List<float[]> probes(Manifest.Set set) {
        List<float[]> probes = new ArrayList<>();
        if (set.probes() != null) {
            ByteBuffer stored = ByteBuffer.wrap(Base64.getMimeDecoder().decode(set.probes()));
            while (stored.remaining() >= set.dimensions() * Float.BYTES) {
                float[] probe = new float[set.dimensions()];
                stored.asFloatBuffer().get(probe);
                stored.position(stored.position() + set.dimensions() * Float.BYTES);
                probes.add(probe);
            }
        }
        return probes;
    }
}
