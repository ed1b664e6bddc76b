package dev.tidemill.prune;

import dev.tidemill.store.IndexBloat;
import dev.tidemill.store.IndexBuilder;
import dev.tidemill.store.IndexBuilder.Means;
import dev.tidemill.store.Workspaces;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;

/// Makes indexes of vectors anew that are far larger than they need to be, where the settings say so. Searches and
/// writing go on meanwhile.
final class ReindexTasklet implements Tasklet {

    private static final Logger log = LoggerFactory.getLogger(ReindexTasklet.class);
    private static final String REINDEXED = "prune.reindexed";
    private static final long LEAST_MEGABYTES = 64;
    private static final long MOST_MEGABYTES = 2_048;

    private final PruneParameters parameters;
    private final Workspaces workspaces;
    private final IndexBloat indexes;
    private final @Nullable IndexBuilder builder;

    /// Wires the step.
    ///
    /// @param builder null where this process has no connection as the owner of the tables
    ReindexTasklet(
            PruneParameters parameters, Workspaces workspaces, IndexBloat indexes, @Nullable IndexBuilder builder) {
        this.parameters = parameters;
        this.workspaces = workspaces;
        this.indexes = indexes;
        this.builder = builder;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) throws InterruptedException {
        StepExecution step = contribution.getStepExecution();
        PruneScope scope = parameters.of(step);
        Double from = scope.properties().reindex();
        if (from == null || builder == null) {
            return RepeatStatus.FINISHED;
        }
        // Not in the step's own transaction: a concurrent build waits for every transaction that has read anything.
        List<IndexBloat.Index> bloated = workspaces.callAlone(
                scope.workspaceId(),
                () -> indexes.of(scope.workspaceId()).stream()
                        .filter(index -> index.times() >= from)
                        .toList());
        List<String> done = new ArrayList<>();
        for (IndexBloat.Index index : bloated) {
            log.info("making {} anew, {} bytes for {} vectors", index.name(), index.bytes(), index.vectors());
            boolean made = builder.rebuild(
                    index.table(),
                    new Means((int) Math.clamp((index.needed() * 5 / 4) >> 20, LEAST_MEGABYTES, MOST_MEGABYTES), 0),
                    progress -> {},
                    step::isTerminateOnly);
            if (!made) {
                // Asked to stop: a resumed run makes it.
                return RepeatStatus.CONTINUABLE;
            }
            contribution.incrementWriteCount(1);
            done.add(index.name());
        }
        if (!done.isEmpty()) {
            step.getJobExecution().getExecutionContext().putString(REINDEXED, "made anew: " + String.join(", ", done));
        }
        return RepeatStatus.FINISHED;
    }

    /// What was made anew, empty when nothing was.
    static String told(StepExecution step) {
        var context = step.getJobExecution().getExecutionContext();
        return context.containsKey(REINDEXED) ? "; " + context.getString(REINDEXED) : "";
    }
}
