package dev.tidemill.ingest;

import dev.tidemill.store.Publisher;
import dev.tidemill.store.Workspaces;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;

/// Publishes the complete versions that the embedding has not published on its way, some in each transaction.
final class PublishTasklet implements Tasklet {

    private final Workspaces workspaces;
    private final Publisher publisher;
    private final int commitDocuments;

    PublishTasklet(Workspaces workspaces, Publisher publisher, int commitDocuments) {
        this.workspaces = workspaces;
        this.publisher = publisher;
        this.commitDocuments = commitDocuments;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) {
        IngestParameters parameters = IngestParameters.of(contribution.getStepExecution());
        int published = workspaces.call(
                parameters.scope().workspaceId(),
                () -> publisher.publish(parameters.scope(), Long.MAX_VALUE, commitDocuments));
        contribution.incrementWriteCount(published);
        return published < commitDocuments ? RepeatStatus.FINISHED : RepeatStatus.CONTINUABLE;
    }
}
