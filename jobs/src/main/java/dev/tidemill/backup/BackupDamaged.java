package dev.tidemill.backup;

import org.jspecify.annotations.Nullable;

/// A backup that is not what was written, or that this installation cannot open. Says which part and how.
public final class BackupDamaged extends RuntimeException {

    private static final long serialVersionUID = 1;

    BackupDamaged(String message) {
        super(message);
    }

    BackupDamaged(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
