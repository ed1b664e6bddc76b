package dev.tidemill.run;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/// Has runs made by a step of another run, and waits for them. The request's identity says which one it is, so a step
/// that is run again finds it. The step asks again and again, committing in between, so that it can be stopped.
public final class ChildRuns {

    private static final int WAIT_SECONDS = 1;
    private static final Duration FOR_A_PLACE = Duration.ofMinutes(2);

    private final ObjectProvider<Runs> runs;
    private final TransactionTemplate outside;

    ChildRuns(ObjectProvider<Runs> runs, PlatformTransactionManager transactionManager) {
        this.runs = runs;
        this.outside = new TransactionTemplate(transactionManager);
        this.outside.setPropagationBehavior(TransactionDefinition.PROPAGATION_NOT_SUPPORTED);
    }

    /// Whether this process has a job of the name.
    public boolean knows(String job) {
        return runs.getObject().jobs().find(job) != null;
    }

    /// Whether two jobs never run beside each other, so that one cannot wait for the other.
    public boolean conflict(String one, String other) {
        return runs.getObject().jobs().conflict(one, other);
    }

    /// The run as it stands: asked for where it was not, gone on with once in each execution of the step where it
    /// ended too early.
    ///
    /// @param request with an identity
    public RunView follow(StepExecution step, LaunchRequest request) {
        Runs platform = runs.getObject();
        String tried = "child." + step.getJobExecutionId() + "." + request.identity();
        // Not within the step's transaction: what a launch prepares must be there when it is started.
        RunView view = outside.execute(status -> {
            Launched launched = platform.launch(request);
            RunView now = platform.newest(launched.runId()).orElseThrow();
            boolean brokenOff = switch (now.state()) {
                case STOPPED, FAILED, NEEDS_OPERATOR -> true;
                case QUEUED, RUNNING, STOPPING, RETRYING, COMPLETED, COMPLETED_WITH_SKIPS, ABANDONED -> false;
            };
            boolean first = !step.getExecutionContext().containsKey(tried);
            step.getExecutionContext().putString(tried, "true");
            if (brokenOff && first && !launched.created()) {
                long resumed = platform.resume(
                        request.workspaceId(), now.id(), request.requestedBy(), "its parent run was resumed");
                return platform.newest(resumed).orElseThrow();
            }
            return now;
        });
        return Objects.requireNonNull(view);
    }

    /// Whether it is still to come to an end by itself.
    public static boolean goesOn(RunView view) {
        return !view.state().ended();
    }

    /// Whether it came to a good one.
    public static boolean completed(RunView view) {
        return view.state() == RunState.COMPLETED || view.state() == RunState.COMPLETED_WITH_SKIPS;
    }

    /// Waits a moment for its end.
    ///
    /// @throws NoPlace when it waits for what the waiting one may itself take up
    public void await(StepExecution step, RunView view) throws InterruptedException {
        Instant since = step.getStartTime() == null
                ? Instant.now()
                : step.getStartTime().atZone(java.time.ZoneId.systemDefault()).toInstant();
        String waitsFor = view.waitingFor();
        if (view.state() == RunState.QUEUED
                && waitsFor != null
                && Duration.between(since, Instant.now()).compareTo(FOR_A_PLACE) > 0) {
            throw new NoPlace("run " + view.id() + " of " + view.job() + " has not begun, it waits for " + waitsFor
                    + ": this run makes way for it and comes back");
        }
        try {
            runs.getObject().finished(view.id()).get(WAIT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException goesOn) {
            // The step commits and looks again.
            return;
        } catch (ExecutionException e) {
            throw new IllegalStateException("the end of run " + view.id() + " cannot be told", e);
        }
    }

    /// The waiting run gives its place up for a while.
    private static final class NoPlace extends RuntimeException implements RetryAfter {
        private static final long serialVersionUID = 1;

        NoPlace(String message) {
            super(message);
        }

        @Override
        public Duration retryAfter() {
            return Duration.ofMinutes(1);
        }
    }
}
