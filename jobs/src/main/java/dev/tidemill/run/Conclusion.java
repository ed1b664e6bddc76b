package dev.tidemill.run;

import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.batch.core.BatchStatus;
import org.springframework.batch.core.ExitStatus;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.job.JobInstance;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.step.StepExecution;

/// Decides what becomes of a launch whose execution is over: because it ended, or because its process did.
///
/// Everything is read from the database under the lease, so that it does not matter who concludes, nor how often it
/// was tried: a process that dies in between leaves the same question to the next one.
final class Conclusion {

    private static final Logger log = LoggerFactory.getLogger(Conclusion.class);

    /// Deaths without a commit in between after which an operator has to look.
    static final int MOST_DEATHS = 5;

    private final Control control;
    private final Launches launches;
    private final Leases leases;
    private final RunFailures failures;
    private final RunRecords records;
    private final ItemsInHand itemsInHand;
    private final Jobs jobs;
    private final JobRepository repository;
    private final List<RunObserver> observers;
    private final RandomGenerator random;

    Conclusion(
            Control control,
            Launches launches,
            Leases leases,
            ItemsInHand itemsInHand,
            Jobs jobs,
            JobRepository repository,
            List<RunObserver> observers,
            RandomGenerator random) {
        this.control = control;
        this.launches = launches;
        this.leases = leases;
        this.failures = new RunFailures(control.jdbc());
        this.records = new RunRecords(control.jdbc());
        this.itemsInHand = itemsInHand;
        this.jobs = jobs;
        this.repository = repository;
        this.observers = observers;
        this.random = random;
    }

    /// The end of an execution of this process.
    ///
    /// @param ended as this process saw it end
    /// @return the launch as it stands now, empty when another process has taken it over
    Optional<Launches.Launch> ended(Fences.Lease lease, JobExecution ended) {
        return control.call(() -> conclude(lease.jobInstanceId(), ended));
    }

    /// The end of a running launch whose process is gone.
    ///
    /// @return the launch as it stands now, empty when somebody works on it after all
    Optional<Launches.Launch> died(long instanceId) {
        return control.call(() -> conclude(instanceId, null));
    }

    private Optional<Launches.Launch> conclude(long instanceId, @Nullable JobExecution seen) {
        Launches.Launch launch = launches.lock(instanceId).orElse(null);
        if (launch == null || launch.state() != Launches.State.RUNNING) {
            return Optional.empty();
        }
        // Waits for a commit of the old fence that is under way, so that what is read next is final.
        Optional<Fences.Lease> lease = leases.take(instanceId);
        if (lease.isEmpty()) {
            return Optional.empty();
        }
        JobExecution execution = last(instanceId);
        records.ended(execution.getId());
        if (seen != null) {
            failures.record(launch.workspaceId(), seen);
        }
        leases.careful(instanceId, false);
        boolean cutOff = execution.getEndTime() == null || execution.getStatus() == BatchStatus.UNKNOWN;
        if (!cutOff) {
            over(launch, execution, seen);
        } else if (seen != null && seen.getStatus() != BatchStatus.COMPLETED) {
            // This process lives, but could not write the end: the database was away, or the outcome of a commit
            // unknown.
            close(execution, BatchStatus.FAILED, Failures.describe(seen.getAllFailureExceptions()));
            failed(launch, execution, seen.getAllFailureExceptions());
        } else {
            close(execution, BatchStatus.FAILED, "its process died");
            cutOff(launch, execution);
        }
        leases.release(lease.get());
        return launches.find(instanceId);
    }

    private JobExecution last(long instanceId) {
        JobInstance instance = repository.getJobInstance(instanceId);
        JobExecution execution = instance == null ? null : repository.getLastJobExecution(instance);
        if (execution == null) {
            throw new IllegalStateException("job instance " + instanceId + " has no execution");
        }
        return execution;
    }

    private void over(Launches.Launch launch, JobExecution execution, @Nullable JobExecution seen) {
        long instance = launch.instanceId();
        switch (execution.getStatus()) {
            case COMPLETED -> {
                long refused = refusedByAll(execution);
                records.refused(instance, refused);
                launches.ended(instance, Launches.State.COMPLETED, null);
                itemsInHand.forget(instance);
                tell(
                        refused > 0 ? RunEvent.Kind.COMPLETED_WITH_SKIPS : RunEvent.Kind.COMPLETED,
                        launch,
                        execution,
                        null);
            }
            case STOPPED, STOPPING -> {
                if (execution.getExitStatus().getExitDescription().startsWith(RunListener.SHUTDOWN)
                        && !launch.stopRequested()) {
                    launches.waiting(instance, Duration.ZERO, null);
                } else {
                    launches.ended(instance, Launches.State.STOPPED, null);
                    tell(RunEvent.Kind.STOPPED, launch, execution, null);
                }
            }
            case ABANDONED -> {
                launches.ended(instance, Launches.State.ABANDONED, null);
                tell(RunEvent.Kind.ABANDONED, launch, execution, null);
            }
            case FAILED, STARTING, STARTED, UNKNOWN -> {
                List<Throwable> causes = seen == null ? List.of() : seen.getAllFailureExceptions();
                failed(launch, execution, causes);
            }
        }
    }

