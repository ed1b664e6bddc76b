package dev.tidemill.ingest;

import dev.tidemill.run.Progress;
import org.springframework.batch.core.step.StepExecution;

/// Counts refused documents and stops a run in which nearly everything is refused.
final class RefusalBudget {

    private final IngestProperties.Refusals limits;
    private final StepExecution step;
    private long documents;
    private long refused;

    RefusalBudget(IngestProperties.Refusals limits, StepExecution step) {
        this.limits = limits;
        this.step = step;
    }

    /// Counts the documents of a chunk.
    ///
    /// @throws IllegalStateException when the share of refused documents is above the limit
    void count(long inChunk, long refusedInChunk) {
        documents += inChunk;
        refused += refusedInChunk;
        Progress.refused(step.getExecutionContext(), refusedInChunk);
        if (documents >= limits.after() && refused * 100 > documents * limits.percent()) {
            throw new IllegalStateException(refused + " of " + documents + " documents were refused, more than "
                    + limits.percent() + " %: look at the dead letters, mend the cause and resume the run, or raise"
                    + " ingest.refusals.percent");
        }
    }
}
