package dev.tidemill.reembed;

import dev.tidemill.quality.Evaluator;
import dev.tidemill.quality.Gate.Rule;
import dev.tidemill.run.JobPolicy;
import dev.tidemill.search.SearchMode;
import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/// `job-configs/reembed.yaml`. Unknown keys and values out of range are refused when the process starts.
///
/// @param embed how vectors are made
/// @param index when and how the set gets its index
/// @param evaluate what is asked of both sets
/// @param gate when the new set may take the place of the live one
/// @param soak how long the old set can be gone back to, and a refused one is kept
/// @param run priority, limits, retries and skip budget of its runs
@ConfigurationProperties(prefix = "reembed", ignoreUnknownFields = false)
public record ReembedProperties(
        @DefaultValue Embed embed,
        @DefaultValue Index index,
        @DefaultValue Evaluate evaluate,
        @DefaultValue Gate gate,
        @DefaultValue("24h") Duration soak,
        @DefaultValue JobPolicy run) {

    public ReembedProperties {
        require(soak.compareTo(Duration.ofMinutes(1)) >= 0, "reembed.soak", soak, "must be at least 1m");
    }

    /// How vectors are made.
    ///
    /// @param concurrency texts embedded at a time, 0 for as many as the model is best used by
    /// @param commitChunks vectors in one transaction: what a kill loses at most
    /// @param giveWay pause before each text that is embedded beside queries, one at a time, 0 for never to wait
    public record Embed(
            @DefaultValue("0") int concurrency,
            @DefaultValue("64") int commitChunks,
            @DefaultValue("100ms") Duration giveWay) {

        public Embed {
            range(concurrency, 0, 4096, "reembed.embed.concurrency");
            range(commitChunks, 1, 10_000, "reembed.embed.commit-chunks");
            require(!giveWay.isNegative(), "reembed.embed.give-way", giveWay, "must not be negative");
        }
    }

    /// When and how the set gets its index. Below, a search compares with every vector, which is exact.
    ///
    /// @param rows vectors from which on an index is built, 0 for always
    /// @param memory for building it, 0 for what it needs, but no more than a quarter of the machine's
    /// @param workers beside the first process, -1 for one less than there are cores
    /// @param targetRecall share of the true nearest ten that a walk of it must find
    /// @param queries questions that it is tuned with
    public record Index(
            @DefaultValue("20000") long rows,
            @DefaultValue("0MB") DataSize memory,
            @DefaultValue("-1") int workers,
            @DefaultValue("0.98") double targetRecall,
            @DefaultValue("100") int queries) {

        public Index {
            require(rows >= 0, "reembed.index.rows", rows, "must not be negative");
            require(memory.toBytes() >= 0, "reembed.index.memory", memory, "must not be negative");
            range(workers, -1, 64, "reembed.index.workers");
            require(
                    targetRecall > 0 && targetRecall <= 1,
                    "reembed.index.target-recall",
                    targetRecall,
                    "must be more than 0 and at most 1");
            range(queries, 1, 10_000, "reembed.index.queries");
        }
    }

    /// What is asked of both sets.
    ///
    /// @param modes how is searched: hybrid is what users get, vector shows a loss that words make up for
    /// @param sample questions that people asked lately, at most
    /// @param concurrency questions at a time, 0 for as many as there are cores
    /// @param commitQuestions answers in one transaction
    public record Evaluate(
            @DefaultValue({"hybrid", "vector"}) List<String> modes,
            @DefaultValue("200") int sample,
            @DefaultValue("0") int concurrency,
            @DefaultValue("20") int commitQuestions) {

        public Evaluate {
            modes = modes.stream()
                    .map(mode -> SearchMode.byId(mode).id())
                    .distinct()
                    .toList();
            require(!modes.isEmpty(), "reembed.evaluate.modes", modes, "must name at least one");
            range(sample, 0, 1_000, "reembed.evaluate.sample");
            range(concurrency, 0, 1024, "reembed.evaluate.concurrency");
            range(commitQuestions, 1, 1_000, "reembed.evaluate.commit-questions");
        }

        int threads() {
            return concurrency == 0 ? Runtime.getRuntime().availableProcessors() : concurrency;
        }
    }

    /// When the new set may take the place of the live one.
    ///
    /// @param metrics the key metrics
    /// @param mayFallPercent of its value with the live set, for each of them
    /// @param minQuestions judged questions without which nothing is known
    /// @param minOverlap share of the first ten hits of real questions that both sets have in common, 0 for no rule
    /// @param mayMissPercent texts that may be without a vector because the model refused them
    public record Gate(
            @DefaultValue({Evaluator.NDCG, Evaluator.RECALL, Evaluator.MRR, Evaluator.SPAN})
            List<String> metrics,

            @DefaultValue("2") double mayFallPercent,
            @DefaultValue("10") int minQuestions,
            @DefaultValue("0") double minOverlap,
            @DefaultValue("0") double mayMissPercent) {

        public Gate {
            require(
                    !metrics.isEmpty() && Evaluator.QUALITY.containsAll(metrics),
                    "reembed.gate.metrics",
                    metrics,
                    "use some of " + String.join(", ", Evaluator.QUALITY));
            require(
                    mayFallPercent >= 0 && mayFallPercent <= 100,
                    "reembed.gate.may-fall-percent",
                    mayFallPercent,
                    "must be between 0 and 100");
            require(minQuestions >= 0, "reembed.gate.min-questions", minQuestions, "must not be negative");
            require(minOverlap >= 0 && minOverlap <= 1, "reembed.gate.min-overlap", minOverlap, "must be 0 to 1");
            require(
                    mayMissPercent >= 0 && mayMissPercent <= 100,
                    "reembed.gate.may-miss-percent",
                    mayMissPercent,
                    "must be between 0 and 100");
        }

        Rule rule() {
            return new Rule(metrics, mayFallPercent, minQuestions, minOverlap, mayMissPercent);
        }
    }

    private static void range(long value, long least, long most, String key) {
        require(value >= least && value <= most, key, value, "must be between " + least + " and " + most);
    }

    private static void require(boolean fine, String key, Object value, String rule) {
        if (!fine) {
            throw new IllegalArgumentException(key + " is " + value + ": " + rule);
        }
    }
}
