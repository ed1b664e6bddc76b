package dev.tidemill.evaluate;

import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.job.parameters.JobParameters;
import org.springframework.batch.core.step.StepExecution;

/// What one run was asked to do, as its job parameters hold it.
///
/// @param goldenSet null for all of the project
/// @param set null for the live one
/// @param canary whether the canary sets of every changed project are asked instead
record EvaluateParameters(
        UUID workspaceId,
        String project,
        @Nullable String goldenSet,
        String mode,
        @Nullable Long set,
        boolean canary,
        long launch,
        long runId) {

    static final String PROJECT = "project";
    static final String GOLDEN_SET = "goldenSet";
    static final String MODE = "mode";
    static final String SET = "set";
    static final String CANARY = "canary";

    static EvaluateParameters of(StepExecution step) {
        JobParameters parameters = step.getJobParameters();
        String set = parameters.getString(SET);
        String golden = parameters.getString(GOLDEN_SET);
        return new EvaluateParameters(
                UUID.fromString(required(parameters, "workspace")),
                required(parameters, PROJECT),
                golden == null || golden.isBlank() ? null : golden,
                required(parameters, MODE),
                set == null || set.isBlank() ? null : Long.valueOf(set),
                Boolean.parseBoolean(required(parameters, CANARY)),
                step.getJobExecution().getJobInstanceId(),
                step.getJobExecutionId());
    }

    private static String required(JobParameters parameters, String name) {
        String value = parameters.getString(name);
        if (value == null) {
            throw new IllegalArgumentException("the evaluate run lacks its parameter " + name);
        }
        return value;
    }
}
