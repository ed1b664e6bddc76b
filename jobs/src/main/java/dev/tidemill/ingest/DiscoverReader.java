package dev.tidemill.ingest;

import dev.tidemill.run.Progress;
import dev.tidemill.source.Listing;
import dev.tidemill.source.SourceItem;
import dev.tidemill.source.Sources;
import java.io.IOException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.item.ItemStreamException;
import org.springframework.batch.infrastructure.item.ItemStreamReader;

/// Lists the source, or what is stored of it. A resumed run lists it again from its beginning: what was recorded is
/// recognised by its hash.
class DiscoverReader implements ItemStreamReader<SourceItem> {

    private final Sources sources;
    private final Supplier<Listing> stored;
    private final IngestParameters parameters;
    private @Nullable Listing listing;

    DiscoverReader(Sources sources, Supplier<Listing> stored, IngestParameters parameters) {
        this.sources = sources;
        this.stored = stored;
        this.parameters = parameters;
    }

    @Override
    public void open(ExecutionContext context) {
        Listing opened = parameters.stored() ? stored.get() : sources.open(parameters.type(), parameters.location());
        listing = opened;
        Progress.total(context, opened.total());
    }

    @Override
    public @Nullable SourceItem read() {
        return listing == null ? null : listing.next();
    }

    @Override
    public void close() {
        try {
            if (listing != null) {
                listing.close();
            }
        } catch (IOException e) {
            throw new ItemStreamException("the listing of " + parameters.location() + " could not be closed", e);
        } finally {
            listing = null;
        }
    }
}
