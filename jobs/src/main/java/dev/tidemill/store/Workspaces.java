package dev.tidemill.store;

import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/// Runs work in a transaction that may see one workspace. Outside of it row-level security shows no tenant row at
/// all.
public final class Workspaces {

    private final TransactionTemplate joining;
    private final TransactionTemplate alone;
    private final TransactionTemplate frozen;
    private final JdbcClient jdbc;

    public Workspaces(PlatformTransactionManager transactionManager, JdbcClient jdbc) {
        this.joining = new TransactionTemplate(transactionManager);
        this.alone = new TransactionTemplate(transactionManager);
        this.alone.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
        this.frozen = new TransactionTemplate(transactionManager);
        this.frozen.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
        this.frozen.setIsolationLevel(TransactionDefinition.ISOLATION_REPEATABLE_READ);
        this.jdbc = jdbc;
    }

    /// Joins the running transaction or starts one.
    public <T extends @Nullable Object> T call(UUID workspaceId, Supplier<T> work) {
        return execute(joining, workspaceId, work);
    }

    /// As [#call], without a result.
    public void run(UUID workspaceId, Runnable work) {
        joining.executeWithoutResult(status -> {
            enter(workspaceId);
            work.run();
        });
    }

    /// Always a transaction of its own, so that a chunk's connection is not held while other work goes on.
    public <T extends @Nullable Object> T callAlone(UUID workspaceId, Supplier<T> work) {
        return execute(alone, workspaceId, work);
    }

    /// Always a transaction of its own in which every statement sees the database as the first one did.
    public <T extends @Nullable Object> T callFrozen(UUID workspaceId, Supplier<T> work) {
        return execute(frozen, workspaceId, work);
    }

    @SuppressWarnings(
            "NullAway") // the template hands back what the work returned, null only where the work returned null
    private <T extends @Nullable Object> T execute(TransactionTemplate template, UUID workspaceId, Supplier<T> work) {
        return template.execute(status -> {
            enter(workspaceId);
            return work.get();
        });
    }

    private void enter(UUID workspaceId) {
        jdbc.sql("SELECT set_config('tidemill.workspace_id', :workspace, true)")
                .param("workspace", workspaceId.toString())
                .query(String.class)
                .single();
    }
}
