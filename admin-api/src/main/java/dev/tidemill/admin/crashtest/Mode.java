package dev.tidemill.admin.crashtest;

/// What is done to whom.
public enum Mode {
    /// the process at work is killed with SIGKILL
    PROCESS,
    /// the database connection at work is ended: by `pg_terminate_backend`, or its server process with SIGKILL
    BACKEND,
    /// the database server is stopped at once or killed, and started again
    POSTMASTER,
    /// the process at work is stopped until another has taken over, then let go on
    ZOMBIE,
    /// all of these
    ALL
}
