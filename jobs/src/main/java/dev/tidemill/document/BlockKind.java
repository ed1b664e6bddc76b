package dev.tidemill.document;

/// What a [Block] of extracted text is in the structure of its document.
public enum BlockKind {
    HEADING,
    PARAGRAPH,
    LIST_ITEM,
    TABLE_ROW,
    CODE,
    CUE
}
