package dev.tidemill.document;

/// Why a document was given up on. Stored with its dead letter.
public enum RefusalReason {
    /// zero bytes
    EMPTY,
    /// parsed, but holds no text (for example scanned pages without a text layer, or only white space)
    NO_TEXT,
    /// needs a password or is rights-managed
    ENCRYPTED,
    /// not parseable as what it is
    CORRUPT,
    /// a kind of content no extractor reads (archives, images, audio, executables)
    UNSUPPORTED_TYPE,
    /// larger than the cap per file
    TOO_LARGE,
    /// its text is larger than the cap
    TOO_MUCH_TEXT,
    /// expands beyond the allowed ratio or depth
    BOMB,
    /// parsing took longer than the limit
    TIMEOUT,
    /// parsing took more memory than the limit
    OUT_OF_MEMORY,
    /// the parser process died
    CRASHED,
    /// the file or page could not be read
    UNREADABLE,
    /// its bytes changed between hashing and storing
    CHANGED_WHILE_READING,
    /// the address is not allowed to be fetched
    FORBIDDEN_ADDRESS
}
