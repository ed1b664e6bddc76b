package dev.tidemill.run;

import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.scope.context.StepContext;
import org.springframework.batch.core.scope.context.StepSynchronizationManager;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.item.ItemStream;

/// Keeps the pace of every chunk step in its execution context, which is written within the chunk's transaction
/// anyway. It holds nothing itself: one step bean may run for many workspaces at a time.
final class PaceStream implements ItemStream {

    private final InstantSource clock;

    PaceStream(InstantSource clock) {
        this.clock = clock;
    }

    /// What earlier executions of the step committed is behind this one; its pace is its own.
    @Override
    public void open(ExecutionContext context) {
        Pace earlier = Progress.pace(context);
        if (earlier != null) {
            Progress.before(context, Progress.before(context) + earlier.items());
        }
        Progress.pace(context, Pace.start(clock.instant()));
    }

    /// Called at the end of a chunk's transaction, when the chunk has been counted.
    @Override
    public void update(ExecutionContext context) {
        Pace pace = Progress.pace(context);
        StepExecution step = step();
        // A transaction that committed no chunk, such as the one that finds the end, does not count.
        if (pace == null || step == null || step.getCommitCount() <= pace.commits()) {
            return;
        }
        Progress.pace(context, pace.committed(clock.instant(), passed(step)));
    }

    /// Items that went through the step, whatever became of them.
    private static long passed(StepExecution step) {
        return step.getWriteCount() + step.getFilterCount() + step.getSkipCount();
    }

    private static @Nullable StepExecution step() {
        StepContext context = StepSynchronizationManager.getContext();
        return context == null ? null : context.getStepExecution();
    }
}
