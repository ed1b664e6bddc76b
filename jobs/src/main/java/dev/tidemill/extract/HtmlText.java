package dev.tidemill.extract;

import dev.tidemill.document.BlockKind;
import java.io.Reader;
import java.util.Locale;
import java.util.Set;
import org.jsoup.nodes.DataNode;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.nodes.TextNode;
import org.jsoup.parser.Parser;

/// The visible text of HTML as blocks. Scripts, styles, forms' controls and navigation are left out; a page that is
/// nothing but navigation is read whole.
final class HtmlText {

    private static final int MAX_DEPTH = 512;
    private static final Set<String> DROPPED = Set.of(
            "script",
            "style",
            "noscript",
            "template",
            "nav",
            "svg",
            "math",
            "iframe",
            "object",
            "select",
            "option",
            "button",
            "input",
            "textarea",
            "head",
            "dialog",
            "canvas",
            "audio",
            "video",
            "map");
    private static final Set<String> BLOCKS = Set.of(
            "address",
            "article",
            "aside",
            "blockquote",
            "body",
            "center",
            "dd",
            "details",
            "dir",
            "div",
            "dl",
            "dt",
            "fieldset",
            "figcaption",
            "figure",
            "footer",
            "form",
            "header",
            "hr",
            "html",
            "legend",
            "li",
            "main",
            "menu",
            "ol",
            "p",
            "section",
            "summary",
            "table",
            "tbody",
            "tfoot",
            "thead",
            "caption",
            "ul",
            "tr",
            "td",
            "th");

    private final BlockSink sink;
    private final boolean dropNavigation;
    private final StringBuilder text = new StringBuilder();
    private BlockKind kind = BlockKind.PARAGRAPH;

    private HtmlText(BlockSink sink, boolean dropNavigation) {
        this.sink = sink;
        this.dropNavigation = dropNavigation;
    }

    static Found read(Reader html, BlockSink sink) {
        Parser parser = Parser.htmlParser();
        parser.setMaxDepth(MAX_DEPTH);
        Document page = parser.parseInput(html, "");
        new HtmlText(sink, true).read(page);
        if (sink.isEmpty()) {
            new HtmlText(sink, false).read(page);
        }
        Found.Facts facts = new Found.Facts()
                .put("language", attribute(page, "html", "lang"))
                .put("author", attribute(page, "meta[name=author]", "content"))
                .put("description", attribute(page, "meta[name=description]", "content"))
                .put("keywords", attribute(page, "meta[name=keywords]", "content"));
        return new Found(page.title(), Format.HTML.mediaType(), facts.asMap());
    }

    private static String attribute(Document page, String query, String name) {
        Element element = page.selectFirst(query);
        return element == null ? "" : element.attr(name);
    }

    private void read(Document page) {
        for (Element script : page.head().select("script")) {
            template(script);
        }
        children(page.body());
        flush();
    }

    private void children(Node parent) {
        for (Node child = parent.firstChild(); child != null; child = child.nextSibling()) {
            if (child instanceof TextNode words) {
                append(words.getWholeText());
            } else if (child instanceof Element element) {
                element(element);
            }
        }
    }

    private void element(Element element) {
        String name = element.normalName();
        if (name.equals("script")) {
            template(element);
        } else if (DROPPED.contains(name) || isHidden(element) || (dropNavigation && isNavigation(element))) {
            return;
        } else if (name.length() == 2 && name.charAt(0) == 'h' && name.charAt(1) >= '1' && name.charAt(1) <= '6') {
            flush();
            sink.heading(name.charAt(1) - '0', element.text());
        } else if (name.equals("pre") || name.equals("listing") || name.equals("xmp")) {
            flush();
            sink.block(BlockKind.CODE, element.wholeText());
        } else if (name.equals("br")) {
            text.append('\n');
        } else if (name.equals("tr")) {
            row(element);
        } else if (BLOCKS.contains(name)) {
            block(element, name);
        } else {
            children(element);
        }
    }

    private void block(Element element, String name) {
        flush();
        boolean item = name.equals("li") || name.equals("dt") || name.equals("dd");
        kind = item ? BlockKind.LIST_ITEM : BlockKind.PARAGRAPH;
        BlockKind own = kind;
        for (Node child = element.firstChild(); child != null; child = child.nextSibling()) {
            if (child instanceof TextNode words) {
                append(words.getWholeText());
            } else if (child instanceof Element inner) {
                boolean leading = BlockSink.isBlank(text);
                if (item && leading && inner.normalName().equals("p")) {
                    children(inner);
                    flush();
                    kind = BlockKind.PARAGRAPH;
                } else {
                    element(inner);
                }
            }
        }
        flush();
        kind = own == BlockKind.LIST_ITEM ? BlockKind.PARAGRAPH : kind;
    }

    /// A row of data is one line of cells; a row that only serves the layout is read as what it holds.
    private void row(Element row) {
        flush();
        if (row.selectFirst("table, h1, h2, h3, h4, h5, h6, pre") != null) {
            for (Element cell : row.children()) {
                block(cell, "td");
            }
            return;
        }
        StringBuilder cells = new StringBuilder();
        for (Element cell : row.children()) {
            String words = BlockSink.collapse(cell.text());
            if (!words.isEmpty()) {
                cells.append(cells.isEmpty() ? "" : " | ").append(words);
            }
        }
        sink.block(BlockKind.TABLE_ROW, cells);
    }

    /// Some pages keep their content in a script element as a template for the browser to fill in.
    private void template(Element script) {
        String type = script.attr("type").toLowerCase(Locale.ROOT);
        if (type.contains("template") || type.equals("text/html")) {
            StringBuilder source = new StringBuilder();
            for (DataNode data : script.dataNodes()) {
                source.append(data.getWholeData());
            }
            flush();
            Parser parser = Parser.htmlParser();
            parser.setMaxDepth(MAX_DEPTH);
            Document inner = parser.parseInput("<body>" + source, "");
            for (Element nested : inner.select("script")) {
                nested.remove();
            }
            children(inner.body());
            flush();
        }
    }

    private static boolean isHidden(Element element) {
        return element.hasAttr("hidden") || element.attr("aria-hidden").equals("true");
    }

    private static boolean isNavigation(Element element) {
        if (element.attr("role").equals("navigation")) {
            return true;
        }
        for (String name : element.classNames()) {
            String lower = name.toLowerCase(Locale.ROOT);
            switch (lower) {
                case "nav",
                        "navbar",
                        "navheader",
                        "navfooter",
                        "navigation",
                        "navbox",
                        "breadcrumb",
                        "breadcrumbs",
                        "sidebar",
                        "toc",
                        "skip-link",
                        "sr-only",
                        "headerlink",
                        "mw-editsection",
                        "noprint" -> {
                    return true;
                }
                default -> {
                    // content
                }
            }
        }
        return false;
    }

    private void append(String words) {
        int length = words.length();
        boolean gap = false;
        for (int i = 0; i < length; i++) {
            char c = words.charAt(i);
            if (Character.isWhitespace(c) || c == '\u00a0') {
                gap = true;
            } else {
                space(gap);
                gap = false;
                text.append(c);
            }
        }
        space(gap);
        if (text.length() > LineReader.MAX_LINE) {
            sink.piece(kind, text);
            text.setLength(0);
        }
    }

    private void space(boolean gap) {
        if (gap && !text.isEmpty() && !Character.isWhitespace(text.charAt(text.length() - 1))) {
            text.append(' ');
        }
    }

    private void flush() {
        sink.block(kind, text);
        text.setLength(0);
    }
}
