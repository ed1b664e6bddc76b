package dev.tidemill.extract;

import dev.tidemill.document.BlockKind;
import java.io.IOException;
import java.io.Reader;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The blocks of AsciiDoc, line by line. Attributes, anchors, comments and includes are left out; of a
/// macro with a label the label stays.
final class AsciiDoc {

    private static final Pattern HEADING = Pattern.compile("^(={1,6}|#{1,6})[ \\t]+(\\S.*)$");
    private static final Pattern ITEM = Pattern.compile("^\\s*(?:\\*{1,5}|-|\\.{1,5}|\\d{1,4}\\.)[ \\t]+\\S.*$");
    private static final Pattern ATTRIBUTE = Pattern.compile("^:!?[\\w-]{1,100}!?:.*$");
    private static final Pattern BLOCK_ATTRIBUTES = Pattern.compile("^\\[[^\\]]{0,1000}\\]{1,2}$");
    private static final Pattern DIRECTIVE = Pattern.compile(
            "^(?:include-code|include|ifdef|ifndef|ifeval|endif|toc|image|video|audio)::?\\S{0,500}\\[.*\\]$");
    private static final Pattern LABELLED = Pattern.compile(
            "((?:xref|link|javadoc|configprop|mailto|kbd|menu|code|nl):[^\\s\\[\\]]{0,500}|https?://[^\\s\\[\\]]{1,500}|\\{[\\w-]{1,100}\\}[^\\s\\[\\]]{0,500})\\[([^\\[\\]]{0,500})\\]");
    private static final Pattern CROSS_REFERENCE = Pattern.compile("<<[^<>,]{1,300},\\s*([^<>]{1,300})>>");

    private final LineReader lines;
    private final BlockSink sink;
    private final StringBuilder block = new StringBuilder();
    private BlockKind kind = BlockKind.PARAGRAPH;
    private @Nullable String delimiter;
    private boolean table;

    private AsciiDoc(Reader text, BlockSink sink) {
        this.lines = new LineReader(text);
        this.sink = sink;
    }

    static Found read(Reader text, BlockSink sink) throws IOException {
        new AsciiDoc(text, sink).read();
        return Found.of(Format.ASCIIDOC);
    }

    private void read() throws IOException {
        String line;
        while ((line = lines.next()) != null) {
            if (!lines.complete()) {
                block.append(line);
                flushPiece();
            } else if (delimiter != null) {
                delimited(line, delimiter);
            } else {
                outside(line);
            }
        }
        flush();
    }

    private void delimited(String line, String end) {
        if (line.stripTrailing().equals(end)) {
            delimiter = null;
            if (end.startsWith("/")) {
                clear();
            } else {
                flush();
            }
        } else if (!end.startsWith("/")) {
            append(line);
        }
    }

    private void outside(String line) {
        String bare = line.stripTrailing();
        Matcher heading = HEADING.matcher(bare);
        if (isDelimiter(bare)) {
            flush();
            delimiter = bare.startsWith("```") ? "```" : bare;
            kind = BlockKind.CODE;
        } else if (bare.equals("|===")) {
            flush();
            table = !table;
        } else if (bare.isEmpty() || bare.equals("+") || isStructural(bare)) {
            flush();
        } else if (table) {
            cell(bare);
        } else if (bare.startsWith("//") || isMark(bare)) {
            // comments and marks may stand within a paragraph without ending it
            return;
        } else if (heading.matches()) {
            flush();
            sink.heading(heading.group(1).length(), inline(heading.group(2)).replace("`", ""));
        } else {
            if (ITEM.matcher(bare).matches()) {
                flush();
                kind = BlockKind.LIST_ITEM;
            } else if (bare.startsWith(".") && bare.length() > 1 && bare.charAt(1) != '.') {
                flush();
                sink.block(BlockKind.PARAGRAPH, inline(bare.substring(1)));
                return;
            }
            append(inline(bare));
        }
    }

    /// Each line of a table that starts with a bar begins a row; a line without one goes on with its last cell.
    private void cell(String line) {
        if (line.startsWith("|")) {
            flush();
            kind = BlockKind.TABLE_ROW;
        }
        append(inline(line.replaceFirst("^[\\d.+]{0,8}[aehlmdsv]?\\|\\s*", "")));
    }

    private static boolean isDelimiter(String line) {
        return isRepeated(line, '-') || isRepeated(line, '.') || isRepeated(line, '/') || line.startsWith("```");
    }

    private static boolean isRepeated(String line, char mark) {
        return line.length() >= 4 && line.chars().allMatch(c -> c == mark);
    }

    private static boolean isStructural(String line) {
        return isRepeated(line, '=') || isRepeated(line, '*') || isRepeated(line, '_') || line.equals("--");
    }

    private static boolean isMark(String line) {
        return ATTRIBUTE.matcher(line).matches()
                || BLOCK_ATTRIBUTES.matcher(line).matches()
                || DIRECTIVE.matcher(line).matches();
    }

    private static String inline(String line) {
        String text = line.indexOf('[') < 0 ? line : LABELLED.matcher(line).replaceAll(AsciiDoc::label);
        return text.indexOf('<') < 0 ? text : CROSS_REFERENCE.matcher(text).replaceAll("$1");
    }

    /// The label of a macro, or where it has none the last part of what it points to.
    private static String label(MatchResult macro) {
        String label = macro.group(2);
        if (label.isBlank() || label.matches("[\\w-]{1,40}=.*")) {
            String target = macro.group(1);
            label = target.substring(Math.max(target.lastIndexOf('.'), target.lastIndexOf(':')) + 1);
        }
        return Matcher.quoteReplacement(label);
    }

    private void append(String line) {
        block.append(line.stripTrailing()).append('\n');
        if (block.length() > LineReader.MAX_LINE) {
            flushPiece();
        }
    }

    private void flush() {
        sink.block(kind, block);
        clear();
    }

    private void flushPiece() {
        if (delimiter == null || !delimiter.startsWith("/")) {
            sink.piece(kind, block);
        }
        block.setLength(0);
    }

    private void clear() {
        block.setLength(0);
        kind = BlockKind.PARAGRAPH;
    }
}
