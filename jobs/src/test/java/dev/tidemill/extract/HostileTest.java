package dev.tidemill.extract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.document.Extraction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every hostile file ends with the reason named here, or as text where the line says so.
class HostileTest {

    private static final String EXPECTED = """
            TEXT             bomb/ContentStreamCycleType3insideType3.pdf
            TEXT             bomb/Pages-tree-refs.pdf
            TEXT             bomb/billion-laughs-small.xml
            TEXT             bomb/bomb_giant.pdf
            UNSUPPORTED_TYPE bomb/droste.zip
            BOMB             bomb/gen-billion-laughs.xml
            BOMB             bomb/gen-docx-512MiB-document-xml.docx
            BOMB             bomb/gen-docx-billion-laughs.docx
            BOMB             bomb/gen-zip-1GiB-zeros.zip
            BOMB             bomb/n_structure_100000_opening_arrays.json
            BOMB             bomb/n_structure_open_array_object.json
            NO_TEXT          bomb/operator_list_cycle.pdf
            UNSUPPORTED_TYPE bomb/quine.gz
            UNSUPPORTED_TYPE bomb/test-zip-of-zip.zip
            TEXT             bomb/test_recursive_embedded.docx
            NO_TEXT          corrupt/GHOSTSCRIPT-698804-1-fuzzed.pdf
            TEXT             corrupt/PDFBOX-3148-2-fuzzed.pdf
            CORRUPT          corrupt/REDHAT-1531897-0.pdf
            TEXT             corrupt/bad-PageLabels.pdf
            NO_TEXT          corrupt/extractPages_null_in_array.pdf
            TEXT             corrupt/helloworld-bad.pdf
            CORRUPT          corrupt/poppler-395-0-fuzzed.pdf
            TEXT             corrupt/poppler-67295-0.pdf
            NO_TEXT          corrupt/poppler-742-0-fuzzed.pdf
            NO_TEXT          corrupt/poppler-85140-0.pdf
            TEXT             corrupt/poppler-90-0-fuzzed.pdf
            NO_TEXT          corrupt/poppler-937-0-fuzzed.pdf
            UNSUPPORTED_TYPE corrupt/test-documents-spanned.zip
            TEXT             corrupt/testBrokenHTMLContainingRFC822.html
            TEXT             corrupt/testHTMLBadScript.html
            UNSUPPORTED_TYPE corrupt/testLZMA_oom
            TEXT             corrupt/testODTnotaZipFile.odt
            TEXT             corrupt/testPDF_bad_page_303226.pdf
            NO_TEXT          corrupt/testPDF_malformedXFA.pdf
            TEXT             corrupt/testPPT_skipBadCompressedObject.ppt
            TEXT             corrupt/testRTFCorruptListOverride.rtf
            TEXT             corrupt/testRTFInvalidUnicode.rtf
            CORRUPT          corrupt/testWORD_truncated.docx
            CORRUPT          corrupt/testZIP_corrupted_oom.zip
            UNSUPPORTED_TYPE corrupt/testZ_oom.Z
            CORRUPT          corrupt/truncated-utf16-xml.xyz
            TEXT             corrupt/xref_command_missing.pdf
            EMPTY            empty/empty.docx
            EMPTY            empty/empty.md
            EMPTY            empty/empty.pdf
            EMPTY            empty/empty.zip
            NO_TEXT          empty/valid-empty.pdf
            NO_TEXT          encrypted/empty_protected.pdf
            ENCRYPTED        encrypted/testEXCEL_protected_passtika.xlsx
            ENCRYPTED        encrypted/testODTEncrypted.odt
            TEXT             encrypted/testPDF_protected.pdf
            ENCRYPTED        encrypted/testPPT_protected_passtika.pptx
            ENCRYPTED        encrypted/testPassword4Spaces.pdf
            ENCRYPTED        encrypted/testUnicodePassword.pdf
            ENCRYPTED        encrypted/testWORD_protected_drm.doc
            ENCRYPTED        encrypted/testWORD_protected_passtika.docx
            ENCRYPTED        encrypted/testZipEncrypted.zip
            TEXT             mail/infinite.eml
            TEXT             mail/malformedHeader-noheader.eml
            NO_TEXT          mail/missing-boundary.eml
            TEXT             mail/multi-bad.eml
            TEXT             odd/controls-bidi-emoji.md
            NO_TEXT          odd/empty#hash.pdf
            TEXT             odd/invalid-utf8.txt
            TEXT             odd/no-space-300kB.txt
            TEXT             odd/nul-bytes.txt
            TEXT             odd/one-line-2MB.txt
            NO_TEXT          odd/whitespace-only.md
            TEXT             wrong-extension/docx-as.txt
            NO_TEXT          wrong-extension/html-as.json
            UNSUPPORTED_TYPE wrong-extension/mp3-as.md
            NO_TEXT          wrong-extension/pdf-as.docx
            UNSUPPORTED_TYPE wrong-extension/png-as.pdf
            UNSUPPORTED_TYPE wrong-extension/zip-as.epub
            TEXT             xxe/classic-xxe-etc-passwd.xml
            TEXT             xxe/gen-docx-xxe.docx
            TEXT             xxe/html-xss.html
            NO_TEXT          xxe/svg-ssrf-image.svg
            UNSUPPORTED_TYPE zip-slip/zip-slip.tar
            UNSUPPORTED_TYPE zip-slip/zip-slip.zip
            """;

