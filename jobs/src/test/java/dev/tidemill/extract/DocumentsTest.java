package dev.tidemill.extract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.document.BlockKind;
import dev.tidemill.document.Extraction;
import dev.tidemill.document.RefusalReason;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Ordinary documents, written by other programs, of every format.
class DocumentsTest {

    private static final Map<String, RefusalReason> REFUSED = Map.of(
            "docx/headerPic.docx", RefusalReason.NO_TEXT,
            "docx/testWORD_multi_authors.docx", RefusalReason.NO_TEXT,
            "pdf/labelled_pages.pdf", RefusalReason.NO_TEXT,
            "pdf/testOCR.pdf", RefusalReason.NO_TEXT,
            "pptx/testPPT_masterText.pptx", RefusalReason.NO_TEXT,
            "xlsx/testEXCEL.strict.xlsx", RefusalReason.UNSUPPORTED_TYPE);
    private static final String OOXML = "application/vnd.openxmlformats-officedocument.";
    private static final Map<String, Set<String>> MEDIA_TYPES = Map.ofEntries(
            Map.entry("adoc", Set.of("text/asciidoc")),
            Map.entry("csv", Set.of("text/csv", "text/tab-separated-values")),
            Map.entry("docx", Set.of(OOXML + "wordprocessingml.document")),
            Map.entry("epub", Set.of("application/epub+zip")),
            Map.entry("html", Set.of("text/html")),
            Map.entry("json", Set.of("application/json")),
            Map.entry(
                    "legacy-office",
                    Set.of("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint")),
            Map.entry("mail", Set.of("message/rfc822", "application/mbox", "application/vnd.ms-outlook")),
            Map.entry("md", Set.of("text/markdown")),
            Map.entry(
                    "odf",
                    Set.of(
                            "application/vnd.oasis.opendocument.text",
                            "application/vnd.oasis.opendocument.spreadsheet",
                            "application/vnd.oasis.opendocument.presentation")),
            Map.entry("pdf", Set.of("application/pdf")),
            Map.entry("pptx", Set.of(OOXML + "presentationml.presentation")),
            Map.entry("rst", Set.of("text/x-rst")),
            Map.entry("rtf", Set.of("application/rtf")),
            Map.entry("txt", Set.of("text/plain")),
            Map.entry("xlsx", Set.of(OOXML + "spreadsheetml.sheet")),
            Map.entry("xml", Set.of("application/xml")));

    @TempDir
    static Path spool;

    private static Extractor extractor;

    @BeforeAll
    static void start() {
        extractor = new Extractor(ExtractLimits.defaults(), spool, 1);
    }

    @AfterAll
    static void stop() {
        extractor.close();
        assertThat(spool).isEmptyDirectory();
    }

    static List<String> documents() {
        return SharedFiles.all("docs");
    }

    private static Result read(String name) throws InterruptedException {
        return Result.of(extractor, SharedFiles.folder("docs").resolve(name));
    }

    @ParameterizedTest
    @MethodSource("documents")
    void everyDocumentEndsAsItsKindOfText(String name) throws InterruptedException {
        Result result = read(name);

        RefusalReason refused = REFUSED.get(name);
        assertThat(result.reason()).as("%s: %s", name, result.detail()).isEqualTo(refused);
        if (result.extraction() instanceof Extraction.Extracted extracted) {
            assertThat(extracted.mediaType()).isIn(MEDIA_TYPES.get(name.substring(0, name.indexOf('/'))));
        }
    }

    @Test
    void aPdfHasPages() throws InterruptedException {
        Result book = read("pdf/freeculture.pdf");

        assertThat(book.extracted().title()).isEqualTo("Free Culture");
        assertThat(book.extracted().metadata()).containsEntry("pages", "352");
        assertThat(book.blocks().getLast().page()).isEqualTo(352);
        assertThat(book.blocks()).isSortedAccordingTo((a, b) -> Integer.compare(page(a), page(b)));
        assertThat(read("pdf/tracemonkey.pdf").pageOf("8. Related Work")).isEqualTo(12);
    }

    private static int page(dev.tidemill.document.Block block) {
        return block.page() == null ? 0 : block.page();
    }

