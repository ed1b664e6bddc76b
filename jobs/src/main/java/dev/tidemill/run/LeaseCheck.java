package dev.tidemill.run;

import org.springframework.batch.core.job.JobExecution;

/// Asks whether this process still holds the lease of a run: before work on something that no commit of the
/// platform's guards, such as another database. A session that asks once it is open is either refused, or ended by
/// whoever takes the lease over.
public final class LeaseCheck {

    private final Control control;
    private final Node node;

    LeaseCheck(Control control, Node node) {
        this.control = control;
        this.node = node;
    }

    /// Lets the work begin, or throws.
    ///
    /// @throws FenceLost when another process holds the lease, or may take it since this one seems dead
    public void require(JobExecution execution) {
        long instance = execution.getJobInstanceId();
        boolean held = control.call(() -> control.jdbc()
                .sql("""
                        SELECT count(*) > 0 FROM job_leases l JOIN nodes n USING (boot_id)
                        WHERE l.job_instance_id = :instance AND l.boot_id = :me AND n.expires_at > clock_timestamp()
                        """)
                .param("instance", instance)
                .param("me", node.bootId())
                .query(Boolean.class)
                .single());
        if (!held) {
            throw new FenceLost(instance, 0);
        }
    }
}
