package dev.tidemill.schema;

/// A change set could not be read or applied. The message names its file, its id and the database's reason.
public final class SchemaChangeFailed extends RuntimeException {

    SchemaChangeFailed(String message) {
        super(message);
    }

    public SchemaChangeFailed(String message, Throwable cause) {
        super(message, cause);
    }
}