    @Test
    void theOutlineOfAPdfNamesItsHeadings() throws InterruptedException {
        assertThat(read("pdf/nested_outline.pdf").headings())
                .containsExactly(
                        "1 Introduction",
                        "2 Background",
                        "2 Motivation",
                        "1 Main Content",
                        "2 First Topic",
                        "2 Second Topic",
                        "1 Conclusion",
                        "2 Summary",
                        "2 Future Work");
    }

    @Test
    void commentsAndFieldsOfAPdfAreText() throws InterruptedException {
        assertThat(read("pdf/testAnnotations.pdf").text()).contains("Here is a comment");
        assertThat(read("pdf/prefilled_f1040.pdf").of(BlockKind.PARAGRAPH))
                .anyMatch(block -> block.text().contains(": "));
    }

    @Test
    void aScannedPdfWithoutTextLayerSaysSo() throws InterruptedException {
        Result scan = read("pdf/testOCR.pdf");

        assertThat(scan.reason()).isEqualTo(RefusalReason.NO_TEXT);
        assertThat(scan.detail()).contains("text recognition");
    }

    @Test
    void wordStylesAreHeadingsAndTablesAreRows() throws InterruptedException {
        for (String name : List.of("docx/testWORD.docx", "legacy-office/testWORD.doc")) {
            Result word = read(name);

            assertThat(word.extracted().title()).isEqualTo("Sample Word Document");
            assertThat(word.extracted().metadata()).containsEntry("author", "Keith Bennett");
            assertThat(word.headings())
                    .containsSubsequence("1 Heading Level 1", "2 Heading Level 2", "3 Heading Level 3");
            assertThat(word.of(BlockKind.TABLE_ROW)).hasSize(3);
        }
    }

    @Test
    void linesOfAWordDocumentStayApart() throws InterruptedException {
        assertThat(read("docx/testWORD_various.docx").text()).contains("\n· Bullet 1\n· Bullet 2\n");
    }

    @Test
    void slidesAreNumbered() throws InterruptedException {
        Result slides = read("pptx/testPPT.pptx");

        assertThat(slides.pageOf("Attachment Test")).isEqualTo(1);
        assertThat(slides.pageOf("This is a test file")).isEqualTo(2);
        assertThat(slides.pageOf("Black Panther")).isEqualTo(3);
    }

    @Test
    void sheetsAreNumberedAndTheirNamesAreHeadingsButNoTitle() throws InterruptedException {
        Result sheets = read("xlsx/CVLKRA-KYC_Download_File_Structure_V3.1.xlsx");
        assertThat(sheets.blocks().getLast().page()).isEqualTo(30);
        assertThat(sheets.of(BlockKind.HEADING)).hasSize(30);

        Result named = read("xlsx/testEXCEL.xlsx");
        assertThat(named.extracted().title()).isEqualTo("Simple Excel document");
        assertThat(named.headings()).as("empty sheets are left out").containsExactly("1 Feuil1");
        assertThat(named.texts(BlockKind.TABLE_ROW)).contains("Number | Square", "4 | 16");
        assertThat(read("xlsx/testEXCEL_phonetic.xlsx").extracted().title()).isNull();
    }

    @Test
    void openDocumentTextHasHeadingsAndTitle() throws InterruptedException {
        Result odt = read("odf/testODFwithOOo3.odt");

        assertThat(odt.extracted().title()).isEqualTo("Apache Tika");
        assertThat(odt.headings()).singleElement().asString().startsWith("1 Apache Tika");
        assertThat(odt.texts(BlockKind.LIST_ITEM)).first().isEqualTo("First item");
    }

    @Test
    void anEpubIsReadInItsOrder() throws InterruptedException {
        Result book = read("epub/testEPUB.epub");

        assertThat(book.extracted().title()).isEqualTo("An ePub for Tika");
        assertThat(book.headings())
                .containsExactly(
                        "3 Table of Contents", "1 Chapter 1", "1 Chapter 2", "2 Subchapter 2.1", "2 Subchapter 2.2");
        assertThat(book.texts(BlockKind.LIST_ITEM)).containsExactly("First item", "Second item");
    }

    @Test
    void markdownHeadingsNestAndCodeIsCode() throws InterruptedException {
        Result chapter = read("md/rust-book-ch15-01-box.md");

        assertThat(chapter.extracted().title()).isEqualTo("Using Box<T> to Point to Data on the Heap");
        assertThat(chapter.headings().getFirst()).isEqualTo("2 Using Box<T> to Point to Data on the Heap");
        assertThat(chapter.headings()).contains("3 Enabling Recursive Types with Boxes");
        assertThat(chapter.of(BlockKind.CODE)).hasSize(8);
    }

