package dev.tidemill.chunk;

import dev.tidemill.document.Block;
import dev.tidemill.document.BlockKind;
import org.jspecify.annotations.Nullable;

/// The smallest unit that chunks are made of: a sentence, a line of code, a part of a longer one. Its white space
/// trails.
///
/// @param start its first code point in the canonical text
/// @param codePoints its length
/// @param tokens its tokens, without special ones
/// @param border the border before it
/// @param block where it comes from
/// @param section the headings it stands under
/// @param table the table it belongs to, null outside of tables
record Piece(
        String text,
        int start,
        int codePoints,
        int tokens,
        Border border,
        Block block,
        Section section,
        @Nullable Table table) {

    /// A table that is being read.
    ///
    /// @param header its first row, on one line; empty if that is too long to repeat
    /// @param headerTokens the tokens of the header
    /// @param bodyStart the code point after the first row
    record Table(String header, int headerTokens, int bodyStart) {}

    int end() {
        return start + codePoints;
    }

    boolean isHeading() {
        return block.kind() == BlockKind.HEADING;
    }

    boolean isBlank() {
        return Splitter.isBlank(text);
    }

    /// Whether a chunk may start with it as a repetition of the end of the one before.
    boolean mayOverlap() {
        return switch (block.kind()) {
            case PARAGRAPH, CUE, LIST_ITEM -> true;
            case HEADING, TABLE_ROW, CODE -> false;
        };
    }

    boolean startsSentence() {
        return border.compareTo(Border.SENTENCE) >= 0 || border == Border.GLUE;
    }
}
