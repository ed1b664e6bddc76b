package dev.tidemill.run;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One step of a run, counted in items.
///
/// @param read items read so far
/// @param written items whose chunk has been committed
/// @param refused items given up on, each with a dead letter
/// @param total items there are to do in this run, 0 while unknown
/// @param filtered items that needed nothing done
/// @param skipped items passed over after an error
/// @param committed chunks committed
/// @param rolledBack chunks rolled back
/// @param message why it failed, null when there is nothing to say
/// @param partitions its parts, where it is divided
public record StepView(
        String name,
        String status,
        long read,
        long written,
        long refused,
        long total,
        long filtered,
        long skipped,
        long committed,
        long rolledBack,
        @Nullable Instant start,
        @Nullable Instant end,
        @Nullable String message,
        StepProgress progress,
        List<StepView> partitions) {

    public StepView {
        partitions = List.copyOf(partitions);
    }

    /// Whether it is at work, or will be.
    boolean running() {
        return end == null;
    }
}
