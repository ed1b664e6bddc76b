package dev.tidemill.transfer;

import java.nio.file.Path;
import java.util.UUID;
import org.springframework.batch.core.job.parameters.JobParameters;
import org.springframework.batch.core.step.StepExecution;

/// What an export or import was asked to do, as its job parameters hold it.
///
/// @param instance of the run
/// @param runId the execution, kept with every version and chunk that an import writes
/// @param onConflict what an import does with documents that are there already
record TransferParameters(
        UUID workspaceId,
        UUID projectId,
        String project,
        Path file,
        boolean lines,
        String onConflict,
        long instance,
        long runId) {

    static TransferParameters of(StepExecution step) {
        JobParameters parameters = step.getJobParameters();
        return new TransferParameters(
                UUID.fromString(required(parameters, "workspace")),
                UUID.fromString(required(parameters, "projectId")),
                required(parameters, "project"),
                Path.of(required(parameters, "file")),
                "jsonl".equals(parameters.getString("format")),
                String.valueOf(parameters.getString("onConflict")),
                step.getJobExecution().getJobInstanceId(),
                step.getJobExecutionId());
    }

    /// Where the parts of an export wait until the file is made of them.
    Path parts() {
        return Path.of(file + ".parts-" + instance);
    }

    private static String required(JobParameters parameters, String name) {
        String value = parameters.getString(name);
        if (value == null) {
            throw new IllegalArgumentException("the run lacks its parameter " + name);
        }
        return value;
    }
}
