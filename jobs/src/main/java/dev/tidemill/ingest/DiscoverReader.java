package dev.tidemill.ingest;

import dev.tidemill.run.Progress;
import dev.tidemill.source.Listing;
import dev.tidemill.source.SourceItem;
import dev.tidemill.source.Sources;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.item.ItemStreamException;
import org.springframework.batch.infrastructure.item.ItemStreamReader;

/// Lists the source. A resumed run lists it again from its beginning: what was recorded is recognised by its hash.
class DiscoverReader implements ItemStreamReader<SourceItem> {

    private final Sources sources;
    private final IngestParameters parameters;
    private @Nullable Listing listing;

    DiscoverReader(Sources sources, IngestParameters parameters) {
        this.sources = sources;
        this.parameters = parameters;
    }

    @Override
    public void open(ExecutionContext context) {
        Listing opened = sources.open(parameters.type(), parameters.location());
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