    private void failed(Launches.Launch launch, JobExecution execution, List<Throwable> causes) {
        long instance = launch.instanceId();
        String why = execution.getExitStatus().getExitDescription();
        if (launch.stopRequested()) {
            launches.ended(instance, Launches.State.STOPPED, why);
            tell(RunEvent.Kind.STOPPED, launch, execution, why);
            return;
        }
        // Without the exceptions at hand, as its process died right after the end, another try finds them again.
        ErrorClass kind = causes.isEmpty() ? ErrorClass.TRANSIENT : Failures.classify(causes);
        long commits = leases.commits(instance);
        int inARow = commits == launch.commitsAtFailure() ? launch.failures() + 1 : 1;
        launches.failed(instance, inARow, commits);
        JobDefinition job = jobs.find(launch.job());
        Backoff backoff = (job == null ? JobPolicy.defaults() : job.policy()).backoff(kind);
        if (Failures.triedOut(causes) || !backoff.allows(inARow)) {
            launches.ended(instance, Launches.State.FAILED, why);
            tell(RunEvent.Kind.FAILED, launch, execution, why);
            return;
        }
        Duration wait = backoff.waitAfter(inARow, random);
        Duration asked = Failures.retryAfter(causes);
        if (asked != null && asked.compareTo(wait) > 0) {
            wait = asked;
        }
        launches.waiting(instance, wait, why);
        log.warn("run {} of {} failed ({}); it is resumed in {}", execution.getId(), launch.job(), why, wait);
        if (inARow == 1) {
            // Once for a series: a full disk that lasts a night is one message.
            tell(RunEvent.Kind.RETRYING, launch, execution, why);
        }
    }

    private void cutOff(Launches.Launch launch, JobExecution execution) {
        long instance = launch.instanceId();
        long commits = leases.commits(instance);
        int inARow = commits == launch.commitsAtDeath() ? launch.deaths() + 1 : 1;
        launches.died(instance, inARow, commits);
        itemsInHand.died(instance);
        leases.careful(instance, true);
        if (launch.stopRequested()) {
            launches.ended(instance, Launches.State.STOPPED, "its process died while it was being stopped");
            tell(RunEvent.Kind.STOPPED, launch, execution, null);
        } else if (inARow >= MOST_DEATHS) {
            String why = "its process died " + inARow
                    + " times without progress: look at the log for what ends it, then" + " resume it by hand";
            launches.ended(instance, Launches.State.NEEDS_OPERATOR, why);
            tell(RunEvent.Kind.NEEDS_OPERATOR, launch, execution, why);
        } else {
            log.info("run {} of {} died; it is resumed", execution.getId(), launch.job());
            launches.waiting(instance, Duration.ZERO, "its process died");
            tell(RunEvent.Kind.RECOVERED, launch, execution, "its process died");
        }
    }

    /// Writes the end of an execution whose process cannot. Only under the lease.
    void close(JobExecution execution, BatchStatus status, String why) {
        LocalDateTime now = LocalDateTime.now(ZoneId.systemDefault());
        for (StepExecution step : execution.getStepExecutions()) {
            if (step.getStatus().isRunning() || step.getStatus() == BatchStatus.UNKNOWN) {
                step.setStatus(BatchStatus.FAILED);
                step.setExitStatus(new ExitStatus(ExitStatus.FAILED.getExitCode(), why));
                step.setEndTime(now);
                repository.update(step);
            }
        }
        execution.setStatus(status);
        execution.setExitStatus(new ExitStatus(
                status == BatchStatus.STOPPED ? ExitStatus.STOPPED.getExitCode() : ExitStatus.FAILED.getExitCode(),
                why));
        if (execution.getEndTime() == null) {
            execution.setEndTime(now);
            records.ended(execution.getId());
        }
        repository.update(execution);
    }

    static long refused(JobExecution execution) {
        return execution.getStepExecutions().stream()
                .mapToLong(step -> Progress.refused(step.getExecutionContext()))
                .sum();
    }

    /// Items given up on by all executions of an instance: a step that completed before a resume is in an earlier
    /// one only, and one that was resumed goes on counting.
    private long refusedByAll(JobExecution execution) {
        Map<String, Long> bySteps = new HashMap<>();
        repository.getJobExecutions(execution.getJobInstance()).stream()
                .sorted(Comparator.comparingLong(JobExecution::getId))
                .flatMap(one -> one.getStepExecutions().stream())
                .forEach(step -> bySteps.put(step.getStepName(), Progress.refused(step.getExecutionContext())));
        return bySteps.values().stream().mapToLong(Long::longValue).sum();
    }

    void tell(RunEvent.Kind kind, Launches.Launch launch, JobExecution execution, @Nullable String message) {
        RunEvent event = new RunEvent(
                kind,
                launch.workspaceId(),
                launch.job(),
                launch.subject(),
                launch.origin(),
                launch.instanceId(),
                execution.getId(),
                message,
                refused(execution));
        observers.forEach(observer -> observer.observe(event));
    }
}
