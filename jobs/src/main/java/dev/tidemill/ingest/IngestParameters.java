package dev.tidemill.ingest;

import dev.tidemill.run.Prepared;
import dev.tidemill.source.SourceType;
import dev.tidemill.store.SourceScope;
import java.util.Map;
import java.util.UUID;
import org.springframework.batch.core.job.parameters.JobParameters;
import org.springframework.batch.core.step.StepExecution;

/// What one ingest run was asked to do, as its job parameters hold it. None of them is a secret.
///
/// @param stored whether what is stored is cut anew instead of looking at the source
/// @param listing the instance of the run: a document seen in it is there
/// @param runId the execution, kept with every version and chunk it writes
record IngestParameters(
        SourceScope scope,
        SourceType type,
        String location,
        boolean allowMassDelete,
        boolean stored,
        long listing,
        long runId) {

    static final String STORED = "stored";

    /// Needed to make a project's first set, which then knows it.
    static final String MODEL = "model";

    static Prepared prepared(
            SourceScope scope,
            String project,
            SourceType type,
            String location,
            boolean allowMassDelete,
            boolean stored) {
        return new Prepared(
                "ingest of " + type.id() + " " + location + " into project " + project,
                Map.of(
                        "project",
                        project,
                        "projectId",
                        scope.projectId().toString(),
                        "sourceId",
                        scope.sourceId().toString(),
                        "type",
                        type.id(),
                        "location",
                        location,
                        "allowMassDelete",
                        Boolean.toString(allowMassDelete),
                        STORED,
                        Boolean.toString(stored)));
    }

    static IngestParameters of(StepExecution step) {
        JobParameters parameters = step.getJobParameters();
        return new IngestParameters(
                new SourceScope(
                        uuid(parameters, "workspace"), uuid(parameters, "projectId"), uuid(parameters, "sourceId")),
                SourceType.byId(string(parameters, "type")),
                string(parameters, "location"),
                Boolean.parseBoolean(string(parameters, "allowMassDelete")),
                // Runs of earlier versions do not have it.
                Boolean.parseBoolean(parameters.getString(STORED, "false")),
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
