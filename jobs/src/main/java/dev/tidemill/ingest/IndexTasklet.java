package dev.tidemill.ingest;

import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Workspaces;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;

/// Builds the HNSW index of a vector set that has grown large enough to need one.
final class IndexTasklet implements Tasklet {

    private final Workspaces workspaces;
    private final VectorSets sets;
    private final Vectors vectors;
    private final IngestProperties.Index limits;

    IndexTasklet(Workspaces workspaces, VectorSets sets, Vectors vectors, IngestProperties.Index limits) {
        this.workspaces = workspaces;
        this.sets = sets;
        this.vectors = vectors;
        this.limits = limits;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) {
        IngestParameters parameters = IngestParameters.of(contribution.getStepExecution());
        var scope = parameters.scope();
        // A set in the making gets its index from the job that makes it.
        for (VectorSet set :
                sets.live(scope.workspaceId(), scope.projectId()).stream().toList()) {
            if (!vectors.indexed(set) && vectors.count(scope.workspaceId(), set) >= limits.rows()) {
                workspaces.run(
                        scope.workspaceId(),
                        () -> vectors.createIndex(set, (int) limits.memory().toMegabytes()));
                contribution.incrementWriteCount(1);
            }
        }
        return RepeatStatus.FINISHED;
    }
}
