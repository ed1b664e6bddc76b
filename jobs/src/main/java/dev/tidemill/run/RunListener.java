package dev.tidemill.run;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.batch.core.BatchStatus;
import org.springframework.batch.core.ExitStatus;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.listener.JobExecutionListener;

/// Knows the runs at work in this process, asks them to stop, and says why a run stopped. Every job registers it.
public final class RunListener implements JobExecutionListener {

    /// Exit description of a run that ended because the process was asked to; the next process resumes it.
    static final String SHUTDOWN = "stopped for shutdown";

    private final Map<Long, JobExecution> running = new ConcurrentHashMap<>();
    private volatile boolean shutdown;

    @Override
    public void beforeJob(JobExecution execution) {
        running.put(execution.getJobInstanceId(), execution);
        if (shutdown) {
            stop(execution);
        }
    }

    @Override
    public void afterJob(JobExecution execution) {
        running.remove(execution.getJobInstanceId());
        if (shutdown && execution.getStatus() == BatchStatus.STOPPED) {
            execution.setExitStatus(new ExitStatus(ExitStatus.STOPPED.getExitCode(), SHUTDOWN));
        } else if (execution.getStatus() == BatchStatus.FAILED) {
            // The stack traces are in run_failures; the row says in one sentence what an operator needs to know.
            execution.setExitStatus(new ExitStatus(
                    ExitStatus.FAILED.getExitCode(), Failures.describe(execution.getAllFailureExceptions())));
        }
    }

    /// Forgets an execution that broke off before its end.
    void forget(JobExecution execution) {
        running.remove(execution.getJobInstanceId(), execution);
    }

    /// Asks a run of this process to stop after its current chunk. False when it is not running here.
    boolean stop(long instanceId) {
        JobExecution execution = running.get(instanceId);
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
