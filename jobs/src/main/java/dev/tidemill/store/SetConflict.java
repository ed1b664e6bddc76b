package dev.tidemill.store;

/// What was asked of a vector set does not go with its state.
public final class SetConflict extends RuntimeException {

    private static final long serialVersionUID = 1;

    public SetConflict(String message) {
        super(message);
    }
}
