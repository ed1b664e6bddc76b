package dev.tidemill.ingest;

import dev.tidemill.document.ContentHash;
import dev.tidemill.source.SourceItem;
import org.jspecify.annotations.Nullable;

/// A listed item with the identity of its bytes.
///
/// @param bytes the bytes themselves when they are few, null when they are to be read again
@SuppressWarnings("ArrayRecordComponent") // never compared
record Candidate(SourceItem item, ContentHash hash, long size, byte @Nullable [] bytes) {}
