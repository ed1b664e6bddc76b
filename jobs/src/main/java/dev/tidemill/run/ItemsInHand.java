package dev.tidemill.run;

import java.util.function.Supplier;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/// Finds the item that kills the process. After its process died a run is *careful*: it notes each item before it
/// works on it and after. What was in hand at a death may be the cause; after [#MOST_DEATHS] deaths it is given up
/// on.
///
/// The processor of a keyed chunk step is looked after by its policy. A step that works on its items elsewhere asks
/// [#careful] once, works on one item at a time while it is, and calls [#take] and [#done] around each.
public final class ItemsInHand {

    /// Deaths of a run at the same item, the unnoted first one included, after which the item is quarantined.
    static final int MOST_DEATHS = 3;

    /// Reason of the dead letter of an item that was given up on here.
    public static final String CRASHED = "CRASHED";

    /// What that letter says.
    public static final String CRASHED_DETAIL =
            "the process died " + MOST_DEATHS + " times in a row while this was being worked on";

    private final JdbcClient jdbc;
    private final TransactionTemplate alone;

    ItemsInHand(JdbcClient jdbc, PlatformTransactionManager transactionManager) {
        this.jdbc = jdbc;
        this.alone = new TransactionTemplate(transactionManager);
        this.alone.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
    }

    /// Whether the process of the run before this one died at work.
    public boolean careful(StepExecution step) {
        return execute(() -> jdbc.sql("SELECT careful FROM job_leases WHERE job_instance_id = :instance")
                .param("instance", step.getJobExecution().getJobInstanceId())
                .query(Boolean.class)
                .single());
    }

    /// Notes that an item is about to be worked on.
    ///
    /// @return false when it was in hand at too many deaths: give it up
    public boolean take(StepExecution step, String itemKey) {
        return execute(() -> jdbc.sql("""
                        INSERT INTO items_in_hand AS i (job_instance_id, step, item_key, in_hand)
                        VALUES (:instance, :step, :item, true)
                        ON CONFLICT (job_instance_id, step, item_key) DO UPDATE SET in_hand = i.deaths + 1 < :most
                        RETURNING in_hand
                        """)
                .param("instance", step.getJobExecution().getJobInstanceId())
                .param("step", step.getStepName())
                .param("item", itemKey)
                .param("most", MOST_DEATHS)
                .query(Boolean.class)
                .single());
    }

    /// Notes that the work on an item is done, however it went.
    public void done(StepExecution step, String itemKey) {
        execute(() -> jdbc.sql("""
                        UPDATE items_in_hand SET in_hand = false
                        WHERE job_instance_id = :instance AND step = :step AND item_key = :item
                        """)
                .param("instance", step.getJobExecution().getJobInstanceId())
                .param("step", step.getStepName())
                .param("item", itemKey)
                .update());
    }

    private <T> T execute(Supplier<T> work) {
        T result = alone.execute(status -> work.get());
        if (result == null) {
            throw new IllegalStateException("no result");
        }
        return result;
    }

    /// Counts a death for what was in hand, in the caller's transaction.
    void died(long instanceId) {
        jdbc.sql(
                        "UPDATE items_in_hand SET deaths = deaths + 1, in_hand = false WHERE job_instance_id = :instance AND in_hand")
                .param("instance", instanceId)
                .update();
    }

    /// Forgets the items of a launch that is over, in the caller's transaction.
    void forget(long instanceId) {
        jdbc.sql("DELETE FROM items_in_hand WHERE job_instance_id = :instance")
                .param("instance", instanceId)
                .update();
    }
}
