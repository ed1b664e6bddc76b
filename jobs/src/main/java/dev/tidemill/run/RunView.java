package dev.tidemill.run;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A run as operators see it.
///
/// @param status STARTING, STARTED, STOPPING, STOPPED, COMPLETED, FAILED, ABANDONED or UNKNOWN
/// @param parameters what the run was asked to do; never a secret
/// @param steps in the order they started
/// @param message why it failed or what is left to decide, null when there is nothing to say
/// @param state where it stands; [#status] is the job repository's word for the execution alone
/// @param launch the launch, which all runs that went on with each other share
/// @param attempt 1 for the first run of its launch
/// @param runs all runs of the launch, oldest first
/// @param subject what it works on
/// @param waitingFor what keeps it from starting, null when nothing does
/// @param retry when it is tried again by itself, null when it is not
/// @param origin where the wish for it came from
/// @param node the process that works or worked on it, null before it started
/// @param configHash of the job's settings when it started
/// @param progress null when it is not at work
public record RunView(
        long id,
        String job,
        String status,
        Map<String, String> parameters,
        Instant start,
        @Nullable Instant end,
        List<StepView> steps,
        @Nullable String message,
        RunState state,
        long launch,
        int attempt,
        List<Long> runs,
        String subject,
        @Nullable String waitingFor,
        @Nullable Retry retry,
        String origin,
        String requestedBy,
        String reason,
        int priority,
        @Nullable Worker node,
        String configHash,
        String codeVersion,
        @Nullable RunProgress progress) {

    public RunView {
        parameters = Map.copyOf(parameters);
        steps = List.copyOf(steps);
        runs = List.copyOf(runs);
    }

    /// The next try of a run that failed for a cause that may pass.
    ///
    /// @param attempt number of that try, those before it without any progress counted
    /// @param of how many there are in a row at most, null for no end
    /// @param dueAt when it comes
    /// @param error why it is needed, null after a shutdown
    public record Retry(
            int attempt,
            @Nullable Integer of,
            Instant dueAt,
            @Nullable String error) {}

    /// A process that works on runs.
    ///
    /// @param heartbeatAgeSeconds since it last told that it lives, null when it is forgotten
    public record Worker(String name, @Nullable Long heartbeatAgeSeconds) {}

    /// Whether nothing more will happen in this run.
    public boolean ended() {
        return end != null;
    }

    /// Whether no other run of its launch had gone on with it when it was looked at.
    boolean isNewest() {
        return runs.getLast() == id;
    }

    public boolean completed() {
        return status.equals("COMPLETED");
    }

    /// Items given up on, over all steps.
    public long refused() {
        return steps.stream().mapToLong(StepView::refused).sum();
    }
}
