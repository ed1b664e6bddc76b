package dev.tidemill.extract;

import dev.tidemill.document.BlockKind;
import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.List;

/// Paragraphs of plain text: runs of lines between blank ones. For reStructuredText also its underlined headings.
final class PlainText {

    private static final String ADORNMENTS = "=-~^\"'`#*+:.<>_!$%&,;?@\\|/()[]{}";

    private final LineReader lines;
    private final BlockSink sink;
    private final boolean adorned;
    private final List<Character> levels = new ArrayList<>();
    private final StringBuilder paragraph = new StringBuilder();
    private int paragraphLines;

    private PlainText(Reader text, BlockSink sink, boolean adorned) {
        this.lines = new LineReader(text);
        this.sink = sink;
        this.adorned = adorned;
    }

    static Found read(Reader text, BlockSink sink) throws IOException {
        new PlainText(text, sink, false).read();
        return Found.of(Format.TEXT);
    }

    static Found readRestructured(Reader text, BlockSink sink) throws IOException {
        new PlainText(text, sink, true).read();
        return Found.of(Format.RESTRUCTURED_TEXT);
    }

    private void read() throws IOException {
        String line;
        while ((line = lines.next()) != null) {
            if (!lines.complete()) {
                paragraph.append(line);
                flushPiece();
            } else if (line.isBlank()) {
                flush();
            } else if (adorned && isHeading(line)) {
                heading(line);
            } else {
                paragraph.append(line.stripTrailing()).append('\n');
                paragraphLines++;
                if (paragraph.length() > LineReader.MAX_LINE) {
                    flushPiece();
                }
            }
        }
        flush();
    }

    private void flush() {
        sink.block(BlockKind.PARAGRAPH, paragraph);
        clear();
    }

    private void flushPiece() {
        sink.piece(BlockKind.PARAGRAPH, paragraph);
        clear();
    }

    private void clear() {
        paragraph.setLength(0);
        paragraphLines = 0;
    }

    private boolean isHeading(String line) {
        String title = paragraph.toString().strip();
        boolean under = paragraphLines == 1 && line.strip().length() >= Math.min(title.length(), 4);
        boolean between =
                paragraphLines == 2 && isAdornment(title.lines().findFirst().orElse(""));
        return isAdornment(line) && (under || between);
    }

    private static boolean isAdornment(String line) {
        String mark = line.strip();
        return mark.length() >= 3
                && ADORNMENTS.indexOf(mark.charAt(0)) >= 0
                && mark.chars().allMatch(c -> c == mark.charAt(0));
    }

    /// The first kind of underline met is level 1, the next new one level 2, and so on.
    private void heading(String underline) {
        String title = paragraph
                .toString()
                .strip()
                .lines()
                .reduce((first, last) -> last)
                .orElse("");
        if (title.isEmpty() || isAdornment(title)) {
            return;
        }
        char mark = underline.strip().charAt(0);
        if (!levels.contains(mark)) {
            levels.add(mark);
        }
        clear();
        sink.heading(levels.indexOf(mark) + 1, title);
    }
}
