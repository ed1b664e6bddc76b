package dev.tidemill.run.alerts;

import java.util.Locale;

/// How much an event matters, the least first.
public enum Severity {
    INFO,
    WARNING,
    ERROR,
    CRITICAL;

    String column() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Severity of(String column) {
        return valueOf(column.toUpperCase(Locale.ROOT));
    }
}
