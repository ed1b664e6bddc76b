package dev.tidemill.document;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A span of one document version that is embedded, found and cited as a unit.
///
/// @param ordinal 0-based position in the document
/// @param start first code point of the span in the canonical text
/// @param end code point after the span
/// @param text exactly the canonical text from start to end
/// @param header context that is embedded and indexed before the text: title and heading path; may be empty
/// @param headingPath the headings the span stands under, outermost first
/// @param tokens tokens of header and text together, special tokens included
/// @param firstPage 1-based page where the span starts, null where the format has no pages
/// @param lastPage 1-based page where the span ends
/// @param startMillis time code where the span starts, in milliseconds
/// @param endMillis time code where the span ends, in milliseconds
public record Chunk(
        int ordinal,
        int start,
        int end,
        String text,
        String header,
        List<String> headingPath,
        int tokens,
        @Nullable Integer firstPage,
        @Nullable Integer lastPage,
        @Nullable Long startMillis,
        @Nullable Long endMillis) {

    public Chunk {
        if (start < 0 || end <= start || text.codePointCount(0, text.length()) != end - start) {
            throw new IllegalArgumentException(
                    "chunk " + ordinal + " [" + start + "," + end + ") does not fit its text");
        }
        headingPath = List.copyOf(headingPath);
    }

    /// The text that is embedded: header and text. Its hash identifies the vector.
    public String embeddedText() {
        return header.isEmpty() ? text : header + "\n" + text;
    }
}
