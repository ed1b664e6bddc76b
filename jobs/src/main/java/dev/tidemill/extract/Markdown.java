package dev.tidemill.extract;

import dev.tidemill.document.BlockKind;
import java.io.IOException;
import java.io.Reader;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The blocks of Markdown, line by line. Marks within a line stay as they are, so that the text can be found again
/// in the file; comments and front matter are left out.
final class Markdown {

    private static final Pattern ATX = Pattern.compile("^ {0,3}(#{1,6})(?:[ \\t]+(.*?))?[ \\t]*$");
    private static final Pattern FENCE =
            Pattern.compile("^\\s{0,12}(?:[-*+>] |\\d{1,3}\\. )?\\s{0,3}(`{3,}|~{3,})[^`]*$");
    private static final Pattern ITEM = Pattern.compile("^\\s*(?:[-*+]|\\d{1,9}[.)])\\s+\\S.*$");
    private static final Pattern TABLE_RULE = Pattern.compile("^\\s*\\|?[\\s:|-]*-[\\s:|-]*\\|[\\s:|-]*$");
    private static final Pattern THEMATIC_BREAK =
            Pattern.compile("^ {0,3}(?:(?:\\*\\s*){3,}|(?:-\\s*){3,}|(?:_\\s*){3,})$");
    private static final Pattern LINK =
            Pattern.compile("!?\\[([^\\[\\]]{0,400})\\](?:\\([^()]{0,800}\\)|\\[[^\\[\\]]{0,200}\\])");

    private final LineReader lines;
    private final BlockSink sink;
    private final StringBuilder block = new StringBuilder();
    private final Found.Facts facts = new Found.Facts();
    private BlockKind kind = BlockKind.PARAGRAPH;
    private int blockLines;
    private boolean afterBlank = true;
    private @Nullable String fence;
    private boolean comment;
    private @Nullable String title;

    private Markdown(Reader text, BlockSink sink) {
        this.lines = new LineReader(text);
        this.sink = sink;
    }

    static Found read(Reader text, BlockSink sink) throws IOException {
        Markdown markdown = new Markdown(text, sink);
        markdown.read();
        return new Found(markdown.title, Format.MARKDOWN.mediaType(), markdown.facts.asMap());
    }

    private void read() throws IOException {
        String line = lines.next();
        if (line != null && line.strip().equals("---") && lines.complete()) {
            line = frontMatter();
        }
        while (line != null) {
            if (!lines.complete()) {
                block.append(line);
                flushPiece();
            } else if (fence != null) {
                code(line, fence);
            } else {
                outside(line);
            }
            line = lines.next();
        }
        flush();
    }

    /// Reads up to the closing rule. A rule that is never closed was none: what was read is a paragraph.
    private @Nullable String frontMatter() throws IOException {
        StringBuilder matter = new StringBuilder();
        String line;
        while ((line = lines.next()) != null && matter.length() < LineReader.MAX_LINE) {
            if (line.strip().equals("---") || line.strip().equals("...")) {
                matter.toString().lines().forEach(this::fact);
                return lines.next();
            }
            matter.append(line).append('\n');
        }
        sink.block(BlockKind.PARAGRAPH, matter);
        return line;
    }

    private void fact(String line) {
        int colon = line.indexOf(':');
        if (colon > 0 && !Character.isWhitespace(line.charAt(0))) {
            String name = line.substring(0, colon).strip().toLowerCase(Locale.ROOT);
            String value = line.substring(colon + 1).strip().replaceAll("^([\"'])(.*)\\1$", "$2");
            switch (name) {
                case "title" -> title = value;
                case "author", "authors" -> facts.put("author", value);
                case "date" -> facts.put("created", value);
                case "description", "keywords", "tags", "lang", "language" ->
                    facts.put(name.equals("lang") ? "language" : name, value);
                default -> {
                    // other keys belong to the program that published the page
                }
            }
        }
    }

    private void code(String line, String opening) {
        String end = line.strip();
        if (end.startsWith(opening) && end.chars().allMatch(c -> c == opening.charAt(0))) {
            fence = null;
            flush();
        } else {
            append(line);
        }
    }

    private void outside(String full) {
        String line = withoutComments(full);
        Matcher heading = ATX.matcher(line);
        Matcher opening = FENCE.matcher(line);
        if (line.isBlank()) {
            if (kind != BlockKind.CODE || blockLines == 0) {
                flush();
            } else {
                append("");
            }
            afterBlank = true;
            return;
        }
        if (opening.matches()) {
            flush();
            kind = BlockKind.CODE;
            fence = opening.group(1);
        } else if (heading.matches()) {
            flush();
            String text = heading.group(2);
            sink.heading(heading.group(1).length(), inline(text == null ? "" : text));
        } else if (isSetextRule(line)) {
            String text = block.toString();
            clear();
            sink.heading(line.strip().charAt(0) == '=' ? 1 : 2, inline(text));
        } else if (THEMATIC_BREAK.matcher(line).matches()) {
            flush();
        } else if (line.strip().startsWith("|") || (kind == BlockKind.TABLE_ROW && line.contains("|"))) {
            flush();
            if (!TABLE_RULE.matcher(line).matches()) {
                kind = BlockKind.TABLE_ROW;
                append(line.strip());
            }
        } else {
            text(line);
        }
        afterBlank = false;
    }

    private void text(String line) {
        if (ITEM.matcher(line).matches()) {
            flush();
            kind = BlockKind.LIST_ITEM;
        } else if (afterBlank && blockLines == 0 && (line.startsWith("    ") || line.startsWith("\t"))) {
            kind = BlockKind.CODE;
        } else if (kind == BlockKind.TABLE_ROW
                || (kind == BlockKind.CODE && blockLines > 0 && !Character.isWhitespace(line.charAt(0)))) {
            flush();
        }
        append(line);
    }

    private boolean isSetextRule(String line) {
        String rule = line.strip();
        char mark = rule.charAt(0);
        return blockLines == 1
                && kind == BlockKind.PARAGRAPH
                && (mark == '=' || mark == '-')
                && rule.chars().allMatch(c -> c == mark);
    }

    private String withoutComments(String line) {
        StringBuilder out = new StringBuilder();
        int at = 0;
        while (at < line.length()) {
            if (comment) {
                int end = line.indexOf("-->", at);
                if (end < 0) {
                    return out.toString();
                }
                comment = false;
                at = end + 3;
            } else {
                int start = line.indexOf("<!--", at);
                if (start < 0 || line.lastIndexOf('`', start) > line.lastIndexOf(' ', start)) {
                    return out.append(line, at, line.length()).toString();
                }
                out.append(line, at, start);
                comment = true;
                at = start + 4;
            }
        }
        return out.toString();
    }

    private static String inline(String heading) {
        String text = LINK.matcher(heading).replaceAll("$1");
        text = text.replaceFirst("\\s+#+$", "").replaceFirst("\\s*\\{#[\\w-]{1,200}\\}$", "");
        return text.replace("`", "").replace("**", "");
    }

    private void append(String line) {
        block.append(line.stripTrailing()).append('\n');
        blockLines++;
        if (block.length() > LineReader.MAX_LINE) {
            flushPiece();
        }
    }

    private void flush() {
        sink.block(kind, block);
        clear();
    }

    private void flushPiece() {
        sink.piece(kind, block);
        block.setLength(0);
    }

    private void clear() {
        block.setLength(0);
        blockLines = 0;
        kind = BlockKind.PARAGRAPH;
    }
}
