package dev.tidemill.run;

/// What was asked for is being done by another run right now.
public final class RunConflict extends RuntimeException {

    private static final long serialVersionUID = 1;

    public RunConflict(String message) {
        super(message);
    }
}
