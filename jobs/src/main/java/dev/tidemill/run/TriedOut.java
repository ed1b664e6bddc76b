package dev.tidemill.run;

/// An item that failed as often as the retry policy allows, within one step: resuming the run would only try the
/// same again.
final class TriedOut extends RuntimeException {

    private static final long serialVersionUID = 1;

    TriedOut(int attempts, String item, Throwable cause) {
        super(
                "failed " + attempts + " times in a row at " + item + ": "
                        + Failures.root(cause).getMessage(),
                cause);
    }
}
