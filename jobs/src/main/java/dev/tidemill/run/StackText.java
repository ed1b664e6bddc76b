package dev.tidemill.run;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/// Exceptions as dead letters and runs keep them.
final class StackText {

    private static final int OF_A_LETTER = 8_192;
    private static final int HASHED_FRAMES = 20;

    private StackText() {}

    /// The stack trace as dead letters keep it, cut to 8 kB.
    static String of(Throwable failure) {
        return of(failure, OF_A_LETTER);
    }

    /// The stack trace, cut where it has more bytes of UTF-8.
    static String of(Throwable failure, int mostBytes) {
        StringWriter text = new StringWriter();
        failure.printStackTrace(new PrintWriter(text));
        String all = storable(text.toString());
        byte[] bytes = all.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= mostBytes) {
            return all;
        }
        int end = mostBytes;
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
