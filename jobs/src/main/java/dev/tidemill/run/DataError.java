package dev.tidemill.run;

/// An item that is bad in itself: no retry will help, and nothing else is wrong. It becomes a dead letter.
public class DataError extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final String reason;

    /// @param reason short and the same for the same cause, as letters are grouped by it, for example `NO_TEXT`
    /// @param detail one sentence for the operator
    public DataError(String reason, String detail) {
        super(detail);
        this.reason = reason;
    }

    public String reason() {
        return reason;
    }
}
