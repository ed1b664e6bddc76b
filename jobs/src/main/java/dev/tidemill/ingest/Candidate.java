package dev.tidemill.ingest;

import dev.tidemill.document.ContentHash;
import dev.tidemill.document.RefusalReason;
import dev.tidemill.source.SourceItem;
import org.jspecify.annotations.Nullable;

/// A listed item with the identity of its bytes, or the reason why it has none.
sealed interface Candidate {

    SourceItem item();

    /// An item whose bytes are known.
    ///
    /// @param bytes the bytes themselves when they are few, null when they are to be read again
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Listed(SourceItem item, ContentHash hash, long size, byte @Nullable [] bytes) implements Candidate {}

    /// An item that is given up on.
    record Refused(SourceItem item, RefusalReason reason, String detail) implements Candidate {}
}
