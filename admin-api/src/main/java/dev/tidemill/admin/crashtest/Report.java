package dev.tidemill.admin.crashtest;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/// What a crash test found.
///
/// @param jobs in the order in which they were tried
/// @param documents in the folder's ledger at the end
/// @param embeddings calls of the embedding models
/// @param repeated calls for a text that had been embedded before
/// @param fenceRefusals transactions of runs that had been taken over
public record Report(List<Job> jobs, int documents, long embeddings, long repeated, long fenceRefusals) {

    private static final int SHOWN = 10;

    /// What became of one job.
    ///
    /// @param kills by the fault's name and place
    /// @param recoverySeconds from each fault to the next committed chunk or the end of the run
    /// @param rows compared in the last round
    /// @param missed faults whose place no run came to
    /// @param lost rows that the undisturbed side has and the other lacks
    /// @param duplicated rows that the other has more often or besides
    /// @param faults broken rules, of whatever kind
    public record Job(
            String name,
            Map<String, Integer> kills,
            List<Double> recoverySeconds,
            int rounds,
            int rows,
            int missed,
            List<String> lost,
            List<String> duplicated,
            List<String> faults) {

        public int killed() {
            return kills.values().stream().mapToInt(Integer::intValue).sum();
        }

        public boolean clean() {
            return lost.isEmpty() && duplicated.isEmpty() && faults.isEmpty();
        }
    }

    private <T> List<T> all(Function<Job, List<T>> part) {
        List<T> all = new ArrayList<>();
        jobs.forEach(job -> all.addAll(part.apply(job)));
        return all;
    }

    /// By the fault's name and place, over all jobs.
    public Map<String, Integer> kills() {
        Map<String, Integer> kills = new TreeMap<>();
        jobs.forEach(job -> job.kills().forEach((what, count) -> kills.merge(what, count, Integer::sum)));
        return kills;
    }

    public List<Double> recoverySeconds() {
        return all(Job::recoverySeconds);
    }

    public List<String> lost() {
        return all(Job::lost);
    }

    public List<String> duplicated() {
        return all(Job::duplicated);
    }

    public List<String> faults() {
        return all(Job::faults);
    }

    public int killed() {
        return jobs.stream().mapToInt(Job::killed).sum();
    }

    public boolean clean() {
        return jobs.stream().allMatch(Job::clean);
    }

    private double percentile(double share) {
        List<Double> sorted = recoverySeconds().stream().sorted().toList();
        return sorted.isEmpty() ? 0 : sorted.get((int) Math.min(sorted.size() - 1, Math.floor(share * sorted.size())));
    }

    /// For people; the last line is the verdict.
    public String text() {
        StringBuilder text = new StringBuilder();
        kills().forEach((what, count) -> text.append(String.format(Locale.ROOT, "%5d  %s%n", count, what)));
        for (Job job : jobs) {
            text.append(String.format(
                    Locale.ROOT,
                    "%-9s kills %d, recoveries %d, rounds %d, rows compared %d, lost %d, duplicated %d%s%n",
                    job.name(),
                    job.killed(),
                    job.recoverySeconds().size(),
                    job.rounds(),
                    job.rows(),
                    job.lost().size(),
                    job.duplicated().size(),
                    job.missed() == 0 ? "" : ", places never reached " + job.missed()));
        }
        text.append(String.format(
                Locale.ROOT,
                "%d documents; recovered after p50 %.1f s, p95 %.1f s, longest %.1f s%n",
                documents,
                percentile(0.5),
                percentile(0.95),
                percentile(1)));
        text.append(String.format(
                Locale.ROOT, "embedding calls %d; commits refused by the fence %d%n", embeddings, fenceRefusals));
        text.append(String.format(
                Locale.ROOT,
                "kills %d, recoveries %d, lost %d, duplicated %d, paid embeddings repeated %d%n",
                killed(),
                recoverySeconds().size(),
                lost().size(),
                duplicated().size(),
                repeated));
        show(text, "lost", lost());
        show(text, "duplicated", duplicated());
        show(text, "wrong", faults());
        text.append("lost ")
                .append(lost().size())
                .append(", duplicated ")
                .append(duplicated().size());
        if (!faults().isEmpty()) {
            text.append(", wrong ").append(faults().size());
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
