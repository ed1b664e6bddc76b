package dev.tidemill.run;

import org.springframework.batch.core.job.JobExecution;

/// Asks whether this process still holds the lease of a run: before work on something that no commit of the
/// platform's guards, such as another database. A session that asks once it is open is either refused, or ended by
/// whoever takes the lease over.
public final class LeaseCheck {

    private final Control control;
    private final Leases leases;

    LeaseCheck(Control control, Leases leases) {
        this.control = control;
        this.leases = leases;
    }

    /// Lets the work begin, or throws.
    ///
    /// @throws FenceLost when another process holds the lease, or may take it since this one seems dead
    public void require(JobExecution execution) {
        long instance = execution.getJobInstanceId();
        if (!control.call(() -> leases.holds(instance))) {
            throw new FenceLost(instance, 0);
        }
    }
}
