package dev.tidemill.run;

import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/// Commits what a tasklet notes in the context of its run, and that it has finished, together with its rows: all of
/// them or none. Spring Batch by itself writes both down later, in transactions of their own. A kill before then loses
/// notes whose rows are there and does work again that was done; and the notes of a transaction that was rolled back
/// are kept.
///
/// A message for the operator stays, as it says what went wrong. A commit whose outcome is not known counts as none in
/// this process; the next run reads what became of it.
final class CommittedTasklet implements Tasklet {

    private static final String FINISHED = "tasklet.finished";

    private final Tasklet tasklet;
    private final JobRepository repository;
    private final boolean inEveryRun;

    /// Works within the transactions of its step.
    ///
    /// @param inEveryRun whether a resumed run does again what an earlier one has finished
    CommittedTasklet(Tasklet tasklet, JobRepository repository, boolean inEveryRun) {
        this.tasklet = tasklet;
        this.repository = repository;
        this.inEveryRun = inEveryRun;
    }

    @Override
    public @Nullable RepeatStatus execute(StepContribution contribution, ChunkContext context) throws Exception {
        StepExecution step = contribution.getStepExecution();
        if (!inEveryRun && step.getExecutionContext().containsKey(FINISHED)) {
            return RepeatStatus.FINISHED;
        }
        JobExecution run = step.getJobExecution();
        ExecutionContext before = new ExecutionContext(run.getExecutionContext());
        TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
            @Override
            public void afterCompletion(int status) {
                if (status != STATUS_COMMITTED) {
                    String message = Progress.message(run.getExecutionContext());
                    if (message != null) {
                        Progress.message(before, message);
                    }
                    run.setExecutionContext(before);
                }
            }
        });
        RepeatStatus status = tasklet.execute(contribution, context);
        if (!run.getExecutionContext().equals(before)) {
            repository.updateExecutionContext(run);
        }
        if (!RepeatStatus.CONTINUABLE.equals(status)) {
            // Saved by the step, in the same transaction, and forgotten by it with a rollback.
            step.getExecutionContext().put(FINISHED, true);
        }
        return status;
    }
}
