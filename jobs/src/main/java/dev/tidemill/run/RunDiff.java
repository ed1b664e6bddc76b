package dev.tidemill.run;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// How two runs differ.
///
/// @param parameters those that differ, by name
/// @param steps all of both runs, side by side
/// @param sameConfig whether both ran with the same settings of the job
/// @param sameVersion whether both ran the same version of the program
public record RunDiff(
        Side one, Side other, List<Parameter> parameters, List<Step> steps, boolean sameConfig, boolean sameVersion) {

    /// One of the two.
    public record Side(
            long id,
            String job,
            RunState state,
            int attempt,
            Instant start,
            @Nullable Long seconds,
            long refused,
            @Nullable String message,
            String configHash,
            String codeVersion) {

        static Side of(RunView run) {
            return new Side(
                    run.id(),
                    run.job(),
                    run.state(),
                    run.attempt(),
                    run.start(),
                    run.end() == null
                            ? null
                            : Duration.between(run.start(), run.end()).toSeconds(),
                    run.refused(),
                    run.message(),
                    run.configHash(),
                    run.codeVersion());
        }
    }

    /// A parameter with two values, null where a run has none.
    public record Parameter(
            String name, @Nullable String one, @Nullable String other) {}

    /// A step, null where a run does not have it.
    public record Step(
            String name, @Nullable Counts one, @Nullable Counts other) {}

    /// What a step did.
    public record Counts(
            String status,
            long read,
            long written,
            long filtered,
            long refused,
            long committed,
            long rolledBack,
            @Nullable Long seconds) {

        static @Nullable Counts of(@Nullable StepView step) {
            return step == null
                    ? null
                    : new Counts(
                            step.status(),
                            step.read(),
                            step.written(),
                            step.filtered(),
                            step.refused(),
                            step.committed(),
                            step.rolledBack(),
                            step.start() == null || step.end() == null
                                    ? null
                                    : Duration.between(step.start(), step.end()).toSeconds());
        }
    }

    static RunDiff of(RunView one, RunView other) {
        List<Parameter> parameters = new ArrayList<>();
        Set<String> names = new TreeSet<>(one.parameters().keySet());
        names.addAll(other.parameters().keySet());
        // Made up anew for every launch: it says nothing.
        names.remove(Runs.IDENTITY);
        for (String name : names) {
            String left = one.parameters().get(name);
            String right = other.parameters().get(name);
            if (!Objects.equals(left, right)) {
                parameters.add(new Parameter(name, left, right));
            }
        }
        Map<String, StepView> left = byName(one);
        Map<String, StepView> right = byName(other);
        Set<String> steps = new LinkedHashSet<>();
        one.steps().forEach(step -> steps.add(step.name()));
        other.steps().forEach(step -> steps.add(step.name()));
        return new RunDiff(
                Side.of(one),
                Side.of(other),
                parameters,
                steps.stream()
                        .map(name -> new Step(name, Counts.of(left.get(name)), Counts.of(right.get(name))))
                        .toList(),
                one.configHash().equals(other.configHash()),
                one.codeVersion().equals(other.codeVersion()));
    }

    private static Map<String, StepView> byName(RunView run) {
        Map<String, StepView> steps = new HashMap<>();
        run.steps().forEach(step -> steps.put(step.name(), step));
        return steps;
    }
}
