package dev.tidemill.quality;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/// Decides whether a vector set may take the place of the live one. A pure function of what was measured.
public final class Gate {

    private Gate() {}

    /// When a set may be switched to.
    ///
    /// @param metrics names of the key metrics
    /// @param mayFallPercent of its value with the live set, for each of them
    /// @param minQuestions judged questions without which nothing was measured
    /// @param minOverlap share of the first ten hits of real questions that both sets must have in common, 0 for no
    ///     such rule
    /// @param mayMissPercent texts that may be without a vector
    public record Rule(
            List<String> metrics, double mayFallPercent, int minQuestions, double minOverlap, double mayMissPercent) {

        public Rule {
            metrics = List.copyOf(metrics);
        }
    }

    /// One golden set in one mode, asked of both sets.
    public record Measured(
            String goldenSet, String mode, int questions, Map<String, Double> live, Map<String, Double> candidate) {}

    /// All that was measured.
    ///
    /// @param overlap of nothing when no real question was asked
    public record Evidence(List<Measured> measured, double overlap, int sampled, long texts, long missing) {

        public Evidence {
            measured = List.copyOf(measured);
        }
    }

    /// The decision.
    ///
    /// @param reasons why it was refused, empty when it was not
    /// @param figures every figure that was looked at, one a line
    public record Verdict(boolean passed, List<String> reasons, List<String> figures) {

        public Verdict {
            reasons = List.copyOf(reasons);
            figures = List.copyOf(figures);
        }
    }

    public static Verdict judge(Rule rule, Evidence evidence) {
        List<String> reasons = new ArrayList<>();
        List<String> figures = new ArrayList<>();
        long questions = evidence.measured().stream()
                .collect(Collectors.toMap(Measured::goldenSet, Measured::questions, Math::max))
                .values()
                .stream()
                .mapToLong(Integer::longValue)
                .sum();
        if (questions < rule.minQuestions()) {
            reasons.add("only " + questions + " judged questions, " + rule.minQuestions() + " are asked for");
        }
        for (Measured one : evidence.measured()) {
            for (String metric : rule.metrics()) {
                Double live = one.live().get(metric);
                Double candidate = one.candidate().get(metric);
                if (live == null || candidate == null) {
                    continue;
                }
                String figure = String.format(
                        Locale.ROOT,
                        "%s %s of %s: %.4f live, %.4f new (%s)",
                        one.mode(),
                        metric,
                        one.goldenSet(),
                        live,
                        candidate,
                        change(live, candidate));
                figures.add(figure);
                if (fell(live, candidate, rule.mayFallPercent())) {
                    reasons.add(figure + ", may fall by " + number(rule.mayFallPercent()) + " %");
                }
            }
        }
        if (evidence.sampled() > 0) {
            figures.add(String.format(
                    Locale.ROOT,
                    "%d real questions: %.3f of the first ten hits in common",
                    evidence.sampled(),
                    evidence.overlap()));
            if (evidence.overlap() < rule.minOverlap()) {
                reasons.add(String.format(
                        Locale.ROOT,
                        "%.3f of the first ten hits of %d real questions are in common, %s are asked for",
                        evidence.overlap(),
                        evidence.sampled(),
                        number(rule.minOverlap())));
            }
        }
        figures.add(evidence.missing() + " of " + evidence.texts() + " texts have no vector in the new set");
        if (evidence.missing() > mayMiss(rule, evidence.texts())) {
            reasons.add(evidence.missing() + " of " + evidence.texts() + " texts have no vector in the new set, "
                    + number(rule.mayMissPercent()) + " % may");
        }
        return new Verdict(reasons.isEmpty(), reasons, figures);
    }

    /// How many texts may be without a vector.
    public static long mayMiss(Rule rule, long texts) {
        return (long) Math.floor(texts * rule.mayMissPercent() / 100);
    }

    /// Whether a metric fell by more than it may. What stands exactly at the border has not.
    public static boolean fell(double live, double candidate, double percent) {
        double least = live * (1 - percent / 100);
        return candidate < least - 1e-9;
    }

    private static String change(double live, double candidate) {
        return live == 0 ? "-" : String.format(Locale.ROOT, "%+.1f %%", (candidate - live) / live * 100);
    }

    private static String number(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }
}
