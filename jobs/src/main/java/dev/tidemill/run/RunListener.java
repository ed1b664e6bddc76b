package dev.tidemill.run;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.batch.core.BatchStatus;
import org.springframework.batch.core.ExitStatus;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.listener.JobExecutionListener;

/// Tells the launcher the id of a run as soon as it has one, and says why a run stopped. Every job registers it.
public final class RunListener implements JobExecutionListener {

    /// Exit description of a run that ended because the process was asked to; the next process resumes it.
    static final String SHUTDOWN = "stopped for shutdown";

    private final Map<String, CompletableFuture<JobExecution>> launches = new ConcurrentHashMap<>();
    private final Map<Long, JobExecution> running = new ConcurrentHashMap<>();
    private volatile boolean shutdown;

    CompletableFuture<JobExecution> expect(String requestId) {
        return launches.computeIfAbsent(requestId, id -> new CompletableFuture<>());
    }

    void forget(String requestId) {
        launches.remove(requestId);
    }

    @Override
    public void beforeJob(JobExecution execution) {
        running.put(execution.getId(), execution);
        if (shutdown) {
            stop(execution);
        }
        String requestId = execution.getJobParameters().getString(Runs.REQUEST_ID);
        CompletableFuture<JobExecution> launch = requestId == null ? null : launches.get(requestId);
        if (launch != null) {
            launch.complete(execution);
        }
    }

    @Override
    public void afterJob(JobExecution execution) {
        running.remove(execution.getId());
        if (shutdown && execution.getStatus() == BatchStatus.STOPPED) {
            execution.setExitStatus(new ExitStatus(ExitStatus.STOPPED.getExitCode(), SHUTDOWN));
        } else if (execution.getStatus() == BatchStatus.FAILED) {
            // The stack trace is in the log; the row says in one sentence what an operator needs to know.
            execution.setExitStatus(new ExitStatus(
                    ExitStatus.FAILED.getExitCode(), Failures.describe(execution.getAllFailureExceptions())));
        }
    }

    /// Asks a run of this process to stop after its current chunk. False when it is not running here.
    boolean stop(long runId) {
        JobExecution execution = running.get(runId);
        if (execution == null) {
            return false;
        }
        stop(execution);
        return true;
    }

    /// Asks all runs of this process to stop after their current chunk.
    void stopAll() {
        shutdown = true;
        running.values().forEach(RunListener::stop);
    }

    private static void stop(JobExecution execution) {
        execution.setStatus(BatchStatus.STOPPING);
        execution.getStepExecutions().forEach(step -> step.setTerminateOnly());
    }
}
