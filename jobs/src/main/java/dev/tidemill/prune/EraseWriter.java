package dev.tidemill.prune;

import dev.tidemill.prune.Oblivion.Request;
import dev.tidemill.run.DataError;
import dev.tidemill.run.Items;
import dev.tidemill.run.SelectiveWriter;
import dev.tidemill.store.Workspaces;
import java.util.Map;
import java.util.UUID;
import java.util.function.BiConsumer;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.NonTransientDataAccessException;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/// Erases documents. One that the database refuses to let go becomes a dead letter, and keeps the receipt open.
class EraseWriter implements SelectiveWriter<UUID>, Items<UUID> {

    private final Workspaces workspaces;
    private final Oblivion oblivion;
    private final TransactionTemplate nested;
    private final UUID workspaceId;
    private final Request request;

    EraseWriter(
            Workspaces workspaces,
            Oblivion oblivion,
            PlatformTransactionManager transactionManager,
            UUID workspaceId,
            Request request) {
        this.workspaces = workspaces;
        this.oblivion = oblivion;
        this.nested = new TransactionTemplate(transactionManager);
        this.nested.setPropagationBehavior(TransactionDefinition.PROPAGATION_NESTED);
        this.workspaceId = workspaceId;
        this.request = request;
    }

    @Override
    public void write(Chunk<? extends UUID> chunk, BiConsumer<UUID, DataError> giveUp) {
        workspaces.run(workspaceId, () -> {
            for (UUID document : chunk) {
                try {
                    nested.executeWithoutResult(status -> {
                        Map<String, Long> removed = oblivion.erase(workspaceId, request, document);
                        oblivion.count(workspaceId, request, removed);
                    });
                } catch (NonTransientDataAccessException e) {
                    if (e instanceof DataAccessResourceFailureException) {
                        throw e;
                    }
                    // The database's message may quote the row: what it says is not kept.
                    giveUp.accept(
                            document,
                            new DataError(
                                    "CANNOT_FORGET",
                                    "document " + document + " cannot be deleted: "
                                            + e.getClass().getSimpleName() + "; the log of the server says why"));
                }
            }
        });
    }

    @Override
    public String key(UUID document) {
        return request.id() + "/" + document;
    }
}
