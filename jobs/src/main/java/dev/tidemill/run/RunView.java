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
public record RunView(
        long id,
        String job,
        String status,
        Map<String, String> parameters,
        Instant start,
        @Nullable Instant end,
        List<StepView> steps,
        @Nullable String message) {

    public RunView {
        parameters = Map.copyOf(parameters);
        steps = List.copyOf(steps);
    }

    /// Whether nothing more will happen in this run.
    public boolean ended() {
        return end != null;
    }

    public boolean completed() {
        return status.equals("COMPLETED");
    }

    /// Items given up on, over all steps.
    public long refused() {
        return steps.stream().mapToLong(StepView::refused).sum();
    }
}
