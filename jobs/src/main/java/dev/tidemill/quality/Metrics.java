package dev.tidemill.quality;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What is measured of one ranking. Pure functions; every value is between 0 and 1, more is better.
public final class Metrics {

    private Metrics() {}

    /// Normalised discounted cumulative gain of the first k, with the grade as gain and log2(rank + 1) as discount.
    ///
    /// @param relevant grades by document, none below 1
    public static double ndcg(List<String> ranked, Map<String, Integer> relevant, int k) {
        double gained = 0;
        for (int i = 0; i < Math.min(k, ranked.size()); i++) {
            gained += relevant.getOrDefault(ranked.get(i), 0) / log2(i + 2);
        }
        List<Integer> grades = new ArrayList<>(relevant.values());
        grades.sort(Comparator.reverseOrder());
        double most = 0;
        for (int i = 0; i < Math.min(k, grades.size()); i++) {
            most += grades.get(i) / log2(i + 2);
        }
        return most == 0 ? 0 : gained / most;
    }

    /// Share of the relevant documents that are among the first k.
    public static double recall(List<String> ranked, Set<String> relevant, int k) {
        if (relevant.isEmpty()) {
            return 0;
        }
        long found =
                ranked.stream().limit(k).distinct().filter(relevant::contains).count();
        return (double) found / relevant.size();
    }

    /// 1 over the rank of the first relevant document among the first k; 0 when there is none.
    public static double reciprocalRank(List<String> ranked, Set<String> relevant, int k) {
        for (int i = 0; i < Math.min(k, ranked.size()); i++) {
            if (relevant.contains(ranked.get(i))) {
                return 1.0 / (i + 1);
            }
        }
        return 0;
    }

    /// Share of the longer one of two rankings that is among the first k of both; 1 for two empty ones.
    public static double overlap(List<String> one, List<String> other, int k) {
        Set<String> ones = new HashSet<>(one.subList(0, Math.min(k, one.size())));
        Set<String> others = new HashSet<>(other.subList(0, Math.min(k, other.size())));
        int longer = Math.max(ones.size(), others.size());
        ones.retainAll(others);
        return longer == 0 ? 1 : (double) ones.size() / longer;
    }

    /// The value that the given share of values does not exceed, by the nearest rank; 0 for no values.
    public static double percentile(Collection<Double> values, double share) {
        List<Double> sorted = values.stream().sorted().toList();
        if (sorted.isEmpty()) {
            return 0;
        }
        int rank = (int) Math.ceil(share * sorted.size());
        return sorted.get(Math.clamp(rank, 1, sorted.size()) - 1);
    }

    private static double log2(double value) {
        return Math.log(value) / Math.log(2);
    }
}
