package dev.tidemill.admin.crashtest;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What a crash test found.
///
/// @param kills by the fault's name and place
/// @param recoverySeconds from each fault to the next committed chunk or the end of the run
/// @param lost rows that the uninterrupted corpus has and the other lacks
/// @param duplicated rows that the other has more often or besides
/// @param faults broken rules, of whatever kind
/// @param embeddings calls of the embedding model
/// @param repeated calls for a text that had been embedded before
/// @param documents in the folder's ledger at the end
public record Report(
        Map<String, Integer> kills,
        List<Double> recoverySeconds,
        int rounds,
        int documents,
        int rows,
        List<String> lost,
        List<String> duplicated,
        List<String> faults,
        long embeddings,
        long repeated,
        long fenceRefusals) {

    private static final int SHOWN = 10;

    public int killed() {
        return kills.values().stream().mapToInt(Integer::intValue).sum();
    }

    public boolean clean() {
        return lost.isEmpty() && duplicated.isEmpty() && faults.isEmpty();
    }

    private double percentile(double share) {
        List<Double> sorted = recoverySeconds.stream().sorted().toList();
        return sorted.isEmpty() ? 0 : sorted.get((int) Math.min(sorted.size() - 1, Math.floor(share * sorted.size())));
    }

    /// For people; the last line is the verdict.
    public String text() {
        StringBuilder text = new StringBuilder();
        kills.forEach((what, count) -> text.append(String.format(Locale.ROOT, "%5d  %s%n", count, what)));
        text.append(String.format(
                Locale.ROOT,
                "%d rounds, %d documents, %d rows compared; recovered after p50 %.1f s, p95 %.1f s, longest %.1f s%n",
                rounds,
                documents,
                rows,
                percentile(0.5),
                percentile(0.95),
                percentile(1)));
        text.append(String.format(
                Locale.ROOT, "embedding calls %d; commits refused by the fence %d%n", embeddings, fenceRefusals));
        text.append(String.format(
                Locale.ROOT,
                "kills %d, recoveries %d, lost %d, duplicated %d, paid embeddings repeated %d%n",
                killed(),
                recoverySeconds.size(),
                lost.size(),
                duplicated.size(),
                repeated));
        show(text, "lost", lost);
        show(text, "duplicated", duplicated);
        show(text, "wrong", faults);
        text.append("lost ").append(lost.size()).append(", duplicated ").append(duplicated.size());
        if (!faults.isEmpty()) {
            text.append(", wrong ").append(faults.size());
        }
        return text.toString();
    }

    private static void show(StringBuilder text, String what, List<String> lines) {
        lines.stream()
                .limit(SHOWN)
                .forEach(line -> text.append(what).append(": ").append(line).append('\n'));
        if (lines.size() > SHOWN) {
            text.append(what).append(": and ").append(lines.size() - SHOWN).append(" more\n");
        }
    }
}
