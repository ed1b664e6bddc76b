package dev.tidemill.reembed;

import dev.tidemill.run.Prepared;
import dev.tidemill.store.VectorSet;
import java.util.Map;
import java.util.UUID;
import org.springframework.batch.core.job.parameters.JobParameters;
import org.springframework.batch.core.step.StepExecution;

/// What one run was asked to do, as its job parameters hold it. None of them is a secret.
///
/// @param launch the instance of the run, by which it finds its set
/// @param runId the execution
/// @param hold whether to leave the switch to an operator
/// @param force whether to switch even when the gate refuses
record ReembedParameters(
        UUID workspaceId,
        UUID projectId,
        String project,
        String model,
        VectorSet.Type type,
        boolean hold,
        boolean force,
        long launch,
        long runId) {

    static final String PROJECT = "project";
    static final String MODEL = "model";
    static final String TYPE = "type";
    static final String HOLD = "hold";
    static final String FORCE = "force";

    static Prepared prepared(UUID projectId, Map<String, String> given) {
        String project = given.getOrDefault(PROJECT, "");
        return new Prepared(
                Reembed.subject(project),
                Map.of(
                        PROJECT,
                        project,
                        "projectId",
                        projectId.toString(),
                        MODEL,
                        given.getOrDefault(MODEL, ""),
                        TYPE,
                        given.getOrDefault(TYPE, VectorSet.Type.HALFVEC.column()),
                        HOLD,
                        given.getOrDefault(HOLD, "false"),
                        FORCE,
                        given.getOrDefault(FORCE, "false")));
    }

    static ReembedParameters of(StepExecution step) {
        JobParameters parameters = step.getJobParameters();
        return new ReembedParameters(
                UUID.fromString(string(parameters, "workspace")),
                UUID.fromString(string(parameters, "projectId")),
                string(parameters, PROJECT),
                string(parameters, MODEL),
                VectorSet.Type.of(string(parameters, TYPE)),
                Boolean.parseBoolean(string(parameters, HOLD)),
                Boolean.parseBoolean(string(parameters, FORCE)),
                step.getJobExecution().getJobInstanceId(),
                step.getJobExecutionId());
    }

    private static String string(JobParameters parameters, String name) {
        String value = parameters.getString(name);
        if (value == null) {
            throw new IllegalArgumentException("the reembed run lacks its parameter " + name);
        }
        return value;
    }
}
