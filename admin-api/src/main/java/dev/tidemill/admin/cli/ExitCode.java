package dev.tidemill.admin.cli;

/// How a command ended, for scripts.
final class ExitCode {

    static final int OK = 0;
    static final int ERROR = 1;
    static final int USAGE = 2;
    static final int NOT_FOUND = 3;
    static final int AUTH = 4;
    static final int CONFLICT = 5;
    /// completed, but some items were refused
    static final int REFUSALS = 6;
    static final int VERIFICATION_FAILED = 7;
    static final int TIMEOUT = 8;

    private ExitCode() {}
}
