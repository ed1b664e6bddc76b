package dev.tidemill.source;

/// The source as a whole cannot be listed. The message says which and what to do.
public final class SourceUnavailable extends RuntimeException {

    private static final long serialVersionUID = 1;

    public SourceUnavailable(String message) {
        super(message);
    }

    public SourceUnavailable(String message, Throwable cause) {
        super(message, cause);
    }
}
