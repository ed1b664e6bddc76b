package dev.tidemill.ingest;

import dev.tidemill.run.Runs;
import dev.tidemill.source.SourceType;
import dev.tidemill.store.SourceScope;
import java.util.UUID;
import org.springframework.batch.core.job.parameters.JobParameters;
import org.springframework.batch.core.step.StepExecution;

/// What one ingest run was asked to do, as its job parameters hold it. None of them is a secret.
///
/// @param listing the instance of the run: a document seen in it is there
/// @param runId the execution, kept with every version and chunk it writes
record IngestParameters(
        SourceScope scope, SourceType type, String location, boolean allowMassDelete, long listing, long runId) {

    static JobParameters jobParameters(IngestRequest request, SourceScope scope, SourceType type, String location) {
        return Runs.parameters("ingest of " + type.id() + " " + location + " into project " + request.project()
                        + " of workspace " + request.workspaceId())
                .addString("workspace", scope.workspaceId().toString(), false)
                .addString("project", request.project(), false)
                .addString("projectId", scope.projectId().toString(), false)
                .addString("sourceId", scope.sourceId().toString(), false)
                .addString("sourceType", type.id(), false)
                .addString("location", location, false)
                .addString("allowMassDelete", Boolean.toString(request.allowMassDelete()), false)
                .toJobParameters();
    }

    static IngestParameters of(StepExecution step) {
        JobParameters parameters = step.getJobParameters();
        return new IngestParameters(
                new SourceScope(
                        uuid(parameters, "workspace"), uuid(parameters, "projectId"), uuid(parameters, "sourceId")),
                SourceType.byId(string(parameters, "sourceType")),
                string(parameters, "location"),
                Boolean.parseBoolean(string(parameters, "allowMassDelete")),
                step.getJobExecution().getJobInstanceId(),
                step.getJobExecutionId());
    }

    private static UUID uuid(JobParameters parameters, String name) {
        return UUID.fromString(string(parameters, name));
    }

    private static String string(JobParameters parameters, String name) {
        String value = parameters.getString(name);
        if (value == null) {
            throw new IllegalArgumentException("the ingest run lacks its parameter " + name);
        }
        return value;
    }

    /// The dead letter key of a document of this source.
    String itemKey(String documentKey) {
        return scope.sourceId() + "/" + documentKey;
    }
}
