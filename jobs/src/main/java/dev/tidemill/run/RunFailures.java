package dev.tidemill.run;

import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.job.JobInterruptedException;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The exceptions that ended runs, whole.
final class RunFailures {

    /// A cause that repeats itself is told often enough.
    private static final int MOST = 20;

    /// Bytes.
    private static final int LONGEST_STACK = 200_000;

    private final JdbcClient jdbc;

    RunFailures(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /// Records all failures of an execution, in the caller's transaction.
    void record(UUID workspaceId, JobExecution execution) {
        int number = 0;
        for (StepExecution step : execution.getStepExecutions()) {
            number = record(workspaceId, execution.getId(), step.getStepName(), step.getFailureExceptions(), number);
        }
        record(workspaceId, execution.getId(), null, execution.getFailureExceptions(), number);
    }

    private int record(UUID workspaceId, long runId, @Nullable String step, List<Throwable> failures, int before) {
        int number = before;
        for (Throwable failure : failures) {
            if (number >= MOST) {
                break;
            }
            if (failure instanceof JobInterruptedException) {
                // That is how a step tells that it was stopped, which is no failure.
                continue;
            }
            Throwable root = Failures.root(failure);
            jdbc.sql("""
                            INSERT INTO run_failures
                                (workspace_id, run_id, number, step, error_class, exception, message, stack)
                            VALUES (:workspace, :run, :number, :step, :kind, :exception, :message, :stack)
                            ON CONFLICT DO NOTHING
                            """)
                    .param("workspace", workspaceId)
                    .param("run", runId)
                    .param("number", ++number)
                    .param("step", step, java.sql.Types.VARCHAR)
                    .param("kind", Failures.classify(failure).name())
                    .param("exception", root.getClass().getName())
                    .param("message", StackText.storable(String.valueOf(root.getMessage())))
                    .param("stack", StackText.of(failure, LONGEST_STACK))
                    .update();
        }
        return number;
    }
}
