package dev.tidemill.run;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/// Transactions of the platform itself, over all workspaces: as the role that sees the launches of all of them and none of
/// their documents. What the job repository writes meanwhile commits with them.
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

    /// As [#call], with no other decision going on in any process.
    <T extends @Nullable Object> T decide(Supplier<T> work) {
        return execute(work, true);
    }

    @SuppressWarnings("NullAway") // the template hands back what the work returned, null only where the work returned null
    private <T extends @Nullable Object> T execute(Supplier<T> work, boolean alone) {
        return transactions.execute(status -> {
            jdbc.sql("SET LOCAL ROLE tidemill_meta").update();
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
