package dev.tidemill.backup;

/// A backup that is not what was written, or that this installation cannot open. Says which part and how.
public final class BackupDamaged extends RuntimeException {

    private static final long serialVersionUID = 1;

    BackupDamaged(String message) {
        super(message);
    }

    BackupDamaged(String message, Throwable cause) {
        super(message);
        // Operators are shown the innermost message, and this one says more.
        addSuppressed(cause);
    }
}
