package dev.tidemill.extract;

import dev.tidemill.document.BlockKind;
import dev.tidemill.document.RefusalReason;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Calendar;
import java.util.IdentityHashMap;
import java.util.List;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.cos.COSDictionary;
import org.apache.pdfbox.io.MemoryUsageSetting;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDDocumentInformation;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.encryption.InvalidPasswordException;
import org.apache.pdfbox.pdmodel.interactive.annotation.PDAnnotation;
import org.apache.pdfbox.pdmodel.interactive.annotation.PDAnnotationMarkup;
import org.apache.pdfbox.pdmodel.interactive.annotation.PDAnnotationWidget;
import org.apache.pdfbox.pdmodel.interactive.documentnavigation.outline.PDDocumentOutline;
import org.apache.pdfbox.pdmodel.interactive.documentnavigation.outline.PDOutlineItem;
import org.apache.pdfbox.pdmodel.interactive.documentnavigation.outline.PDOutlineNode;
import org.apache.pdfbox.pdmodel.interactive.form.PDAcroForm;
import org.apache.pdfbox.pdmodel.interactive.form.PDField;
import org.apache.pdfbox.text.PDFTextStripper;
import org.jspecify.annotations.Nullable;

/// Text, comments and filled-in fields of a PDF, page by page. A paragraph that the document's outline
/// names on its page is a heading. A page that cannot be read is left out as long as another one can.
final class PdfText extends PDFTextStripper {

    private static final long MAIN_MEMORY = 48 * 1024 * 1024;
    private static final int MAX_OUTLINE = 10_000;
    private static final int MAX_OUTLINE_DEPTH = 16;
    private static final int MAX_FIELDS = 20_000;

    private final BlockSink sink;
    private final PDDocument pdf;
    private final IdentityHashMap<COSDictionary, List<Entry>> outline = new IdentityHashMap<>();
    private final IdentityHashMap<COSDictionary, PDField> fields = new IdentityHashMap<>();
    private final StringBuilder paragraph = new StringBuilder();
    private List<Entry> onThisPage = List.of();
    private int outlineSize;
    private int pagesRead;
    private @Nullable Exception lastProblem;

    /// One line of the outline.
    ///
    /// @param key its letters and digits, to be compared with those of a paragraph
    private record Entry(int level, String key, String keyWithoutNumber) {}

    private PdfText(PDDocument document, BlockSink sink) {
        this.pdf = document;
        this.sink = sink;
        setSortByPosition(false);
    }

    static Found read(Path file, BlockSink sink) throws IOException {
        var memory = MemoryUsageSetting.setupMixed(MAIN_MEMORY).streamCache;
        try (PDDocument document = Loader.loadPDF(file.toFile(), "", memory)) {
            PdfText text = new PdfText(document, sink);
            text.readOutline();
            text.readFields();
            text.writeText(document, Writer.nullWriter());
            if (text.pagesRead == 0 && text.lastProblem != null) {
                throw new RefusedException(
                        RefusalReason.CORRUPT,
                        "None of its pages can be read: " + Problems.describe(text.lastProblem),
                        text.lastProblem);
            }
            return text.found();
        } catch (InvalidPasswordException e) {
            throw new RefusedException(RefusalReason.ENCRYPTED, "It opens only with a password.", e);
        }
    }

    private Found found() {
        PDDocumentInformation information = pdf.getDocumentInformation();
        Found.Facts facts = new Found.Facts()
                .put("author", information.getAuthor())
                .put("subject", information.getSubject())
                .put("keywords", information.getKeywords())
                .put("created", date(information, true))
                .put("modified", date(information, false))
                .put("pages", Integer.toString(pdf.getNumberOfPages()));
        if (lastProblem != null) {
            facts.put("unreadable-pages", Integer.toString(pdf.getNumberOfPages() - pagesRead));
        }
        return new Found(information.getTitle(), Format.PDF.mediaType(), facts.asMap());
    }

    private static @Nullable String date(PDDocumentInformation information, boolean created) {
        Calendar date = created ? information.getCreationDate() : information.getModificationDate();
        return date == null ? null : date.toInstant().toString();
    }

    /// An outline that cannot be read costs the headings, not the text.
    private void readOutline() {
        try {
            PDDocumentOutline root = pdf.getDocumentCatalog().getDocumentOutline();
            if (root != null) {
                readOutline(root, 1);
            }
        } catch (IOException | RuntimeException e) {
            outline.clear();
        }
    }

