package dev.tidemill.run;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Something that happened to a run.
///
/// @param launchId the job instance
/// @param runId the execution
/// @param message what an operator should know, null when there is nothing to say
/// @param refused items given up on so far
public record RunEvent(
        Kind kind,
        UUID workspaceId,
        String job,
        String subject,
        String origin,
        long launchId,
        long runId,
        @Nullable String message,
        long refused) {

    /// What happened.
    public enum Kind {
        STARTED,
        COMPLETED,
        COMPLETED_WITH_SKIPS,
        STOPPED,
        FAILED,
        /// failed for a cause that may pass; it is tried again by itself
        RETRYING,
        /// its process died; another one goes on with it
        RECOVERED,
        NEEDS_OPERATOR,
        ABANDONED
    }
}
