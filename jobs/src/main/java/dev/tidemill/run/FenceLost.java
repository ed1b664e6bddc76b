package dev.tidemill.run;

/// This process no longer holds the lease of the run it works on: another one took it over. Nothing it did since
/// its last commit is kept.
final class FenceLost extends RuntimeException {

    private static final long serialVersionUID = 1;

    FenceLost(long jobInstanceId, long fence) {
        super("the lease of job instance " + jobInstanceId + " with fence " + fence
                + " was taken over by another process: this one gives up on the run");
    }
}
