package dev.tidemill.run;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.batch.core.BatchStatus;
import org.springframework.batch.core.ExitStatus;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.job.parameters.JobParameters;
import org.springframework.batch.core.job.parameters.JobParametersBuilder;
import org.springframework.batch.core.launch.JobOperator;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.context.SmartLifecycle;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Launches, stops, resumes and shows runs. At most one run works on a subject at a time, over all
/// processes; a run whose process died is resumed by whichever process notices first.
public final class Runs implements SmartLifecycle {

    /// Identifying job parameter: the same request is the same run.
    static final String REQUEST_ID = "requestId";

    /// Job parameter that names what a run works on, for example `ingest of source <id>`.
    static final String SUBJECT = "subject";

    private static final Logger log = LoggerFactory.getLogger(Runs.class);
    private static final Duration SHUTDOWN_PATIENCE = Duration.ofSeconds(25);

    private final RunLocks locks;
    private final RunListener listener;
    private final JobOperator operator;
    private final JobRepository repository;
    private final JdbcClient jdbc;
    private final RunLimits limits;
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("run-", 0).factory());
    private final Map<Long, CompletableFuture<RunView>> ends = new ConcurrentHashMap<>();
    private volatile boolean running;

    Runs(
            RunLocks locks,
            RunListener listener,
            JobOperator operator,
            JobRepository repository,
            JdbcClient jdbc,
            RunLimits limits) {
        this.locks = locks;
        this.listener = listener;
        this.operator = operator;
        this.repository = repository;
        this.jdbc = jdbc;
        this.limits = limits;
    }

    /// Parameters of a new run.
    ///
    /// @param subject what the run works on; while it does, no other run may
    public static JobParametersBuilder parameters(String subject) {
        return new JobParametersBuilder()
                .addString(REQUEST_ID, UUID.randomUUID().toString(), true)
                .addString(SUBJECT, subject, false);
    }

    /// Starts a run and returns its id at once. An unfinished dead run on the same subject is closed:
    /// what it left is in the data, and the new run goes on from there.
    ///
    /// @throws RunConflict when a live run works on the same subject
    public long start(Job job, JobParameters parameters) {
        String subject = required(parameters, SUBJECT);
        RunLocks.Lock lock = locks.tryLock(subject)
                .orElseThrow(() ->
                        new RunConflict("another run is busy with " + subject + ": wait until it ends, or stop it"));
        return launch(parameters, lock, () -> {
            for (long id : unfinished(subject)) {
                close(id, BatchStatus.ABANDONED, "superseded by a newer run on " + subject);
            }
            return operator.start(job, parameters);
        });
    }

    /// Goes on with a run that was stopped, failed or died, in the same instance.
    ///
    /// @return the id of the new execution
    /// @throws RunConflict when a live run works on the same subject, or the run cannot be resumed
    public long resume(long runId) {
        JobExecution execution = execution(runId).orElseThrow(() -> new RunConflict("there is no run " + runId));
        String subject = required(execution.getJobParameters(), SUBJECT);
        RunLocks.Lock lock = locks.tryLock(subject)
                .orElseThrow(
                        () -> new RunConflict("a run is busy with " + subject + ": wait until it ends, or stop it"));
        return launch(execution.getJobParameters(), lock, () -> restart(runId));
    }

    private JobExecution restart(long runId) throws Exception {
        // Read again now that the lock is held: it may have ended or been resumed since.
        JobExecution execution = execution(runId).orElseThrow();
        JobExecution last = repository.getLastJobExecution(execution.getJobInstance());
        if (last != null && last.getId() != runId) {
            throw new RunConflict("run " + runId + " was already resumed as run " + last.getId());
        }
        if (execution.getStatus() == BatchStatus.COMPLETED || execution.getStatus() == BatchStatus.ABANDONED) {
            throw new RunConflict("run " + runId + " is " + execution.getStatus() + ": start a new one instead");
        }
        if (execution.getEndTime() == null || execution.getStatus() == BatchStatus.UNKNOWN) {
            execution = close(runId, BatchStatus.FAILED, "its process died");
        }
        return operator.restart(execution);
    }

    /// Resumes every run whose process died or was shut down.
    ///
    /// @return the ids of the new executions
    public List<Long> resumeOrphans() {
        List<Long> resumed = new ArrayList<>();
        for (long id : unfinished(null)) {
            JobExecution execution = execution(id).orElseThrow();
            String subject = required(execution.getJobParameters(), SUBJECT);
            Optional<RunLocks.Lock> lock = locks.tryLock(subject);
            if (lock.isEmpty()) {
                continue;
            }
            int executions =
                    repository.getJobExecutions(execution.getJobInstance()).size();
            if (executions >= limits.attempts()) {
                try (RunLocks.Lock held = lock.get()) {
                    close(
                            id,
                            BatchStatus.FAILED,
                            "given up on after " + executions + " executions of " + held.subject()
                                    + ": look at the log for what ends it, then resume it by hand");
                }
                continue;
            }
            log.info(
                    "run {} of {} died; it is resumed",
                    id,
                    execution.getJobInstance().getJobName());
            resumed.add(launch(execution.getJobParameters(), lock.get(), () -> restart(id)));
        }
        return resumed;
    }

    private interface Launch {
        JobExecution call() throws Exception;
    }

    private long launch(JobParameters parameters, RunLocks.Lock lock, Launch launch) {
        String requestId = required(parameters, REQUEST_ID);
        CompletableFuture<JobExecution> started = listener.expect(requestId);
        CompletableFuture<RunView> end = new CompletableFuture<>();
        threads.execute(() -> {
            try {
                JobExecution last;
                try (lock) {
                    last = persist(launch.call());
                }
                // Only now that the lock is free: whoever waited for the end may start the next run.
                started.complete(last);
                end.complete(view(last));
            } catch (Exception e) {
                // The caller of start, or of the future, is told; nothing else could be.
                started.completeExceptionally(e);
                end.completeExceptionally(e);
            } finally {
                listener.forget(requestId);
                ends.values().removeIf(other -> other == end);
            }
        });
        try {
            long id = started.get().getId();
            ends.put(id, end);
            if (end.isDone()) {
                ends.remove(id);
            }
            return id;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a run was being started", e);
        } catch (ExecutionException e) {
            Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
            if (cause instanceof RuntimeException unchecked) {
                throw unchecked;
            }
            throw new IllegalStateException("the run could not be started: " + cause.getMessage(), cause);
        }
    }

    /// Resumes a run that failed for a cause that may go away by itself, as often as the limits allow.
    private JobExecution persist(JobExecution first) throws Exception {
        JobExecution last = first;
        for (int executions =
                        repository.getJobExecutions(first.getJobInstance()).size();
                executions < limits.attempts()
                        && last.getStatus() == BatchStatus.FAILED
                        && Failures.isTransient(last.getAllFailureExceptions());
                executions++) {
            Duration wait = limits.waitAfter(executions);
            log.warn(
                    "run {} failed ({}); it is resumed in {}",
                    last.getId(),
                    last.getExitStatus().getExitDescription(),
                    wait);
            new CompletableFuture<Void>()
                    .completeOnTimeout(null, wait.toMillis(), TimeUnit.MILLISECONDS)
                    .get();
            last = operator.restart(last);
        }
        return last;
    }

    /// The end of a run that this process works on, later resumptions included; for any other run, its view as it is.
    public CompletableFuture<RunView> finished(long runId) {
        CompletableFuture<RunView> end = ends.get(runId);
        return end != null
                ? end
                : CompletableFuture.completedFuture(
                        get(runId).orElseThrow(() -> new RunConflict("there is no run " + runId)));
    }

    /// Asks a run to stop after its current chunk. It can be resumed later.
    ///
    /// @throws RunConflict when it does not run in this process
    public void stop(long runId) {
        if (!listener.stop(runId)) {
            throw new RunConflict("run " + runId + " does not run in this process");
        }
    }

    /// Executions that have not ended, or that a shutdown stopped, and that nobody has resumed since.
    private List<Long> unfinished(@Nullable String subject) {
        return jdbc.sql("""
                        SELECT e.job_execution_id FROM batch_job_execution e
                        JOIN batch_job_execution_params p
                          ON p.job_execution_id = e.job_execution_id AND p.parameter_name = 'subject'
                        WHERE (CAST(:subject AS text) IS NULL OR p.parameter_value = :subject)
                          AND (e.end_time IS NULL OR e.status = 'UNKNOWN'
                               OR (e.status = 'STOPPED' AND e.exit_message LIKE :shutdown || '%'))
                          AND NOT EXISTS (SELECT FROM batch_job_execution later
                                          WHERE later.job_instance_id = e.job_instance_id
                                            AND later.job_execution_id > e.job_execution_id)
                        ORDER BY e.job_execution_id
                        """)
                .param("subject", subject)
                .param("shutdown", RunListener.SHUTDOWN)
                .query((row, n) -> row.getLong(1))
                .list();
    }

    /// Writes the end of a run whose process cannot. Only for the holder of its lock.
    private JobExecution close(long runId, BatchStatus status, String why) {
        JobExecution execution = execution(runId).orElseThrow();
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
        execution.setExitStatus(new ExitStatus(ExitStatus.FAILED.getExitCode(), why));
        if (execution.getEndTime() == null) {
            execution.setEndTime(now);
        }
        repository.update(execution);
        return execution;
    }

    private Optional<JobExecution> execution(long runId) {
        return exists(runId) ? Optional.ofNullable(repository.getJobExecution(runId)) : Optional.empty();
    }

    /// The repository answers for an unknown id with an exception in some versions and with null in others.
    private boolean exists(long runId) {
        return jdbc.sql("SELECT count(*) > 0 FROM batch_job_execution WHERE job_execution_id = :id")
                .param("id", runId)
                .query(Boolean.class)
                .single();
    }

    /// The newest runs, newest first.
    public List<RunView> list(int limit) {
        return jdbc
                .sql("SELECT job_execution_id FROM batch_job_execution ORDER BY job_execution_id DESC LIMIT :limit")
                .param("limit", limit)
                .query((row, n) -> row.getLong(1))
                .list()
                .stream()
                .flatMap(id -> get(id).stream())
                .toList();
    }

    public Optional<RunView> get(long runId) {
        return execution(runId).map(Runs::view);
    }

    private static RunView view(JobExecution execution) {
        Map<String, String> parameters = new LinkedHashMap<>();
        execution
                .getJobParameters()
                .parameters()
                .forEach(parameter -> parameters.put(parameter.name(), String.valueOf(parameter.value())));
        LocalDateTime start = execution.getStartTime() == null ? execution.getCreateTime() : execution.getStartTime();
        return new RunView(
                execution.getId(),
                execution.getJobInstance().getJobName(),
                execution.getStatus().name(),
                parameters,
                instant(start),
                execution.getEndTime() == null ? null : instant(execution.getEndTime()),
                execution.getStepExecutions().stream()
                        .sorted(Comparator.comparingLong(StepExecution::getId))
                        .map(Runs::view)
                        .toList(),
                message(execution));
    }

    private static StepView view(StepExecution step) {
        return new StepView(
                step.getStepName(),
                step.getStatus().name(),
                step.getReadCount(),
                step.getWriteCount(),
                Progress.refused(step.getExecutionContext()),
                Progress.total(step.getExecutionContext()));
    }

    private static @Nullable String message(JobExecution execution) {
        String said = execution.getExitStatus().getExitDescription();
        return said.isBlank() ? Progress.message(execution.getExecutionContext()) : said;
    }

    private static Instant instant(LocalDateTime time) {
        return time.atZone(ZoneId.systemDefault()).toInstant();
    }

    private static String required(JobParameters parameters, String name) {
        String value = parameters.getString(name);
        if (value == null) {
            throw new IllegalArgumentException("the job parameter " + name + " is missing");
        }
        return value;
    }

    @Override
    public void start() {
        running = true;
    }

    /// Lets every run of this process finish its current chunk. They are resumed by the next process.
    @Override
    public void stop() {
        running = false;
        listener.stopAll();
        CompletableFuture<?> all = CompletableFuture.allOf(ends.values().toArray(CompletableFuture[]::new));
        try {
            all.handle((done, failure) -> true).get(SHUTDOWN_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            log.warn("a run did not stop within {}; it is resumed by the next process", SHUTDOWN_PATIENCE);
        }
        threads.shutdown();
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /// Before the web server and the connection pools.
    @Override
    public int getPhase() {
        return Integer.MAX_VALUE - 100;
    }
}
