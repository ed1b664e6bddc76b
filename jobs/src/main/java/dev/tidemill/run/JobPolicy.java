package dev.tidemill.run;

import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// What an operator decides about the runs of a job: the section `run` of its YAML.
///
/// @param priority of two waiting runs the one with the higher number goes first
/// @param concurrency runs of this job at a time, over all nodes
/// @param workspaceConcurrency runs of this job at a time in one workspace
/// @param conflicts jobs that never run beside this one in the same workspace; said on one side, it holds for both
/// @param retry what is done about failures, by error class
/// @param skip how many items a step may give up on
public record JobPolicy(
        @DefaultValue("0") int priority,
        @DefaultValue("4") int concurrency,
        @DefaultValue("2") int workspaceConcurrency,
        @DefaultValue Set<String> conflicts,
        @DefaultValue Map<ErrorClass, Backoff> retry,
        @DefaultValue Skip skip) {

    private static final Map<ErrorClass, Backoff> DEFAULTS = Map.of(
            ErrorClass.DATA, new Backoff(1, Duration.ZERO, 1, Duration.ZERO, 0),
            ErrorClass.TRANSIENT, new Backoff(5, Duration.ofSeconds(1), 2, Duration.ofMinutes(1), 0.2),
            ErrorClass.RATE_LIMITED, new Backoff(20, Duration.ofSeconds(5), 2, Duration.ofMinutes(10), 0.2),
            ErrorClass.NO_SPACE, new Backoff(0, Duration.ofSeconds(30), 1, Duration.ofSeconds(30), 0),
            ErrorClass.UNKNOWN, new Backoff(1, Duration.ZERO, 1, Duration.ZERO, 0));

    public JobPolicy {
        if (concurrency < 1 || workspaceConcurrency < 1) {
            throw new IllegalArgumentException("run.concurrency is " + concurrency + " and run.workspace-concurrency "
                    + workspaceConcurrency + ": both must be at least 1");
        }
        // Ordered, so that equal policies look equal in a fingerprint of the configuration.
        conflicts = Collections.unmodifiableSet(new TreeSet<>(conflicts));
        Map<ErrorClass, Backoff> all = new EnumMap<>(DEFAULTS);
        all.putAll(retry);
        retry = Collections.unmodifiableMap(all);
    }

    /// What a job does that says nothing about it.
    public static JobPolicy defaults() {
        return new JobPolicy(0, 4, 2, Set.of(), Map.of(), new Skip(null, null, 0));
    }

    /// As it is, with other values where nothing is set for the skip budget.
    public JobPolicy skippingUpTo(int percent, long after) {
        return new JobPolicy(
                priority,
                concurrency,
                workspaceConcurrency,
                conflicts,
                retry,
                new Skip(
                        skip.percent() == null ? Integer.valueOf(percent) : skip.percent(),
                        skip.after() == null ? Long.valueOf(after) : skip.after(),
                        skip.count()));
    }

    /// How many items a step may give up on before it is taken for a sick system and fails.
    ///
    /// @param percent of the items of a step, null for the job's default or 5
    /// @param after items before which the share is not judged, null for the job's default or 100
    /// @param count items in all, 0 for no limit
    public record Skip(
            @Nullable Integer percent,
            @Nullable Long after,
            @DefaultValue("0") long count) {

        public Skip {
            if (percent != null && (percent < 0 || percent > 100)) {
                throw new IllegalArgumentException("run.skip.percent is " + percent + ": must be between 0 and 100");
            }
            if (after != null && after < 1) {
                throw new IllegalArgumentException("run.skip.after is " + after + ": must be at least 1");
            }
            if (count < 0) {
                throw new IllegalArgumentException("run.skip.count is " + count + ": must be 0 (no limit) or more");
            }
        }

        int percentOfItems() {
            return percent == null ? 5 : percent;
        }

        long afterItems() {
            return after == null ? 100 : after;
        }
    }

    Backoff backoff(ErrorClass kind) {
        @Nullable Backoff backoff = retry.get(kind);
        if (backoff == null) {
            throw new IllegalStateException("no retry policy for " + kind);
        }
        return backoff;
    }

    static List<String> sorted(Set<String> names) {
        return names.stream().sorted().toList();
    }
}
