package dev.tidemill.extract;

/// The families of content that can be read.
enum Format {
    PDF("application/pdf", true),
    /// Office Open XML, OpenDocument, EPUB or a mere archive: only a child JVM looks inside.
    ZIP("application/zip", true),
    /// Word, Excel and PowerPoint up to 2003, Outlook messages, and encrypted Office Open XML.
    OLE2("application/x-ole-storage", true),
    RTF("application/rtf", true),
    MAIL("message/rfc822", true),
    MBOX("application/mbox", true),
    HTML("text/html", false),
    XML("application/xml", false),
    JSON("application/json", false),
    JSON_LINES("application/x-ndjson", false),
    CSV("text/csv", false),
    TSV("text/tab-separated-values", false),
    MARKDOWN("text/markdown", false),
    ASCIIDOC("text/asciidoc", false),
    RESTRUCTURED_TEXT("text/x-rst", false),
    WEB_VTT("text/vtt", false),
    SUB_RIP("application/x-subrip", false),
    TEXT("text/plain", false);

    private final String mediaType;
    private final boolean risky;

    Format(String mediaType, boolean risky) {
        this.mediaType = mediaType;
        this.risky = risky;
    }

    String mediaType() {
        return mediaType;
    }

    /// Whether its parser is too large or too hungry to be trusted with the memory of this JVM.
    boolean risky() {
        return risky;
    }
}
