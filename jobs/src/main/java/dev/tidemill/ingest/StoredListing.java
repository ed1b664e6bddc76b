package dev.tidemill.ingest;

import dev.tidemill.source.Listing;
import dev.tidemill.source.SourceItem;
import dev.tidemill.store.Documents;
import dev.tidemill.store.Documents.Stored;
import dev.tidemill.store.Originals;
import dev.tidemill.store.SourceScope;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The published documents of a source that were cut by another profile than the present one, with their bytes as
/// they are stored: what was uploaded need not be uploaded again.
final class StoredListing implements Listing {

    private static final int PAGE = 100;

    private final Documents documents;
    private final Originals originals;
    private final SourceScope scope;
    private final String profile;
    private final Spool spool;
    private Iterator<Stored> page = List.<Stored>of().iterator();
    private String after = "";

    StoredListing(Documents documents, Originals originals, SourceScope scope, String profile, Spool spool) {
        this.documents = documents;
        this.originals = originals;
        this.scope = scope;
        this.profile = profile;
        this.spool = spool;
    }

    @Override
    public @Nullable SourceItem next() {
        if (!page.hasNext()) {
            List<Stored> more = documents.cutOtherwise(scope, profile, after, PAGE);
            if (more.isEmpty()) {
                return null;
            }
            after = more.getLast().key();
            page = more.iterator();
        }
        Stored stored = page.next();
        try {
            Path file = spool.file("stored");
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
                originals.read(scope.workspaceId(), stored.hash(), out);
            }
            return new SourceItem(
                    stored.key(),
                    stored.fileName(),
                    stored.title(),
                    stored.metadata(),
                    new SourceItem.OfFile(file, true));
        } catch (IOException e) {
            throw new UncheckedIOException("the stored original of " + stored.key() + " cannot be read", e);
        }
    }

    @Override
    public long total() {
        return documents.countCutOtherwise(scope, profile);
    }

    @Override
    public void close() {
        // Each page was read in a transaction of its own.
    }
}
