package dev.tidemill.run;

import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A wish that a job be run.
///
/// @param workspaceId whose run it is, [#INSTALLATION] for a run that belongs to no single workspace
/// @param parameters by name, as text; what the job declares and nothing else
/// @param origin where the wish comes from: `api`, `cli`, `schedule:<name>` and the like
/// @param identity the same identity is the same launch, however often it is asked for; null for a new one
/// @param requestedBy who asks, for the audit
/// @param reason why, in the asker's words, may be empty
/// @param priority null for the job's own
/// @param planId the plan to apply, null for none
/// @param whenBusy what is done while the subject is worked on
public record LaunchRequest(
        UUID workspaceId,
        String job,
        Map<String, String> parameters,
        String origin,
        @Nullable String identity,
        String requestedBy,
        String reason,
        @Nullable Integer priority,
        @Nullable UUID planId,
        WhenBusy whenBusy) {

    /// What is done while another launch works on the same subject, or is about to.
    public enum WhenBusy {
        /// the request is refused
        REFUSE,
        /// the launch waits for its turn
        QUEUE
    }

    /// Stands for the whole installation where a workspace is asked for.
    public static final UUID INSTALLATION = new UUID(0, 0);

    public LaunchRequest {
        parameters = Map.copyOf(parameters);
    }

    public static LaunchRequest of(UUID workspaceId, String job, Map<String, String> parameters, String origin) {
        return new LaunchRequest(workspaceId, job, parameters, origin, null, origin, "", null, null, WhenBusy.REFUSE);
    }

    public LaunchRequest identifiedBy(@Nullable String key) {
        return new LaunchRequest(
                workspaceId, job, parameters, origin, key, requestedBy, reason, priority, planId, whenBusy);
    }

    public LaunchRequest by(String actor, String why) {
        return new LaunchRequest(
                workspaceId, job, parameters, origin, identity, actor, why, priority, planId, whenBusy);
    }

    public LaunchRequest withPriority(@Nullable Integer number) {
        return new LaunchRequest(
                workspaceId, job, parameters, origin, identity, requestedBy, reason, number, planId, whenBusy);
    }

    LaunchRequest withParameters(Map<String, String> others) {
        return new LaunchRequest(
                workspaceId, job, others, origin, identity, requestedBy, reason, priority, planId, whenBusy);
    }

    public LaunchRequest applying(@Nullable UUID plan) {
        return new LaunchRequest(
                workspaceId, job, parameters, origin, identity, requestedBy, reason, priority, plan, whenBusy);
    }

    public LaunchRequest whenBusy(WhenBusy choice) {
        return new LaunchRequest(
                workspaceId, job, parameters, origin, identity, requestedBy, reason, priority, planId, choice);
    }
}
