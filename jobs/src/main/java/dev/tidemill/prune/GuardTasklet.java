package dev.tidemill.prune;

import dev.tidemill.run.Progress;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;

/// Keeps back the documents of projects of which suspiciously many would go, until a person says that it is right.
final class GuardTasklet implements Tasklet {

    private final PruneParameters parameters;
    private final Remains remains;
    private final PruneProperties.MassDelete guard;

    GuardTasklet(PruneParameters parameters, Remains remains, PruneProperties.MassDelete guard) {
        this.parameters = parameters;
        this.remains = remains;
        this.guard = guard;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) {
        StepExecution step = contribution.getStepExecution();
        if (PruneParameters.allowMassDelete(step)) {
            return RepeatStatus.FINISHED;
        }
        List<Remains.Share> suspicious = suspicious(remains, parameters.of(step), guard);
        if (!suspicious.isEmpty()) {
            PruneParameters.hold(
                    step.getJobExecution().getExecutionContext(),
                    suspicious.stream().map(Remains.Share::projectId).toList());
            Progress.refused(
                    step.getExecutionContext(),
                    suspicious.stream().mapToLong(Remains.Share::doomed).sum());
            Progress.message(step.getJobExecution().getExecutionContext(), explain(suspicious));
        }
        return RepeatStatus.FINISHED;
    }

    static List<Remains.Share> suspicious(Remains remains, PruneScope scope, PruneProperties.MassDelete guard) {
        return remains.shares(scope).stream()
                .filter(share -> guard.suspicious(share.documents(), share.doomed()))
                .toList();
    }

    static String explain(List<Remains.Share> suspicious) {
        return suspicious.stream()
                        .map(share -> share.doomed() + " of " + share.documents() + " documents of project "
                                + share.project() + " would be removed")
                        .collect(Collectors.joining("; "))
                + "; none was. If that is right, prune again with allowMassDelete=true";
    }

    static List<UUID> projects(List<Remains.Share> shares) {
        return shares.stream().map(Remains.Share::projectId).toList();
    }
}
