package dev.tidemill.run;

import org.jspecify.annotations.Nullable;

/// An item that is bad in itself: no retry will help, and nothing else is wrong. It becomes a dead letter.
public class DataError extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final String reason;

    /// @param reason short and the same for the same cause, as letters are grouped by it, for example `NO_TEXT`
    /// @param detail one sentence for the operator
    public DataError(String reason, String detail) {
        this(reason, detail, null);
    }

    /// @param cause what showed that the item is bad; its stack is kept with the letter. One that is a passing
    ///     failure, a lost connection for example, makes no dead letter: the item may be fine.
    public DataError(String reason, String detail, @Nullable Throwable cause) {
        super(detail, cause);
        this.reason = reason;
    }

    public String reason() {
        return reason;
    }
}
