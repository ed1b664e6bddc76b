package dev.tidemill.run;

/// There is no run of that number in the workspace.
public final class UnknownRun extends RuntimeException {

    private static final long serialVersionUID = 1;

    public UnknownRun(long id) {
        super("there is no run " + id);
    }
}
