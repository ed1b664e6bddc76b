package dev.tidemill.extract;

import dev.tidemill.document.BlockKind;
import dev.tidemill.document.RefusalReason;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Comma- or tab-separated records. Where the first record names the columns, every row carries their
/// names, since a row found by search has to make sense without the first line.
final class Delimited {

    private static final int MAX_CELL = 1_000_000;
    private static final int MAX_COLUMNS = 16_384;
    private static final int SAMPLE = 8_192;

    private final GuardedReader guard;
    private final BufferedReader in;
    private final BlockSink sink;
    private final char separator;
    private long line = 1;
    private @Nullable List<String> names;

    private Delimited(GuardedReader text, BlockSink sink, Format format) throws IOException {
        this.guard = text;
        this.in = new BufferedReader(text, 32_768);
        this.sink = sink;
        this.separator = format == Format.TSV ? '\t' : separator(in);
    }

    static Found read(GuardedReader text, BlockSink sink, Format format) throws IOException {
        new Delimited(text, sink, format).read();
        return Found.of(format);
    }

    private void read() throws IOException {
        List<String> first = record();
        if (first == null) {
            return;
        }
        List<String> second = record();
        if (second != null && namesColumns(first)) {
            names = first;
        } else {
            row(first);
        }
        for (List<String> record = second; record != null; record = record()) {
            guard.progressed();
            row(record);
        }
    }

    private void row(List<String> cells) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < cells.size(); i++) {
            String cell = cells.get(i).strip();
            if (cell.isEmpty()) {
                continue;
            }
            text.append(text.isEmpty() ? "" : " | ");
            if (names != null && i < names.size()) {
                text.append(names.get(i).strip()).append(": ");
            }
            text.append(cell);
        }
        sink.block(BlockKind.TABLE_ROW, text);
    }

    /// At least two different names, none of which is empty or a number.
    private static boolean namesColumns(List<String> record) {
        return record.size() > 1
                && new HashSet<>(record).size() == record.size()
                && record.stream().noneMatch(cell -> cell.isBlank() || isNumber(cell) || cell.length() > 100);
    }

    private static boolean isNumber(String cell) {
        return cell.strip().matches("[-+]?[\\d.,:/ -]+%?");
    }

    private static char separator(BufferedReader in) throws IOException {
        in.mark(SAMPLE + 1);
        char[] sample = new char[SAMPLE];
        int length = Math.max(0, in.read(sample, 0, SAMPLE));
        in.reset();
        int[] counts = new int[128];
        boolean quoted = false;
        for (int i = 0; i < length; i++) {
            if (sample[i] == '"') {
                quoted = !quoted;
            } else if (!quoted && sample[i] < 128) {
                counts[sample[i]]++;
            }
        }
        char best = ',';
        for (char candidate : new char[] {';', '\t', '|'}) {
            if (counts[candidate] > counts[best]) {
                best = candidate;
            }
        }
        return best;
    }

    private @Nullable List<String> record() throws IOException {
        List<String> cells = new ArrayList<>();
        StringBuilder cell = new StringBuilder();
        int c = in.read();
        if (c < 0) {
            return null;
        }
        while (true) {
            if (c == '"' && cell.isEmpty()) {
                quoted(cell);
                c = in.read();
            }
            if (c == separator) {
                add(cells, cell);
            } else if (c < 0 || c == '\n' || c == '\r') {
                add(cells, cell);
                endLine(c);
                return cells;
            } else {
                append(cell, c);
            }
            c = in.read();
        }
    }

    private void quoted(StringBuilder cell) throws IOException {
        long opened = line;
        int c;
        while ((c = in.read()) >= 0) {
            if (c == '"') {
                in.mark(1);
                if (in.read() != '"') {
                    in.reset();
                    return;
                }
            }
            if (c == '\n') {
                line++;
            }
            if (cell.length() >= MAX_CELL) {
                throw new RefusedException(
                        RefusalReason.CORRUPT, "The quote opened in line " + opened + " never closes.");
            }
            cell.append((char) c);
        }
    }

    private void append(StringBuilder cell, int c) {
        if (cell.length() >= MAX_CELL) {
            throw new RefusedException(
                    RefusalReason.CORRUPT, "A cell in line " + line + " is longer than " + MAX_CELL + " characters.");
        }
        cell.append((char) c);
    }

    private void add(List<String> cells, StringBuilder cell) {
        if (cells.size() >= MAX_COLUMNS) {
            throw new RefusedException(
                    RefusalReason.CORRUPT, "Line " + line + " has more than " + MAX_COLUMNS + " columns.");
        }
        cells.add(cell.toString());
        cell.setLength(0);
    }

    private void endLine(int c) throws IOException {
        line++;
        if (c == '\r') {
            in.mark(1);
            if (in.read() != '\n') {
                in.reset();
            }
        }
    }
}