    private static final Map<String, String> OUTCOMES = outcomes();

    @TempDir
    static Path folder;

    private static Extractor extractor;

    @BeforeAll
    static void start() {
        ExtractLimits defaults = ExtractLimits.defaults();
        ExtractLimits limits = new ExtractLimits(
                Duration.ofSeconds(30), defaults.childMemoryBytes(), defaults.maxFileBytes(), defaults.maxTextChars());
        extractor = new Extractor(limits, folder.resolve("spool"), 1);
    }

    @AfterAll
    static void stop() throws IOException {
        extractor.close();
        try (Stream<Path> left = Files.walk(folder)) {
            assertThat(left).containsExactlyInAnyOrder(folder, folder.resolve("spool"));
        }
    }

    private static Map<String, String> outcomes() {
        Map<String, String> outcomes = new TreeMap<>();
        EXPECTED.lines()
                .forEach(line ->
                        outcomes.put(line.substring(17), line.substring(0, 17).strip()));
        return outcomes;
    }

    static List<String> files() {
        return SharedFiles.all("hostile");
    }

    private static Result read(String name) throws InterruptedException {
        return Result.of(extractor, SharedFiles.folder("hostile").resolve(name));
    }

    @Test
    void theTableNamesEveryHostileFile() {
        assertThat(OUTCOMES.keySet()).containsExactlyElementsOf(files());
    }

    @ParameterizedTest
    @MethodSource("files")
    void everyHostileFileEndsAsExpected(String name) throws InterruptedException {
        Result result = read(name);

        String outcome = result.extraction() instanceof Extraction.Refused refused
                ? refused.reason().name()
                : "TEXT";
        assertThat(outcome).as("%s: %s", name, result.detail()).isEqualTo(OUTCOMES.get(name));
        if (!outcome.equals("TEXT")) {
            assertThat(result.detail()).matches(".*[.…]").hasSizeBetween(10, 500);
        }
    }

    @Test
    void anExternalEntityIsNotRead() throws InterruptedException {
        assertThat(read("xxe/classic-xxe-etc-passwd.xml").text()).isEqualTo("&file;\n");
        assertThat(read("xxe/gen-docx-xxe.docx").text()).doesNotContain("root:");
    }

    @Test
    void scriptsOfAPageAreNotText() throws InterruptedException {
        assertThat(read("xxe/html-xss.html").text()).isEqualTo("real text\n");
    }

    @Test
    void nothingIsUnpackedWhereAnArchivePoints() throws InterruptedException {
        Path evil = Path.of("/tmp/evil.txt");
        boolean before = Files.exists(evil);

        read("zip-slip/zip-slip.zip");
        read("zip-slip/zip-slip.tar");

        assertThat(Files.exists(evil)).isEqualTo(before);
    }

    @Test
    void oneBadPageDoesNotHideTheOthers() throws InterruptedException {
        assertThat(read("corrupt/testPDF_bad_page_303226.pdf")
                        .blocks()
                        .getLast()
                        .page())
                .isGreaterThan(10);
    }
}
