package dev.tidemill.backup;

import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.step.StepExecution;

/// The parameters of a run, as its jobs keep them. None of them is a secret.
final class Parameters {

    static final String BACKUP = "backup";
    static final String SCOPE = "scope";
    static final String WORKSPACE_ONLY = "only";
    static final String DATABASE = "database";

    private Parameters() {}

    static String text(StepExecution step, String name) {
        String value = step.getJobParameters().getString(name);
        if (value == null) {
            throw new IllegalArgumentException("the run lacks its parameter " + name);
        }
        return value;
    }

    static @Nullable String optional(StepExecution step, String name) {
        String value = step.getJobParameters().getString(name);
        return value == null || value.isBlank() ? null : value;
    }
}
