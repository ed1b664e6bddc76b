package dev.tidemill.run;

import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/// Transactions of the platform itself, over all workspaces: as the role that sees the launches of all of them and
/// none of their documents. What the job repository writes meanwhile commits with them.
public final class Control {

    /// Held for a decision on what may run beside what: such decisions are made one at a time. "launches" in ASCII.
    private static final long DECISION_LOCK = 0x6c61_756e_6368_6573L;

    private final TransactionTemplate transactions;
    private final JdbcClient jdbc;

    public Control(PlatformTransactionManager transactionManager, JdbcClient jdbc) {
        this.transactions = new TransactionTemplate(transactionManager);
        this.transactions.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
        this.jdbc = jdbc;
    }

    public JdbcClient jdbc() {
        return jdbc;
    }

    public <T extends @Nullable Object> T call(Supplier<T> work) {
        return execute(work, false);
    }

    public void run(Runnable work) {
        execute(
                () -> {
                    work.run();
                    return true;
                },
                false);
    }

    /// A transaction within one workspace, as the role of the connection: for what a job has to do with its own
    /// tables.
    @SuppressWarnings("NullAway") // as below
    <T extends @Nullable Object> T within(UUID workspaceId, Supplier<T> work) {
        return transactions.execute(status -> {
            jdbc.sql("SELECT set_config('tidemill.workspace_id', :workspace, true)")
                    .param("workspace", workspaceId.toString())
                    .query(String.class)
                    .single();
            return work.get();
        });
    }

    /// As [#call], with no other decision going on in any process.
    <T extends @Nullable Object> T decide(Supplier<T> work) {
        return execute(work, true);
    }

    @SuppressWarnings(
            "NullAway") // the template hands back what the work returned, null only where the work returned null
    private <T extends @Nullable Object> T execute(Supplier<T> work, boolean alone) {
        return transactions.execute(status -> {
            // A process that hangs in its commit holds the row of its lease: wait for that, but not for ever.
            jdbc.sql("SET LOCAL ROLE tidemill_meta; SET LOCAL lock_timeout = '10s'")
                    .update();
            if (alone) {
                jdbc.sql("SELECT pg_advisory_xact_lock(:lock)::text")
                        .param("lock", DECISION_LOCK)
                        .query(String.class)
                        .single();
            }
            return work.get();
        });
    }
}
