package dev.tidemill.admin.web;

/// What was asked for does not exist, or not for this caller.
public final class NotFound extends RuntimeException {

    private static final long serialVersionUID = 1;

    public NotFound(String message) {
        super(message);
    }
}
