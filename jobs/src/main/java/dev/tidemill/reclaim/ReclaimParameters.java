package dev.tidemill.reclaim;

import java.util.UUID;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.job.parameters.JobParameters;

/// What a reclaim was asked to do, as its job parameters hold it.
///
/// @param workspaceId whose projects
/// @param project slug of the only one, empty for all
/// @param into slug that it gets, empty for the one it had
/// @param onConflict as for an import
record ReclaimParameters(UUID workspaceId, String project, String into, String onConflict, String backup) {

    static final String ONLY = "only";
    static final String PROJECT = "project";
    static final String INTO = "into";
    static final String ON_CONFLICT = "onConflict";
    static final String BACKUP = "backup";

    static ReclaimParameters of(JobExecution execution) {
        JobParameters parameters = execution.getJobParameters();
        return new ReclaimParameters(
                UUID.fromString(String.valueOf(parameters.getString(ONLY))),
                text(parameters, PROJECT, ""),
                text(parameters, INTO, ""),
                text(parameters, ON_CONFLICT, "refuse"),
                text(parameters, BACKUP, ""));
    }

    private static String text(JobParameters parameters, String name, String otherwise) {
        String value = parameters.getString(name);
        return value == null ? otherwise : value;
    }

    String slug(String found) {
        return into.isEmpty() ? found : into;
    }
}
