package dev.tidemill.admin.web;

/// A request that cannot be done as it is.
public final class BadRequest extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final String field;

    /// Names the field and what to do about it.
    public BadRequest(String field, String message) {
        super(message);
        this.field = field;
    }

    String field() {
        return field;
    }
}
