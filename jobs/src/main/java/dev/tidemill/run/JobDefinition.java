package dev.tidemill.run;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.step.ListableStepLocator;

/// A job as the platform and its operators know it. A job becomes one by a bean of this type; everything else
/// (launch, recovery, schedules, plans, dead letters, progress, console) comes with it.
///
/// @param job the Spring Batch job, of the same name
/// @param parameters what a launch may give
/// @param preparation checks a request against the world
/// @param planner says what a run would do, null for a job that cannot tell
/// @param replay how dead letters are tried again, null for a job that cannot
/// @param policy what the operator decides about its runs
/// @param configHash fingerprint of all that decides what its runs write, kept with each launch
public record JobDefinition(
        String name,
        String description,
        Job job,
        List<JobParameter> parameters,
        Preparation preparation,
        @Nullable Planner planner,
        @Nullable Replay replay,
        JobPolicy policy,
        String configHash) {

    /// Checks parameters that are valid in themselves against the world, and names what the run works on. Throws
    /// what tells the caller what is wrong.
    @FunctionalInterface
    public interface Preparation {
        Prepared prepare(UUID workspaceId, Map<String, String> parameters);
    }

    /// Says what a run with these parameters, valid in themselves, would do. Changes nothing, and throws as a
    /// preparation does.
    @FunctionalInterface
    public interface Planner {
        Plan plan(UUID workspaceId, Map<String, String> parameters);
    }

    /// Makes given-up items ready for another try, in the caller's transaction, and says which launches will try
    /// them.
    @FunctionalInterface
    public interface Replay {
        List<LaunchRequest> replay(UUID workspaceId, List<DeadLetter> letters);
    }

    public JobDefinition {
        parameters = List.copyOf(parameters);
        if (!name.equals(job.getName())) {
            throw new IllegalArgumentException(
                    "the job definition " + name + " holds the job " + job.getName() + ": use one name");
        }
    }

    /// Names of the job's steps, in their order where the job has one.
    List<String> steps() {
        return job instanceof ListableStepLocator located ? List.copyOf(located.getStepNames()) : List.of();
    }

    /// What keeps a launch made of other steps from being gone on with, null when nothing does. More steps than
    /// then are none of it; a step that is gone or has another place would be left out in silence.
    @Nullable
    String changedSince(List<String> then) {
        List<String> now = steps();
        List<String> gone = then.stream().filter(step -> !now.contains(step)).toList();
        if (!gone.isEmpty()) {
            return "the job " + name + " has no step " + String.join(", ", gone)
                    + " any more: it was launched with the steps " + String.join(", ", then);
        }
        return now.stream().filter(then::contains).toList().equals(then)
                ? null
                : "the steps of the job " + name + " have another order: it was launched with "
                        + String.join(", ", then);
    }

    public static Builder of(Job job, String description) {
        return new Builder(job, description);
    }

    /// Collects what a job says about itself.
    public static final class Builder {
        private final Job job;
        private final String description;
        private final List<JobParameter> parameters = new ArrayList<>();
        private @Nullable Preparation preparation;
        private @Nullable Planner planner;
        private @Nullable Replay replay;
        private JobPolicy policy = JobPolicy.defaults();
        private String configHash = "";

        private Builder(Job job, String description) {
            this.job = job;
            this.description = description;
        }

        public Builder parameter(JobParameter parameter) {
            parameters.add(parameter);
            return this;
        }

        public Builder prepared(Preparation by) {
            preparation = by;
            return this;
        }

        public Builder planned(Planner by) {
            planner = by;
            return this;
        }

        public Builder replayed(Replay by) {
            replay = by;
            return this;
        }

        public Builder policy(JobPolicy decided) {
            policy = decided;
            return this;
        }

        /// What decides what the job's runs write: its settings, the models it uses. Each is taken as it prints, as
        /// records do; none may print a secret or its own address.
        public Builder configuredBy(Object... configuration) {
            configHash = Sha256.hex(Arrays.toString(configuration)).substring(0, ConfigHash.LENGTH);
            return this;
        }

        /// A job that does not prepare anything works on itself: one run at a time in a workspace.
        public JobDefinition build() {
            String name = job.getName();
            Preparation by = preparation != null ? preparation : (workspace, given) -> new Prepared(name, given);
            return new JobDefinition(name, description, job, parameters, by, planner, replay, policy, configHash);
        }
    }
}
