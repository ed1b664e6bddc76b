package dev.tidemill.postgres;

/// There is no database to work with. The message is for the operator: what is missing and how to get it.
public final class DatabaseUnavailable extends RuntimeException {

    public DatabaseUnavailable(String message) {
        super(message);
    }

    public DatabaseUnavailable(String message, Throwable cause) {
        super(message, cause);
    }
}
