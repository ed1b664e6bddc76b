package dev.tidemill.migrate;

import dev.tidemill.migrate.Backfills.Row;
import dev.tidemill.run.Progress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.item.ItemStreamReader;

/// Reads what is still to be filled in, of one backfill after the other, workspace by workspace. Nothing is remembered
/// for a restart: what is filled in is not found again.
class BackfillReader implements ItemStreamReader<Row> {

    private static final int PAGE = 1000;

    private final Backfills backfills;
    private final MigrateProperties properties;
    private final Deque<Part> parts = new ArrayDeque<>();
    private Iterator<Row> page = List.<Row>of().iterator();
    private long last;
    private long read;

    BackfillReader(Backfills backfills, MigrateProperties properties) {
        this.backfills = backfills;
        this.properties = properties;
    }

    private record Part(Backfill backfill, UUID workspace) {}

    @Override
    public void open(ExecutionContext context) {
        List<UUID> workspaces = backfills.workspaces();
        long total = 0;
        for (Backfill backfill : backfills.open()) {
            workspaces.forEach(workspace -> parts.add(new Part(backfill, workspace)));
            total += backfills.left(backfill);
        }
        Progress.total(context, total);
    }

    @Override
    public @Nullable Row read() throws InterruptedException {
        if (read > 0 && read % properties.commitRows() == 0) {
            TimeUnit.NANOSECONDS.sleep(properties.pause().toNanos());
        }
        while (!page.hasNext()) {
            Part part = parts.peek();
            if (part == null) {
                return null;
            }
            List<Row> rows = backfills.page(part.backfill(), part.workspace(), last, PAGE);
            page = rows.iterator();
            if (rows.isEmpty()) {
                parts.remove();
                last = 0;
            } else {
                last = rows.getLast().id();
            }
        }
        read++;
        return page.next();
    }
}