    @Test
    void commentsOfATemplateAreLeftOut() throws InterruptedException {
        assertThat(read("md/kep-NNNN-kep-template.md").text()).doesNotContain("<!--", "-->", "To get started with");
    }

    @Test
    void asciidocHeadingsNestAndMacrosLeaveTheirLabels() throws InterruptedException {
        Result page = read("adoc/web-servlet.adoc");

        assertThat(page.extracted().title()).isEqualTo("Servlet Web Applications");
        assertThat(page.headings().get(1)).isEqualTo("2 The \"Spring Web MVC Framework\"");
        assertThat(page.text()).doesNotContain("include-code::", "xref:", "[[web");
    }

    @Test
    void underlinedHeadingsOfRestructuredTextNest() throws InterruptedException {
        assertThat(read("rst/pep-0008.rst").headings())
                .contains("1 Introduction", "1 Code Lay-out", "2 Indentation", "2 Tabs or Spaces?");
    }

    @Test
    void htmlHeadingsNestAndNavigationIsLeftOut() throws InterruptedException {
        Result page = read("html/page-wikipedia-2.html");

        assertThat(page.extracted().title()).isEqualTo("New Zealand - Wikipedia");
        assertThat(page.headings()).contains("1 New Zealand", "2 History");
        assertThat(page.text()).doesNotContain("<div", "function(");
    }

    @Test
    void htmlKeptAsATemplateInAScriptIsRead() throws InterruptedException {
        assertThat(read("html/kafka-39-design.html").headings()).contains("3 4.1 Motivation");
    }

    @Test
    void docbookTitlesNestAndListingsAreCode() throws InterruptedException {
        Result page = read("xml/php-language-types-array.xml");

        assertThat(page.headings()).startsWith("1 Arrays", "2 Syntax");
        assertThat(page.of(BlockKind.CODE)).hasSizeGreaterThan(20);
        assertThat(page.text()).contains("An array in PHP is actually an ordered map.");
    }

    @Test
    void rowsOfCommaSeparatedValuesCarryTheirNames() throws InterruptedException {
        assertThat(read("csv/seattle-weather.csv").texts(BlockKind.TABLE_ROW))
                .hasSize(1461)
                .first()
                .asString()
                .contains("precipitation: 0.0", "weather: drizzle");
    }

    @Test
    void objectsOfAJsonArrayAreBlocks() throws InterruptedException {
        Result cars = read("json/cars.json");

        assertThat(cars.blocks()).hasSize(406);
        assertThat(cars.blocks().getFirst().text()).contains("Name: chevrolet chevelle malibu", "Origin: USA");
    }

    @Test
    void aMailHasSubjectAndSender() throws InterruptedException {
        Result mail = read("mail/mime4j-german-qp.eml");
        assertThat(mail.extracted().title()).isEqualTo("Testnachricht");

        Result attached = read("mail/testEmailWithPNGAtt.eml");
        assertThat(attached.extracted().metadata()).containsKey("attachments");

        assertThat(read("mail/complex.mbox").of(BlockKind.HEADING)).hasSizeGreaterThan(1);
        assertThat(read("mail/testMSG_forwarded.msg").extracted().title()).isEqualTo("FW: Testing");
    }

    @Test
    void oldCharacterSetsAreFound() throws InterruptedException {
        assertThat(read("txt/russian.cp866.txt").text()).startsWith("Однажды, в студеную зимнюю пору,");
        assertThat(read("txt/english.cp500.txt").text()).startsWith("IntelliStation POWER");
        assertThat(read("txt/testTXT_win-1252.txt").text()).contains("a “windows” encoding");
        assertThat(read("txt/testTXTNonASCIIUTF8.txt").text()).contains("springt über den");
        assertThat(read("html/testArabicMisleadingCharset.html").text())
                .contains("اللغة العربية")
                .doesNotContain("\ufffd");
        assertThat(read("rtf/testRTFJapanese.rtf").text()).contains("ゾルゲと尾崎、淡々と最期");
        assertThat(read("pdf/noembed-eucjp.pdf").text()).isEqualTo("あいうえお\n");
    }
}
