package dev.tidemill.run;

import org.jspecify.annotations.Nullable;

/// What was asked for is being done by another run right now, or the run is in no state for it.
public final class RunConflict extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final @Nullable Long runId;

    public RunConflict(String message) {
        this(message, null);
    }

    /// @param runId the run that is in the way
    public RunConflict(String message, @Nullable Long runId) {
        super(message);
        this.runId = runId;
    }

    /// The run that is in the way, null when none is.
    public @Nullable Long runId() {
        return runId;
    }
}
