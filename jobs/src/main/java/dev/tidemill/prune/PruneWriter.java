package dev.tidemill.prune;

import dev.tidemill.run.DataError;
import dev.tidemill.run.Items;
import dev.tidemill.run.SelectiveWriter;
import dev.tidemill.store.Workspaces;
import java.util.List;
import java.util.function.BiConsumer;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.NonTransientDataAccessException;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/// Deletes a chunk at once. Where the database refuses one of its items, each is tried alone, and the refused ones
/// are given up.
class PruneWriter implements SelectiveWriter<Doomed>, Items<Doomed> {

    private final Workspaces workspaces;
    private final Undertaker undertaker;
    private final TransactionTemplate nested;
    private final PruneScope scope;
    private final PruneKind kind;

    PruneWriter(
            Workspaces workspaces,
            Undertaker undertaker,
            PlatformTransactionManager transactionManager,
            PruneScope scope,
            PruneKind kind) {
        this.workspaces = workspaces;
        this.undertaker = undertaker;
        this.nested = new TransactionTemplate(transactionManager);
        this.nested.setPropagationBehavior(TransactionDefinition.PROPAGATION_NESTED);
        this.scope = scope;
        this.kind = kind;
    }

    @Override
    public void write(Chunk<? extends Doomed> chunk, BiConsumer<Doomed, DataError> giveUp) {
        List<? extends Doomed> items = chunk.getItems();
        workspaces.run(scope.workspaceId(), () -> {
            try {
                delete(items.stream().map(Doomed::key).toList());
            } catch (NonTransientDataAccessException e) {
                if (e instanceof DataAccessResourceFailureException) {
                    throw e;
                }
                for (Doomed item : items) {
                    deleteAlone(item, giveUp);
                }
            }
        });
    }

    private void delete(List<String> keys) {
        nested.executeWithoutResult(status -> undertaker.delete(scope, kind, keys));
    }

    private void deleteAlone(Doomed item, BiConsumer<Doomed, DataError> giveUp) {
        try {
            delete(List.of(item.key()));
        } catch (NonTransientDataAccessException e) {
            if (e instanceof DataAccessResourceFailureException) {
                throw e;
            }
            giveUp.accept(
                    item,
                    new DataError(
                            "CANNOT_DELETE",
                            item.label() + " cannot be deleted: "
                                    + String.valueOf(e.getMostSpecificCause().getMessage())
                                            .lines()
                                            .findFirst()
                                            .orElse(""),
                            e));
        }
    }

    @Override
    public String key(Doomed item) {
        return kind.step() + "/" + item.key();
    }
}
