package dev.tidemill.extract;

import dev.tidemill.document.RefusalReason;
import org.jspecify.annotations.Nullable;

/// Ends the reading of a file for a reason its operator should know. Unchecked, because it has to cross
/// parsers that only let their own checked exceptions through.
final class RefusedException extends RuntimeException {

    private final RefusalReason reason;
    private final String detail;

    RefusedException(RefusalReason reason, String detail) {
        this(reason, detail, null);
    }

    RefusedException(RefusalReason reason, String detail, @Nullable Throwable cause) {
        super(reason + ": " + detail, cause);
        this.reason = reason;
        this.detail = detail.endsWith(".") || detail.endsWith("…") ? detail : detail + ".";
    }

    RefusalReason reason() {
        return reason;
    }

    String detail() {
        return detail;
    }
}
