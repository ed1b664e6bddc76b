package dev.tidemill.prune;

import dev.tidemill.run.Progress;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.item.ItemStreamReader;

/// Reads what may go, page by page. Nothing is remembered for a restart: what is gone is not found again.
class PruneReader implements ItemStreamReader<Doomed> {

    private static final int PAGE = 500;

    private final Remains remains;
    private final PruneScope scope;
    private final PruneKind kind;
    private Iterator<Doomed> page = List.<Doomed>of().iterator();
    private String last = "";
    private boolean exhausted;
    private long read;

    PruneReader(Remains remains, PruneScope scope, PruneKind kind) {
        this.remains = remains;
        this.scope = scope;
        this.kind = kind;
    }

    @Override
    public void open(ExecutionContext context) {
        Progress.total(context, remains.count(scope, kind));
    }

    @Override
    public @Nullable Doomed read() throws InterruptedException {
        PruneProperties.Batch batch = scope.properties().batch();
        if (read > 0 && read % batch.commitItems() == 0) {
            // At the beginning of a chunk, before its first statement: no connection waits with it.
            pause(batch.pause());
        }
        if (!page.hasNext() && !exhausted) {
            List<Doomed> next = remains.page(scope, kind, last, PAGE);
            exhausted = next.size() < PAGE;
            page = next.iterator();
        }
        if (!page.hasNext()) {
            return null;
        }
        Doomed one = page.next();
        last = one.key();
        read++;
        return one;
    }

    private static void pause(Duration time) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(time.toNanos());
    }
}
