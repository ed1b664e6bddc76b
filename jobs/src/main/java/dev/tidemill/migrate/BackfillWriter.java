package dev.tidemill.migrate;

import dev.tidemill.migrate.Backfills.Row;
import dev.tidemill.run.DataError;
import dev.tidemill.run.Items;
import dev.tidemill.run.SelectiveWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.BiConsumer;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.NonTransientDataAccessException;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/// Fills rows in. Where the database refuses a chunk, each row is tried alone, and the refused ones are given up.
final class BackfillWriter implements SelectiveWriter<Row>, Items<Row> {

    private final Backfills backfills;
    private final TransactionTemplate nested;

    BackfillWriter(Backfills backfills, PlatformTransactionManager transactionManager) {
        this.backfills = backfills;
        this.nested = new TransactionTemplate(transactionManager);
        this.nested.setPropagationBehavior(TransactionDefinition.PROPAGATION_NESTED);
    }

    private record Place(Backfill backfill, UUID workspace) {}

    @Override
    public void write(Chunk<? extends Row> chunk, BiConsumer<Row, DataError> giveUp) {
        Map<Place, List<Row>> places = new LinkedHashMap<>();
        for (Row row : chunk) {
            places.computeIfAbsent(new Place(row.backfill(), row.workspaceId()), place -> new java.util.ArrayList<>())
                    .add(row);
        }
        places.forEach((place, rows) -> {
            try {
                fill(place, rows);
            } catch (NonTransientDataAccessException e) {
                rethrowLost(e);
                rows.forEach(row -> fillAlone(place, row, giveUp));
            }
        });
    }

    private void fill(Place place, List<Row> rows) {
        nested.executeWithoutResult(status -> backfills.fill(
                place.backfill(), place.workspace(), rows.stream().map(Row::id).toList()));
    }

    private void fillAlone(Place place, Row row, BiConsumer<Row, DataError> giveUp) {
        try {
            fill(place, List.of(row));
        } catch (NonTransientDataAccessException e) {
            rethrowLost(e);
            giveUp.accept(row, new DataError("CANNOT_FILL", key(row) + " cannot be filled in", e));
        }
    }

    private static void rethrowLost(NonTransientDataAccessException e) {
        if (e instanceof DataAccessResourceFailureException) {
            throw e;
        }
    }

    @Override
    public String key(Row row) {
        return row.backfill().changeSet() + "/" + row.id();
    }
}
