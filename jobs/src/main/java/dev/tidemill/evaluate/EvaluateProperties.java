package dev.tidemill.evaluate;

import dev.tidemill.quality.Evaluator;
import dev.tidemill.run.JobPolicy;
import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// `job-configs/evaluate.yaml`. Unknown keys and values out of range are refused when the process starts.
///
/// @param concurrency questions at a time, 0 for as many as there are cores
/// @param commitQuestions answers in one transaction
/// @param canary when a fall is worth an alert
/// @param audit texts that a canary embeds again
/// @param run priority, limits, retries and skip budget of its runs
@ConfigurationProperties(prefix = "evaluate", ignoreUnknownFields = false)
public record EvaluateProperties(
        @DefaultValue("0") int concurrency,
        @DefaultValue("20") int commitQuestions,
        @DefaultValue Canary canary,
        @DefaultValue Audit audit,
        @DefaultValue JobPolicy run) {

    public EvaluateProperties {
        require(concurrency >= 0 && concurrency <= 1024, "evaluate.concurrency", concurrency, "must be 0 to 1024");
        require(
                commitQuestions >= 1 && commitQuestions <= 1_000,
                "evaluate.commit-questions",
                commitQuestions,
                "must be 1 to 1000");
    }

    /// When a fall is worth an alert.
    ///
    /// @param metrics that are watched
    /// @param mayFallPercent of the value of the evaluation before, for each of them
    /// @param pausesSchedules jobs whose schedules are paused by an alert, until an operator resumes them
    public record Canary(
            @DefaultValue({Evaluator.NDCG, Evaluator.RECALL})
            List<String> metrics,

            @DefaultValue("5") double mayFallPercent,
            @DefaultValue("ingest") List<String> pausesSchedules) {

        public Canary {
            metrics = List.copyOf(metrics);
            pausesSchedules = List.copyOf(pausesSchedules);
            require(
                    Evaluator.QUALITY.containsAll(metrics),
                    "evaluate.canary.metrics",
                    metrics,
                    "use some of " + String.join(", ", Evaluator.QUALITY));
            require(
                    mayFallPercent >= 0 && mayFallPercent <= 100,
                    "evaluate.canary.may-fall-percent",
                    mayFallPercent,
                    "must be between 0 and 100");
        }
    }

    /// Texts that a canary embeds again, to compare their vectors with what is stored.
    ///
    /// @param texts of each live set, 0 for none
    /// @param every time that a set is left alone in between
    public record Audit(
            @DefaultValue("20") int texts,
            @DefaultValue("24h") Duration every) {

        public Audit {
            require(texts >= 0 && texts <= 2_000, "evaluate.audit.texts", texts, "must be 0 to 2000");
            require(!every.isNegative(), "evaluate.audit.every", every, "must not be negative");
        }
    }

    int threads() {
        return concurrency == 0 ? Runtime.getRuntime().availableProcessors() : concurrency;
    }

    private static void require(boolean fine, String key, Object value, String rule) {
        if (!fine) {
            throw new IllegalArgumentException(key + " is " + value + ": " + rule);
        }
    }
}
