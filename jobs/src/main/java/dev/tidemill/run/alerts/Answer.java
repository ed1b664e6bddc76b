package dev.tidemill.run.alerts;

import org.jspecify.annotations.Nullable;

/// How a try to send ended.
///
/// @param status of HTTP, null where there was no answer or it was mail
/// @param error null when it arrived
record Answer(@Nullable Integer status, @Nullable String error) {

    private static final int GONE = 410;

    static final Answer ARRIVED = new Answer(null, null);

    static Answer failed(String error) {
        return new Answer(null, error.replaceAll("\\s+", " ").strip());
    }

    static Answer of(int status) {
        return new Answer(status, status >= 200 && status < 300 ? null : "the receiver answered " + status);
    }

    boolean arrived() {
        return error == null;
    }

    /// The receiver wants no more, ever.
    boolean gone() {
        return status != null && status == GONE;
    }
}
