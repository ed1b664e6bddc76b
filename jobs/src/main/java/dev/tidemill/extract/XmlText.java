package dev.tidemill.extract;

import dev.tidemill.document.BlockKind;
import dev.tidemill.document.RefusalReason;
import java.io.BufferedReader;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/// The text of any XML. Document types are not read, so no entity is expanded and nothing outside the file is
/// opened; a reference to an entity stays as it is written. Elements in running text stay in it, others begin a
/// block; an element called `title` is a heading as deep as it stands.
final class XmlText {

    private static final int MAX_DEPTH = 1_000;
    private static final int MAX_EXPANSION = 1_000_000;
    private static final int PROLOGUE = 65_536;
    private static final Pattern ENTITY =
            Pattern.compile("<!ENTITY\\s+([\\w.:-]{1,100})\\s+(?:\"([^\"]{0,60000})\"|'([^']{0,60000})')");
    private static final Pattern REFERENCE = Pattern.compile("&([\\w.:-]{1,100});");

    private final GuardedReader guard;
    private final BlockSink sink;
    private final Deque<Element> open = new ArrayDeque<>();
    private final StringBuilder text = new StringBuilder();
    private boolean code;
    private int rows;

    private static final class Element {
        final String name;
        final boolean inline;
        boolean hasText;

        Element(String name, boolean inline) {
            this.name = name;
            this.inline = inline;
        }
    }

    private XmlText(GuardedReader text, BlockSink sink) {
        this.guard = text;
        this.sink = sink;
    }

    static Found read(GuardedReader text, BlockSink sink) {
        XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
        factory.setProperty(XMLInputFactory.IS_COALESCING, false);
        try {
            XMLStreamReader reader = factory.createXMLStreamReader(new EntityFilter(new BufferedReader(text, 32_768)));
            new XmlText(text, sink).read(reader);
            return Found.of(Format.XML);
        } catch (XMLStreamException e) {
            if (e.getNestedException() instanceof RefusedException refused) {
                throw refused;
            }
            throw new RefusedException(RefusalReason.CORRUPT, "It is no XML: " + problem(e), e);
        }
    }

    private static String problem(XMLStreamException e) {
        String message = String.valueOf(e.getMessage());
        int at = message.indexOf("Message: ");
        String problem = BlockSink.collapse(at < 0 ? message : message.substring(at + 9));
        return "line " + (e.getLocation() == null ? "?" : e.getLocation().getLineNumber()) + ": " + problem;
    }

    /// Refuses a document whose entities would expand to more than a million characters, although none
    /// is expanded here: what a reader would see is not in the file.
    static void refuseEntityBomb(String start) {
        String prologue = start.substring(0, Math.min(PROLOGUE, start.length()));
        if (!prologue.contains("<!ENTITY")) {
            return;
        }
        Map<String, Double> sizes = new HashMap<>();
        Matcher entity = ENTITY.matcher(prologue);
        while (entity.find()) {
            String value = entity.group(2) != null ? entity.group(2) : entity.group(3);
            double size = value.length();
            Matcher reference = REFERENCE.matcher(value);
            while (reference.find()) {
                size += sizes.getOrDefault(reference.group(1), 0.0);
            }
            sizes.put(entity.group(1), size);
            if (size > MAX_EXPANSION) {
                throw new RefusedException(
                        RefusalReason.BOMB,
                        "Its entity " + entity.group(1) + " would expand to more than " + MAX_EXPANSION
                                + " characters.");
            }
        }
    }

    private void read(XMLStreamReader reader) throws XMLStreamException {
        while (reader.hasNext()) {
            int event = reader.next();
            guard.progressed();
            switch (event) {
                case XMLStreamConstants.START_ELEMENT -> start(reader.getLocalName());
                case XMLStreamConstants.END_ELEMENT -> end();
                case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA, XMLStreamConstants.SPACE ->
                    text(reader.getText(), event == XMLStreamConstants.CDATA);
                default -> {
                    // comments, processing instructions and the document type hold no text
                }
            }
        }
        flush(BlockKind.PARAGRAPH);
    }