    private void readOutline(PDOutlineNode node, int level) throws IOException {
        for (PDOutlineItem item = node.getFirstChild();
                item != null && outlineSize < MAX_OUTLINE;
                item = item.getNextSibling()) {
            outlineSize++;
            String title = item.getTitle();
            PDPage page = item.findDestinationPage(pdf);
            if (title != null && page != null) {
                String key = key(title);
                String bare = key(title.strip()
                        .replaceFirst(
                                "^(?:(?i:chapter|section|part|appendix)\\s+)?[\\dA-Z]{0,4}(?:\\.\\d{1,4})*[.:)]?\\s+",
                                ""));
                if (!key.isEmpty()) {
                    outline.computeIfAbsent(page.getCOSObject(), p -> new ArrayList<>())
                            .add(new Entry(level, key, bare));
                }
            }
            if (level < MAX_OUTLINE_DEPTH) {
                readOutline(item, level + 1);
            }
        }
    }

    private static String key(String text) {
        StringBuilder key = new StringBuilder();
        text.codePoints()
                .filter(Character::isLetterOrDigit)
                .limit(500)
                .forEach(c -> key.appendCodePoint(Character.toLowerCase(c)));
        return key.toString();
    }

    private void readFields() {
        try {
            PDAcroForm form = pdf.getDocumentCatalog().getAcroForm(null);
            if (form == null) {
                return;
            }
            int count = 0;
            for (PDField field : form.getFieldTree()) {
                if (count++ > MAX_FIELDS) {
                    return;
                }
                for (PDAnnotationWidget widget : field.getWidgets()) {
                    fields.put(widget.getCOSObject(), field);
                }
            }
        } catch (RuntimeException e) {
            lastProblem = e;
        }
    }

    @Override
    public void processPage(PDPage page) {
        sink.page(getCurrentPageNo());
        onThisPage = outline.getOrDefault(page.getCOSObject(), List.of());
        try {
            super.processPage(page);
            flush();
            annotations(page);
            pagesRead++;
        } catch (RefusedException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            flush();
            lastProblem = e;
        }
    }

    private void annotations(PDPage page) throws IOException {
        for (PDAnnotation annotation : page.getAnnotations()) {
            PDField field = fields.get(annotation.getCOSObject());
            if (field != null) {
                String value = field.getValueAsString();
                String label = field.getAlternateFieldName();
                if (value != null && !value.isBlank() && !value.equals("Off")) {
                    sink.block(BlockKind.PARAGRAPH, (label == null ? field.getPartialName() : label) + ": " + value);
                }
            } else if (annotation instanceof PDAnnotationMarkup && annotation.getContents() != null) {
                sink.block(BlockKind.PARAGRAPH, annotation.getContents());
            }
        }
    }

    @Override
    protected void writeString(String text) {
        paragraph.append(text);
    }

    @Override
    protected void writeWordSeparator() {
        paragraph.append(' ');
    }

    @Override
    protected void writeLineSeparator() {
        paragraph.append('\n');
    }

    @Override
    protected void writeParagraphStart() {
        flush();
    }

    @Override
    protected void writeParagraphEnd() {
        flush();
    }

    @Override
    protected void writePageStart() {
        flush();
    }

    @Override
    protected void writePageEnd() {
        flush();
    }

    private void flush() {
        String text = withoutHyphens(paragraph.toString().strip());
        paragraph.setLength(0);
        if (text.isEmpty()) {
            return;
        }
        int end = headingEnd(text);
        if (end > 0) {
            text = text.substring(end);
        }
        sink.block(BlockKind.PARAGRAPH, text);
    }

    /// Emits the first lines of a paragraph as a heading where the outline names them on this page.
    private int headingEnd(String text) {
        if (onThisPage.isEmpty()) {
            return 0;
        }
        int end = 0;
        for (int line = 0; line < 3 && end < text.length(); line++) {
            int next = text.indexOf('\n', end + 1);
            end = next < 0 ? text.length() : next;
            String key = key(text.substring(0, end));
            for (Entry entry : onThisPage) {
                if (!key.isEmpty() && (key.equals(entry.key()) || key.equals(entry.keyWithoutNumber()))) {
                    sink.heading(entry.level(), text.substring(0, end));
                    return end;
                }
            }
        }
        return 0;
    }

    /// Joins words that were divided at the end of a line.
    static String withoutHyphens(String text) {
        int at = text.indexOf("-\n");
        if (at < 0) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length());
        int from = 0;
        for (; at >= 0; at = text.indexOf("-\n", at + 1)) {
            boolean divided = at > 0
                    && Character.isLowerCase(text.charAt(at - 1))
                    && at + 2 < text.length()
                    && Character.isLowerCase(text.charAt(at + 2));
            if (divided) {
                out.append(text, from, at);
                from = at + 2;
            }
        }
        return out.append(text, from, text.length()).toString();
    }
}
