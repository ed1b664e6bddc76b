package dev.tidemill.run;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.ExitStatus;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.listener.JobExecutionListener;
import org.springframework.batch.core.listener.StepExecutionListener;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/// Counts what this process does with runs. No label names a workspace, a file or a run: their number has no bound.
final class RunMetrics implements RunObserver, JobExecutionListener, StepExecutionListener {

    static final String RUNS = "tidemill.job.runs";
    static final String ITEMS = "tidemill.job.items";
    static final String TAKEOVERS = "tidemill.job.takeovers";
    static final String DURATION = "tidemill.job.duration";

    private final MeterRegistry meters;
    private final Map<Long, Long> refusedBefore = new ConcurrentHashMap<>();

    RunMetrics(MeterRegistry meters) {
        this.meters = meters;
    }

    /// Makes the series of a job, so that the first failure is seen as a rise and not as the beginning of a series.
    void announce(String job) {
        for (RunEvent.Kind kind : RunEvent.Kind.values()) {
            if (kind != RunEvent.Kind.STARTED && kind != RunEvent.Kind.RECOVERED) {
                runs(job, kind);
            }
        }
        takeovers(job);
    }

    @Override
    public void observe(RunEvent event) {
        Counter counter = switch (event.kind()) {
            case STARTED -> null;
            case RECOVERED -> takeovers(event.job());
            case COMPLETED, COMPLETED_WITH_SKIPS, STOPPED, FAILED, RETRYING, NEEDS_OPERATOR, ABANDONED ->
                runs(event.job(), event.kind());
        };
        if (counter != null) {
            afterCommit(counter);
        }
    }

    private static void afterCommit(Counter counter) {
        if (TransactionSynchronizationManager.isSynchronizationActive()) {
            TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
                @Override
                public void afterCommit() {
                    counter.increment();
                }
            });
        } else {
            counter.increment();
        }
    }

    private Counter runs(String job, RunEvent.Kind outcome) {
        return Counter.builder(RUNS)
                .description("Ends of runs, and first failures of a series that is tried again (retrying)")
                .tag("job", job)
                .tag("outcome", outcome.name().toLowerCase(Locale.ROOT))
                .register(meters);
    }

    private Counter takeovers(String job) {
        return Counter.builder(TAKEOVERS)
                .description("Runs gone on with because their process died")
                .tag("job", job)
                .register(meters);
    }

    @Override
    public void afterJob(JobExecution execution) {
        LocalDateTime start = execution.getStartTime();
        LocalDateTime end = execution.getEndTime();
        if (start != null) {
            Timer.builder(DURATION)
                    .description("Executions of a job, each resumption by itself")
                    .tag("job", execution.getJobInstance().getJobName())
                    .tag("status", execution.getStatus().name().toLowerCase(Locale.ROOT))
                    .register(meters)
                    .record(Duration.between(start, end == null ? LocalDateTime.now(ZoneId.systemDefault()) : end));
        }
    }

    @Override
    public void beforeStep(StepExecution step) {
        refusedBefore.put(step.getId(), Progress.refused(step.getExecutionContext()));
    }

    @Override
    public @Nullable ExitStatus afterStep(StepExecution step) {
        Long before = refusedBefore.remove(step.getId());
        long refused = Progress.refused(step.getExecutionContext()) - (before == null ? 0 : before);
        items(step, "read", step.getReadCount());
        items(step, "written", step.getWriteCount());
        items(step, "filtered", step.getFilterCount());
        items(step, "skipped", step.getSkipCount() + refused);
        return null;
    }

    private void items(StepExecution step, String result, long count) {
        Counter.builder(ITEMS)
                .description("Items of a step, counted when it ends")
                .tag("job", step.getJobExecution().getJobInstance().getJobName())
                .tag("step", step.getStepName())
                .tag("result", result)
                .register(meters)
                .increment((double) count);
    }
}
