package dev.tidemill.run;

/// Where a run stands, in an operator's words. The newest run of a launch stands where the launch does; an earlier
/// one where it ended.
public enum RunState {
    /// waits for its turn
    QUEUED,
    RUNNING,
    /// was asked to stop and finishes its chunk
    STOPPING,
    /// failed or lost its process, and is tried again by itself
    RETRYING,
    STOPPED,
    FAILED,
    /// its process died so often that somebody has to look
    NEEDS_OPERATOR,
    COMPLETED,
    /// completed, with items given up on
    COMPLETED_WITH_SKIPS,
    ABANDONED;

    /// Whether nothing more happens by itself.
    public boolean ended() {
        return switch (this) {
            case QUEUED, RUNNING, STOPPING, RETRYING -> false;
            case STOPPED, FAILED, NEEDS_OPERATOR, COMPLETED, COMPLETED_WITH_SKIPS, ABANDONED -> true;
        };
    }

    static RunState ofLast(Launches.State launch, boolean stopRequested, long refused) {
        return switch (launch) {
            case QUEUED -> QUEUED;
            case RUNNING -> stopRequested ? STOPPING : RUNNING;
            case WAITING -> RETRYING;
            case COMPLETED -> refused > 0 ? COMPLETED_WITH_SKIPS : COMPLETED;
            case STOPPED -> STOPPED;
            case FAILED -> FAILED;
            case NEEDS_OPERATOR -> NEEDS_OPERATOR;
            case ABANDONED -> ABANDONED;
        };
    }

    static RunState ofEarlier(String status) {
        return switch (status) {
            case "STOPPED", "STOPPING" -> STOPPED;
            case "ABANDONED" -> ABANDONED;
            case "COMPLETED" -> COMPLETED;
            default -> FAILED;
        };
    }

    /// As a condition on the launch `l`, the execution `e` and the run `r`.
    String condition() {
        String last = "l.last_run_id = r.run_id AND ";
        return switch (this) {
            case QUEUED -> last + "l.state = 'queued'";
            case RUNNING -> last + "l.state = 'running' AND l.stop_requested_at IS NULL";
            case STOPPING -> last + "l.state = 'running' AND l.stop_requested_at IS NOT NULL";
            case RETRYING -> last + "l.state = 'waiting'";
            case STOPPED -> either("l.state = 'stopped'", "e.status IN ('STOPPED', 'STOPPING')");
            case FAILED ->
                either("l.state = 'failed'", "e.status NOT IN ('STOPPED', 'STOPPING', 'ABANDONED', 'COMPLETED')");
            case NEEDS_OPERATOR -> last + "l.state = 'needs_operator'";
            case COMPLETED -> either("l.state = 'completed' AND l.refused = 0", "e.status = 'COMPLETED'");
            case COMPLETED_WITH_SKIPS -> last + "l.state = 'completed' AND l.refused > 0";
            case ABANDONED -> either("l.state = 'abandoned'", "e.status = 'ABANDONED'");
        };
    }

    private static String either(String launch, String earlier) {
        return "CASE WHEN l.last_run_id = r.run_id THEN " + launch + " ELSE " + earlier + " END";
    }
}
