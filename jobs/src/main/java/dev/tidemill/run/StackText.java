package dev.tidemill.run;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/// Exceptions as dead letters keep them.
final class StackText {

    private static final int MOST_BYTES = 8_192;
    private static final int HASHED_FRAMES = 20;

    private StackText() {}

    /// The stack trace, cut to 8 kB.
    static String of(Throwable failure) {
        StringWriter text = new StringWriter();
        failure.printStackTrace(new PrintWriter(text));
        String all = storable(text.toString());
        byte[] bytes = all.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= MOST_BYTES) {
            return all;
        }
        int end = MOST_BYTES;
        while ((bytes[end] & 0xc0) == 0x80) {
            end--;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }

    /// Equal for failures at the same place for the same cause, whatever their messages and line numbers.
    static String hash(Throwable failure) {
        StringBuilder text = new StringBuilder();
        Set<Throwable> seen = new HashSet<>();
        for (Throwable t = failure; t != null && seen.add(t); t = t.getCause()) {
            text.append(t.getClass().getName()).append('\n');
        }
        StackTraceElement[] frames = Failures.root(failure).getStackTrace();
        for (int i = 0; i < Math.min(frames.length, HASHED_FRAMES); i++) {
            text.append(frames[i].getClassName())
                    .append('.')
                    .append(frames[i].getMethodName())
                    .append('\n');
        }
        return Sha256.hex(text.toString()).substring(0, 16);
    }

    /// PostgreSQL's text takes no NUL.
    static String storable(String text) {
        return text.replace('\0', ' ');
    }
}
