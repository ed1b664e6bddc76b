package dev.tidemill.prune;

import dev.tidemill.precaution.BackupBefore;
import dev.tidemill.precaution.Precautions;
import dev.tidemill.run.Progress;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;

/// Sees to it that there is a backup before many documents and versions are removed. Retention does not wait for
/// backups that nobody has ever made: to remove may be a duty.
final class PrecautionTasklet implements Tasklet {

    private static final Logger log = LoggerFactory.getLogger(PrecautionTasklet.class);

    private final PruneParameters parameters;
    private final Remains remains;
    private final Precautions precautions;
    private final BackupBefore rule;

    PrecautionTasklet(PruneParameters parameters, Remains remains, Precautions precautions, BackupBefore rule) {
        this.parameters = parameters;
        this.remains = remains;
        this.precautions = precautions;
        this.rule = rule;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) throws InterruptedException {
        StepExecution step = contribution.getStepExecution();
        long doomed = knowledge(remains, parameters.of(step));
        Precautions.Taken taken =
                precautions.before(step, rule, doomed, doomed + " documents and versions are to be removed", false);
        if (!taken.told().isEmpty() && !taken.goesOn()) {
            log.warn("prune, run {}: {}", step.getJobExecutionId(), taken.told());
            Progress.addMessage(step.getJobExecution().getExecutionContext(), taken.told());
        }
        return taken.goesOn() ? RepeatStatus.CONTINUABLE : RepeatStatus.FINISHED;
    }

    /// What nobody can make again out of the rest.
    static long knowledge(Remains remains, PruneScope scope) {
        return List.of(PruneKind.EXPIRED, PruneKind.VERSIONS, PruneKind.DOCUMENTS).stream()
                .mapToLong(kind -> remains.tally(scope, kind).items())
                .sum();
    }
}
