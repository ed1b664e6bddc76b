package dev.tidemill.run;

import java.time.InstantSource;
import org.springframework.batch.core.job.builder.JobBuilder;
import org.springframework.batch.core.listener.JobExecutionListener;
import org.springframework.batch.core.listener.StepExecutionListener;
import org.springframework.batch.core.listener.StepListener;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.step.builder.ChunkOrientedStepBuilder;
import org.springframework.batch.core.step.builder.StepBuilder;
import org.springframework.batch.core.step.builder.TaskletStepBuilder;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;
import org.springframework.transaction.PlatformTransactionManager;

/// Where every job and step comes from: with the one transaction manager that business rows, the job repository and
/// the check of the lease share. A step built without it would commit to nothing, and say so in no log.
public final class Steps {

    private final JobRepository repository;
    private final PlatformTransactionManager transactionManager;
    private final RunListener listener;
    private final PaceStream pace = new PaceStream(InstantSource.system());
    private final ChunkPolicies policies;
    private final RunMetrics metrics;
    private final RunTrace trace;

    Steps(
            JobRepository repository,
            PlatformTransactionManager transactionManager,
            RunListener listener,
            ChunkPolicies policies,
            RunMetrics metrics,
            RunTrace trace) {
        this.repository = repository;
        this.transactionManager = transactionManager;
        this.listener = listener;
        this.policies = policies;
        this.metrics = metrics;
        this.trace = trace;
    }

    public JobBuilder job(String name) {
        metrics.announce(name);
        return new JobBuilder(name, repository)
                .listener(listener)
                .listener((JobExecutionListener) metrics)
                .listener(trace);
    }

    /// A chunk-oriented step, under the retry and skip policy of its job.
    ///
    /// @param commitItems items in one transaction
    public <I, O> ChunkStepBuilder<I, O> chunks(String name, int commitItems) {
        ChunkStepBuilder<I, O> step = new ChunkStepBuilder<>(name, repository, commitItems, policies);
        step.transactionManager(transactionManager);
        step.stream(pace);
        step.listener((StepListener) metrics);
        return step;
    }

    /// A chunk-oriented step whose reader makes the chunks, under the retry and skip policy of its job.
    public <T> GroupStepBuilder<T> groups(String name) {
        ChunkOrientedStepBuilder<Group<T>, Group<T>> step = new ChunkOrientedStepBuilder<>(name, repository, 1);
        step.transactionManager(transactionManager);
        step.stream(pace);
        step.listener((StepListener) metrics);
        return new GroupStepBuilder<>(step, policies);
    }

    /// A step that runs in transactions of its own making, each bounded. What it notes in the context of the run, and
    /// that it has finished, commits with them.
    public TaskletStepBuilder tasklet(String name, Tasklet tasklet) {
        return tasklet(name, tasklet, false);
    }

    /// As [#tasklet(String, Tasklet)], one that a resumed run does again, as what it found or made may be gone.
    public TaskletStepBuilder taskletInEveryRun(String name, Tasklet tasklet) {
        return tasklet(name, tasklet, true);
    }

    private TaskletStepBuilder tasklet(String name, Tasklet tasklet, boolean inEveryRun) {
        return new StepBuilder(name, repository)
                .tasklet(new CommittedTasklet(tasklet, repository, inEveryRun), transactionManager)
                .listener((StepExecutionListener) metrics)
                .allowStartIfComplete(inEveryRun);
    }

    /// As [#tasklet(String, Tasklet)], one that is done at once and counts as one item.
    public TaskletStepBuilder work(String name, StepWork work) {
        return tasklet(name, once(work));
    }

    /// As [#work(String, StepWork)], one that a resumed run does again.
    public TaskletStepBuilder workInEveryRun(String name, StepWork work) {
        return taskletInEveryRun(name, once(work));
    }

    private static Tasklet once(StepWork work) {
        return (contribution, context) -> {
            work.in(contribution.getStepExecution());
            contribution.incrementWriteCount(1);
            return RepeatStatus.FINISHED;
        };
    }
}
