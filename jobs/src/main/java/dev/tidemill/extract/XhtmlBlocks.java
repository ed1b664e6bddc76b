package dev.tidemill.extract;

import dev.tidemill.document.BlockKind;
import org.jspecify.annotations.Nullable;
import org.xml.sax.Attributes;
import org.xml.sax.helpers.DefaultHandler;

/// Turns the XHTML events of the office parsers into blocks. Pages, sheets and slides are the `div` elements these
/// parsers mark so; the name of a sheet counts as a heading only once the sheet holds something.
final class XhtmlBlocks extends DefaultHandler {

    private final BlockSink sink;
    private final boolean keepLines;
    private final StringBuilder text = new StringBuilder();
    private final StringBuilder row = new StringBuilder();
    private BlockKind kind = BlockKind.PARAGRAPH;
    private int headingLevel;
    private int page;
    private int tables;
    private int cells;
    private int preformatted;
    private int dropped;
    private boolean inBody;
    private boolean inSheet;
    private @Nullable String sheet;

    /// @param keepLines whether a line feed among the characters is a line end of the document, not mere layout
    XhtmlBlocks(BlockSink sink, boolean keepLines) {
        this.sink = sink;
        this.keepLines = keepLines;
    }

    void finish() {
        flush();
    }

    @Override
    public void startElement(String uri, String local, String qualified, Attributes attributes) {
        String name = local.isEmpty() ? qualified : local;
        if (dropped > 0) {
            dropped++;
            return;
        }
        switch (name) {
            case "body" -> inBody = true;
            case "script", "style", "svg" -> dropped = 1;
            case "h1", "h2", "h3", "h4", "h5", "h6" -> {
                if (cells == 0) {
                    flush();
                    headingLevel = name.charAt(1) - '0';
                }
            }
            case "table" -> {
                if (tables++ == 0) {
                    flush();
                }
            }
            case "tr" -> {
                if (tables <= 1) {
                    flush();
                    row.setLength(0);
                }
            }
            case "td", "th" -> cells++;
            case "li", "dt", "dd" -> {
                gap();
                if (cells == 0) {
                    kind = BlockKind.LIST_ITEM;
                }
            }
            case "pre" -> {
                gap();
                preformatted++;
                kind = BlockKind.CODE;
            }
            case "br" -> text.append(cells > 0 ? ' ' : '\n');
            case "div" -> {
                gap();
                startPage(String.valueOf(attributes.getValue("class")));
            }
            case "p" -> {
                // the first paragraph of a list item is the item
                if (kind != BlockKind.LIST_ITEM || !BlockSink.isBlank(text)) {
                    gap();
                }
            }
            case "ul", "ol", "dl", "blockquote", "section", "article", "header", "footer", "hr" -> gap();
            default -> {
                // elements within a line
            }
        }
    }

    private void startPage(String mark) {
        if (mark.equals("page") || mark.equals("sheet") || mark.equals("slide-content")) {
            flush();
            sink.page(++page);
            inSheet = !mark.equals("slide-content");
            sheet = null;
        }
    }

    @Override
    public void endElement(String uri, String local, String qualified) {
        String name = local.isEmpty() ? qualified : local;
        if (dropped > 0) {
            dropped--;
            return;
        }
        switch (name) {
            case "h1", "h2", "h3", "h4", "h5", "h6" -> {
                if (cells == 0) {
                    heading();
                }
            }
            case "td", "th" -> {
                cells = Math.max(0, cells - 1);
                if (cells == 0) {
                    endCell();
                }
            }
            case "tr" -> {
                if (tables <= 1) {
                    endRow();
                }
            }
            case "table" -> tables = Math.max(0, tables - 1);
            case "pre" -> {
                gap();
                preformatted = Math.max(0, preformatted - 1);
            }
            case "p", "div", "li", "dt", "dd", "ul", "ol", "dl", "blockquote", "section", "article" -> gap();
            default -> {
                // elements within a line
            }
        }
    }

    @Override
    public void characters(char[] characters, int start, int length) {
        if (!inBody || dropped > 0) {
            return;
        }
        if (preformatted > 0) {
            text.append(characters, start, length);
        } else {
            for (int i = start; i < start + length; i++) {
                append(characters[i]);
            }
        }
        if (text.length() > LineReader.MAX_LINE && cells == 0) {
            emitSheet();
            sink.piece(headingLevel > 0 ? BlockKind.PARAGRAPH : kind, text);
            headingLevel = 0;
            text.setLength(0);
        }
    }

    private void append(char c) {
        boolean space = Character.isWhitespace(c) || c == '\u00a0';
        if (!space || (c == '\n' && keepLines && cells == 0)) {
            text.append(c);
        } else if (!text.isEmpty() && !Character.isWhitespace(text.charAt(text.length() - 1))) {
            text.append(' ');
        }
    }

    @Override
    public void ignorableWhitespace(char[] characters, int start, int length) {
        if (cells > 0 || preformatted == 0) {
            characters(new char[] {' '}, 0, 1);
        }
    }

    private void heading() {
        if (inSheet && sheet == null) {
            sheet = text.toString();
        } else {
            emitSheet();
            sink.heading(Math.max(1, headingLevel), text);
        }
        text.setLength(0);
        headingLevel = 0;
        kind = BlockKind.PARAGRAPH;
    }

    private void emitSheet() {
        if (sheet != null && !sheet.isEmpty()) {
            sink.sheet(sheet);
            sheet = "";
        }
    }

    private void endCell() {
        String cell = BlockSink.collapse(text);
        text.setLength(0);
        if (!cell.isEmpty()) {
            row.append(row.isEmpty() ? "" : " | ").append(cell);
        }
    }

    private void endRow() {
        endCell();
        if (!BlockSink.isBlank(row)) {
            emitSheet();
            sink.block(BlockKind.TABLE_ROW, row);
        }
        row.setLength(0);
        kind = BlockKind.PARAGRAPH;
    }

    /// Ends a block, or within a cell puts a space.
    private void gap() {
        if (cells > 0) {
            append(' ');
        } else if (headingLevel == 0) {
            flush();
        }
    }

    private void flush() {
        if (cells == 0 && !BlockSink.isBlank(text)) {
            emitSheet();
            sink.block(kind, text);
        }
        if (cells == 0) {
            text.setLength(0);
            kind = BlockKind.PARAGRAPH;
            headingLevel = 0;
        }
    }
}
