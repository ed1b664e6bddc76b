package dev.tidemill.chunk;

/// How good a place to cut lies before a piece of text, from the worst to the best.
enum Border {
    /// between a heading and what it heads
    GLUE,
    /// inside a word
    HARD,
    /// between words
    WORD,
    /// after a comma, a colon or a line
    CLAUSE,
    /// between sentences or lines of code
    SENTENCE,
    /// between list items, table rows, cues
    ITEM,
    /// between paragraphs
    BLOCK,
    /// before a heading
    SECTION
}
