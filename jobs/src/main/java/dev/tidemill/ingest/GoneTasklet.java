package dev.tidemill.ingest;

import dev.tidemill.run.Progress;
import dev.tidemill.store.Documents;
import dev.tidemill.store.Documents.Presence;
import dev.tidemill.store.Publisher;
import dev.tidemill.store.Workspaces;
import java.util.List;
import java.util.UUID;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;

/// Retires documents that the source does not list any more, some at a time. When suspiciously many are
/// missing it retires none and leaves the question to a person: an unmounted disk looks like an emptied
/// folder.
final class GoneTasklet implements Tasklet {

    private static final String DECIDED = "gone.decided";
    private static final int COMMIT_DOCUMENTS = 100;

    private final Workspaces workspaces;
    private final Documents documents;
    private final Publisher publisher;
    private final IngestProperties.MassDelete guard;

    GoneTasklet(Workspaces workspaces, Documents documents, Publisher publisher, IngestProperties.MassDelete guard) {
        this.workspaces = workspaces;
        this.documents = documents;
        this.publisher = publisher;
        this.guard = guard;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) {
        StepExecution step = contribution.getStepExecution();
        IngestParameters parameters = IngestParameters.of(step);
        // What was listed then is not the source.
        if (!parameters.type().complete() || parameters.stored()) {
            return RepeatStatus.FINISHED;
        }
        return workspaces.call(parameters.scope().workspaceId(), () -> {
            if (!step.getExecutionContext().containsKey(DECIDED) && !decide(step, parameters)) {
                return RepeatStatus.FINISHED;
            }
            List<UUID> gone = documents.gone(parameters.scope(), parameters.listing(), null, COMMIT_DOCUMENTS);
            if (gone.isEmpty()) {
                return RepeatStatus.FINISHED;
            }
            publisher.retire(parameters.scope(), gone);
            contribution.incrementWriteCount(gone.size());
            return RepeatStatus.CONTINUABLE;
        });
    }

    /// Whether what is missing may be retired; a resumed run keeps the answer.
    private boolean decide(StepExecution step, IngestParameters parameters) {
        Presence presence = documents.presence(parameters.scope(), parameters.listing());
        Progress.total(step.getExecutionContext(), presence.gone());
        if (!parameters.allowMassDelete() && guard.suspicious(presence.documents(), presence.gone())) {
            documents.hold(parameters.scope(), presence.gone());
            Progress.refused(step.getExecutionContext(), presence.gone());
            Progress.message(
                    step.getJobExecution().getExecutionContext(),
                    presence.gone() + " of " + presence.documents() + " documents are missing at "
                            + parameters.location()
                            + "; none was retired. If they are really gone, ingest again with --allow-mass-delete");
            return false;
        }
        documents.hold(parameters.scope(), 0);
        step.getExecutionContext().put(DECIDED, true);
        return true;
    }
}