    private void start(String name) {
        if (open.size() >= MAX_DEPTH) {
            throw new RefusedException(RefusalReason.BOMB, "It is nested deeper than " + MAX_DEPTH + " levels.");
        }
        Element parent = open.peek();
        boolean inline = parent != null && (parent.hasText || parent.inline);
        if (isRow(name)) {
            flush(BlockKind.PARAGRAPH);
            rows++;
        } else if (!inline && rows == 0 && endsBlock()) {
            flush(BlockKind.PARAGRAPH);
        }
        if (!inline && rows == 0 && isCode(name)) {
            flush(BlockKind.PARAGRAPH);
            code = true;
        }
        open.push(new Element(name.toLowerCase(Locale.ROOT), inline));
    }

    private boolean endsBlock() {
        int last = text.length() - 1;
        while (last >= 0 && Character.isWhitespace(text.charAt(last))) {
            if (text.charAt(last) == '\n') {
                return true;
            }
            last--;
        }
        return last < 0 || open.size() <= 2;
    }

    private void end() {
        Element element = open.pop();
        if (element.inline) {
            return;
        }
        if (isRow(element.name)) {
            rows--;
            flush(BlockKind.TABLE_ROW);
            return;
        }
        if (rows > 0) {
            text.append(isCell(element.name) ? " | " : " ");
            return;
        }
        Element parent = open.peek();
        switch (element.name) {
            case "title" -> {
                sink.heading(Math.clamp(open.size(), 1, 6), text);
                text.setLength(0);
            }
            case "listitem", "item", "li" -> flush(BlockKind.LIST_ITEM);
            case "para", "p", "simpara" -> flush(BlockKind.PARAGRAPH);
            default -> {
                if (isCode(element.name)) {
                    flush(BlockKind.CODE);
                    code = false;
                } else if (open.size() <= 1) {
                    flush(BlockKind.PARAGRAPH);
                } else if (!text.isEmpty() && (parent == null || !parent.hasText)) {
                    text.append(' ');
                }
            }
        }
    }

    private static boolean isRow(String name) {
        return name.equals("row") || name.equals("tr") || name.equals("seglistitem");
    }

    private static boolean isCell(String name) {
        return name.equals("entry") || name.equals("td") || name.equals("th") || name.equals("seg");
    }

    private static boolean isCode(String name) {
        return switch (name) {
            case "programlisting", "screen", "literallayout", "synopsis", "pre", "code-block" -> true;
            default -> false;
        };
    }

    private void text(String characters, boolean verbatim) {
        Element element = open.peek();
        if (element == null) {
            return;
        }
        boolean blank = characters.isBlank();
        if (!blank) {
            element.hasText = true;
        }
        if (code || verbatim) {
            text.append(characters);
        } else if (blank) {
            text.append(characters.indexOf('\n') >= 0 && !element.inline && !element.hasText ? '\n' : ' ');
        } else {
            append(characters);
        }
        if (text.length() > LineReader.MAX_LINE) {
            sink.piece(code ? BlockKind.CODE : BlockKind.PARAGRAPH, text);
            text.setLength(0);
        }
    }

    private void append(String characters) {
        if (Character.isWhitespace(characters.charAt(0))) {
            text.append(' ');
        }
        text.append(BlockSink.collapse(characters));
        if (Character.isWhitespace(characters.charAt(characters.length() - 1))) {
            text.append(' ');
        }
    }

    private void flush(BlockKind kind) {
        String body = text.toString();
        sink.block(
                kind,
                switch (kind) {
                    case CODE -> body;
                    case TABLE_ROW -> BlockSink.collapse(body).replaceAll("(?: \\|)+$", "");
                    case HEADING, PARAGRAPH, LIST_ITEM, CUE -> body.replaceAll("[ \\t]*\\n\\s*", "\n");
                });
        text.setLength(0);
    }
}
