package dev.tidemill.backup;

import java.net.ConnectException;

/// The place where backups are kept does not answer, or answers with trouble that may pass. As a `ConnectException`
/// it counts as transient everywhere.
final class TargetUnavailable extends ConnectException {

    private static final long serialVersionUID = 1;

    TargetUnavailable(String message, Throwable cause) {
        super(message);
        // Operators are shown the innermost message, and this one says more.
        addSuppressed(cause);
    }

    TargetUnavailable(String message) {
        super(message);
    }
}
