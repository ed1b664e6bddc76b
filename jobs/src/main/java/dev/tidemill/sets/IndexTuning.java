package dev.tidemill.sets;

import dev.tidemill.store.VectorSet;
import dev.tidemill.store.Vectors;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/// Finds how many candidates a walk of an index must keep to find nearly what an exact search finds.
public final class IndexTuning {

    private static final int TOP = 10;
    private static final List<Integer> CANDIDATES = List.of(40, 60, 80, 100, 150, 200, 300, 400, 600, 800, 1_000);

    private final Vectors vectors;

    public IndexTuning(Vectors vectors) {
        this.vectors = vectors;
    }

    /// A setting with what it reaches.
    ///
    /// @param recall share of the true nearest ten that it finds
    public record Tuned(int efSearch, double recall) {}

    /// The smallest setting that reaches the target, or the largest one where none does.
    ///
    /// @param queries vectors to ask with
    public Tuned tune(UUID workspaceId, VectorSet set, List<float[]> queries, double target) {
        List<Set<UUID>> truths = new ArrayList<>();
        for (float[] query : queries) {
            truths.add(new HashSet<>(vectors.nearest(workspaceId, set, query, TOP, 0)));
        }
        Tuned best = new Tuned(CANDIDATES.getFirst(), 0);
        for (int efSearch : CANDIDATES) {
            best = new Tuned(efSearch, recall(workspaceId, set, queries, truths, efSearch));
            if (best.recall() >= target) {
                break;
            }
        }
        return best;
    }

    private double recall(
            UUID workspaceId, VectorSet set, List<float[]> queries, List<Set<UUID>> truths, int efSearch) {
        long found = 0;
        long all = 0;
        for (int i = 0; i < queries.size(); i++) {
            Set<UUID> truth = truths.get(i);
            found += vectors.nearest(workspaceId, set, queries.get(i), TOP, efSearch).stream()
                    .filter(truth::contains)
                    .count();
            all += truth.size();
        }
        return all == 0 ? 1 : (double) found / all;
    }
}
