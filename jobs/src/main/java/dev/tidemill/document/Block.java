package dev.tidemill.document;

import org.jspecify.annotations.Nullable;

/// One piece of extracted text in reading order.
///
/// @param kind what it is
/// @param level heading level from 1 for [BlockKind#HEADING], otherwise 0
/// @param text its text with the white space that follows it; the canonical text of a document is the concatenation
///     of all block texts. At most [#MAX_LENGTH] chars: longer pieces are split by the extractor
/// @param page 1-based page, slide or sheet number, null where the format has none
/// @param startMillis start of a time-coded block in milliseconds, null where the format has none
/// @param endMillis end of a time-coded block in milliseconds, null where the format has none
public record Block(
        BlockKind kind,
        int level,
        String text,
        @Nullable Integer page,
        @Nullable Long startMillis,
        @Nullable Long endMillis) {

    public static final int MAX_LENGTH = 32_768;

    public Block {
        if (text.length() > MAX_LENGTH) {
            throw new IllegalArgumentException(
                    "block of " + text.length() + " chars, at most " + MAX_LENGTH + " are allowed");
        }
        if ((kind == BlockKind.HEADING) != (level > 0)) {
            throw new IllegalArgumentException("level " + level + " does not fit block kind " + kind);
        }
    }

    public static Block of(BlockKind kind, String text) {
        return new Block(kind, 0, text, null, null, null);
    }

    public static Block heading(int level, String text) {
        return new Block(BlockKind.HEADING, level, text, null, null, null);
    }
}
