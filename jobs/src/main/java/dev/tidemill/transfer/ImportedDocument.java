package dev.tidemill.transfer;

import dev.tidemill.document.Chunk;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A document with its published version, as a line of an exported file.
///
/// @param sha256 of its original
/// @param expiresAt when it ends by itself
record ImportedDocument(
        String sourceType,
        String location,
        String key,
        String fileName,
        @Nullable String title,
        @Nullable String mediaType,
        Map<String, String> metadata,
        @Nullable String profile,
        String sha256,
        @Nullable Integer textLength,
        @Nullable String expiresAt,
        List<Text> texts,
        List<Chunk> chunks) {

    /// A part of its text.
    record Text(int start, String text) {}

    /// Bytes that its text and its chunks take in memory at most: two for each character.
    long weight() {
        return 2
                * (texts.stream().mapToLong(text -> text.text().length()).sum()
                        + chunks.stream()
                                .mapToLong(chunk -> chunk.text().length())
                                .sum());
    }
}
