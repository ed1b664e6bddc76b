package dev.tidemill.document;

import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A numbered proof for a sentence of an answer: a span of one document version, checked against the stored text.
///
/// @param number 1-based, as it stands in the answer: `[1]`
/// @param quote exactly the canonical text of the version from start to end
public record Citation(
        int number,
        UUID documentId,
        int version,
        String documentKey,
        String title,
        List<String> headingPath,
        @Nullable Integer page,
        @Nullable Long startMillis,
        int start,
        int end,
        String quote,
        long chunkId) {

    public Citation {
        headingPath = List.copyOf(headingPath);
    }
}
