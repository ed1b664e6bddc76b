package dev.tidemill.extract;

import java.io.IOException;
import java.io.Reader;
import org.jspecify.annotations.Nullable;

/// Lines of a text whose lines may be of any length: one longer than [#MAX_LINE] is handed out in
/// pieces. All usual line ends are understood, form feeds too.
final class LineReader {

    static final int MAX_LINE = 16_384;

    private final Reader source;
    private final char[] buffer = new char[16_384];
    private int position;
    private int filled;
    private boolean skipLineFeed;
    private boolean complete = true;
    private long number;

    LineReader(Reader source) {
        this.source = source;
    }

    /// Whether the piece handed out last ends where its line ends.
    boolean complete() {
        return complete;
    }

    /// 1-based number of the line handed out last.
    long number() {
        return number;
    }

    @Nullable
    String next() throws IOException {
        if (complete) {
            number++;
        }
        StringBuilder line = new StringBuilder();
        while (true) {
            if (position == filled && !fill()) {
                complete = true;
                return line.isEmpty() ? null : line.toString();
            }
            if (skipLineFeed) {
                skipLineFeed = false;
                if (buffer[position] == '\n') {
                    position++;
                    continue;
                }
            }
            int end = position;
            int stop = Math.min(filled, position + MAX_LINE - line.length());
            while (end < stop && !isLineEnd(buffer[end])) {
                end++;
            }
            line.append(buffer, position, end - position);
            position = end;
            if (end < stop) {
                skipLineFeed = buffer[position++] == '\r';
                complete = true;
                return line.toString();
            }
            if (line.length() >= MAX_LINE) {
                return cut(line);
            }
        }
    }

    private String cut(StringBuilder line) {
        complete = false;
        int length = line.length();
        if (Character.isHighSurrogate(line.charAt(length - 1)) && position > 0) {
            position--;
            line.setLength(length - 1);
        }
        return line.toString();
    }

    private static boolean isLineEnd(char c) {
        return c <= '\r' && (c == '\n' || c == '\r' || c == '\f' || c == '\u000b');
    }

    private boolean fill() throws IOException {
        position = 0;
        filled = Math.max(0, source.read(buffer, 0, buffer.length));
        return filled > 0;
    }
}
