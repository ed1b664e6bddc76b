package dev.tidemill.prune;

import dev.tidemill.run.Progress;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.item.ItemStreamReader;

/// Reads documents of a request to forget, page by page.
class ForgetReader implements ItemStreamReader<UUID> {

    /// The documents after the given one.
    interface Pages {
        List<UUID> after(@Nullable UUID last);
    }

    private final Pages pages;
    private final @Nullable LongSupplier total;
    private Iterator<UUID> page = List.<UUID>of().iterator();
    private @Nullable UUID last;

    /// @param total null where counting costs as much as the work
    ForgetReader(Pages pages, @Nullable LongSupplier total) {
        this.pages = pages;
        this.total = total;
    }

    @Override
    public void open(ExecutionContext context) {
        if (total != null) {
            Progress.total(context, total.getAsLong());
        }
    }

    @Override
    public @Nullable UUID read() {
        if (!page.hasNext()) {
            page = pages.after(last).iterator();
        }
        if (!page.hasNext()) {
            return null;
        }
        UUID next = page.next();
        last = next;
        return next;
    }
}
