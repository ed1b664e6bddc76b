package dev.tidemill.admin.schedules;

/// A file in `schedules` that cannot be used as it is.
public final class InvalidSchedule extends RuntimeException {

    private static final long serialVersionUID = 1;

    /// Names the file and, where one is to blame, the key.
    InvalidSchedule(String file, String where, String what) {
        super("schedules/" + file + ": " + (where.isEmpty() ? "" : where + ": ") + what);
    }
}
