package dev.tidemill.run;

import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/// Keeps what a tasklet notes in the context of its run together with the rows of the same transaction: both commit,
/// or neither. Spring Batch by itself saves that context once the step is over, so that a kill before then loses notes
/// whose rows are there, and keeps the notes of a transaction that was rolled back.
///
/// A message for the operator stays, as it says what went wrong. A commit whose outcome is not known counts as none in
/// this process: the step is run again and finds its rows.
final class NotesOfRun implements Tasklet {

    private final Tasklet tasklet;
    private final JobRepository repository;

    NotesOfRun(Tasklet tasklet, JobRepository repository) {
        this.tasklet = tasklet;
        this.repository = repository;
    }

    @Override
    public @Nullable RepeatStatus execute(StepContribution contribution, ChunkContext context) throws Exception {
        JobExecution run = contribution.getStepExecution().getJobExecution();
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
        return status;
    }
}
