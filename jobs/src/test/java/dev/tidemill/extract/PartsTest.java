package dev.tidemill.extract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.document.Block;
import dev.tidemill.document.BlockKind;
import dev.tidemill.document.Extraction;
import dev.tidemill.document.RefusalReason;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StreamCorruptedException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The parts that readers share.
class PartsTest {

    @TempDir
    Path folder;

    private final List<Block> blocks = new ArrayList<>();

    private BlockSink sink() {
        return new BlockSink(blocks::add, 1_000_000, TimeBudget.unlimited());
    }

    @Test
    void theGapBelongsToTheBlockBefore() {
        BlockSink sink = sink();
        sink.heading(1, " A \n title ");
        sink.block(BlockKind.LIST_ITEM, "one\n\n");
        sink.block(BlockKind.LIST_ITEM, "two");
        sink.block(BlockKind.PARAGRAPH, " \u200b\n");
        sink.block(BlockKind.PARAGRAPH, "end");
        sink.finish();

        assertThat(blocks).extracting(Block::text).containsExactly("A title\n\n", "one\n", "two\n\n", "end\n");
    }

    @ParameterizedTest
    @ValueSource(ints = {32_765, 32_766, 32_767, 32_768, 32_769, 70_000})
    void aBlockIsSplitOnlyWhereItIsTooLong(int length) {
        BlockSink sink = sink();
        sink.block(BlockKind.PARAGRAPH, "x".repeat(length));
        sink.finish();

        assertThat(blocks).allMatch(block -> block.text().length() <= Block.MAX_LENGTH);
        assertThat(blocks).hasSize(length <= 32_767 ? 1 : length <= 65_533 ? 2 : 3);
        assertThat(blocks.stream().mapToInt(block -> block.text().length()).sum())
                .isEqualTo(length + 1);
    }

    @Test
    void aBlockIsSplitAfterWhiteSpaceAndNeverWithinACharacter() {
        BlockSink sink = sink();
        sink.block(BlockKind.PARAGRAPH, "word ".repeat(10_000));
        sink.block(BlockKind.PARAGRAPH, "y" + "\ud83d\ude00".repeat(20_000));
        sink.finish();

        assertThat(blocks.getFirst().text()).endsWith("word ");
        assertThat(blocks)
                .noneMatch(block -> Character.isHighSurrogate(
                        block.text().charAt(block.text().length() - 1)));
    }

    @Test
    void textIsBroughtIntoNormalForm() {
        assertThat(BlockSink.clean("a\u0000b\r\nc\rd\u001b[0m\ufeff\ud800x\udc00\f\ud83d\ude00\te"))
                .isEqualTo("ab\nc\nd[0m\ufffdx\ufffd\n\ud83d\ude00\te");
    }

    @Test
    void aHeadingLongerThanHeadingsAreIsAParagraph() {
        BlockSink sink = sink();
        sink.heading(1, "h".repeat(500));
        sink.heading(1, "h".repeat(501));
        sink.finish();

        assertThat(blocks).extracting(Block::kind).containsExactly(BlockKind.HEADING, BlockKind.PARAGRAPH);
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "null",
            value = {
                "Annual report, Annual report",
                "'  Two\n lines ', Two lines",
                "Microsoft Word - Plan for May, Plan for May",
                "Microsoft Word - plan.doc, null",
                "untitled, null",
                "PowerPoint Presentation, null",
                "report_v2.docx, null",
                "Version 2.0, Version 2.0",
                "'', null",
                "null, null"
            })
    void placeholdersAndFileNamesAreNoTitles(@Nullable String stated, @Nullable String title) {
        assertThat(Found.judgeTitle(stated)).isEqualTo(title);
    }

    @Test
    void aVeryLongTitleIsCut() {
        assertThat(Found.judgeTitle("long words ".repeat(100))).hasSizeLessThanOrEqualTo(300);
    }

    @ParameterizedTest
    @CsvSource({
        "%PDF-1.7, x.txt, application/pdf",
        "Prose that mentions %PDF- in passing, x.txt, text/plain",
        "{\\rtf1, x.doc, application/rtf",
        "<!-- c --><!DOCTYPE HTML><p>, x.json, text/html",
        "<?xml version='1.0'?><a/>, x.txt, application/xml",
        "WEBVTT, x.txt, text/vtt",
        "GIF89a, x.txt, image/gif",
        "MZ is how this note starts, x.txt, text/plain",
        "BZh is a place, x.md, text/markdown",
        "'{\"a\":1}', x.json, application/json",
        "plain, x, text/plain"
    })
    void contentDecidesAndTheEndingHelps(String content, String name, String mediaType) {
        byte[] head = content.getBytes(StandardCharsets.UTF_8);
        assertThat(ContentType.decide(head, name).mediaType()).isEqualTo(mediaType);
    }

    @Test
    void headersOfAMailAreKnownWithoutAnEnding() {
        String mail = "Received: by x\r\n for y\r\nFrom: a@b\r\nTo: c@d\r\nSubject: s\r\n\r\nbody";

        assertThat(ContentType.decide(mail.getBytes(StandardCharsets.UTF_8), "x")
                        .format())
                .isEqualTo(Format.MAIL);
        assertThat(ContentType.decide("Note: this\nis no mail".getBytes(StandardCharsets.UTF_8), "x")
                        .format())
                .isEqualTo(Format.TEXT);
    }

    @Test
    void linesOfAnyEndAndLengthAreRead() throws IOException {
        LineReader lines = new LineReader(new StringReader("a\r\n\rb\n" + "c".repeat(LineReader.MAX_LINE + 1) + "\fd"));

        assertThat(lines.next()).isEqualTo("a");
        assertThat(lines.next()).isEmpty();
        assertThat(lines.next()).isEqualTo("b");
        assertThat(lines.next()).hasSize(LineReader.MAX_LINE);
        assertThat(lines.complete()).isFalse();
        assertThat(lines.next()).isEqualTo("c");
        assertThat(lines.complete()).isTrue();
        assertThat(lines.next()).isEqualTo("d");
        assertThat(lines.number()).isEqualTo(5);
        assertThat(lines.next()).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "a &amp; b, a &amp; b",
        "&x;, &amp;x;",
        "&#65;&#x41;, &#65;&#x41;",
        "a & b, a &amp; b",
        "<![CDATA[&x;]]>&y;, <![CDATA[&x;]]>&amp;y;",
        "&&lt;, &amp;&lt;",
        "end&, end&amp;"
    })
    void unknownEntitiesAreEscaped(String xml, String escaped) throws IOException {
        StringWriter out = new StringWriter();
        new EntityFilter(new StringReader(xml)).transferTo(out);
        assertThat(out).hasToString(escaped);
    }

    @Test
    void wordsDividedAtTheEndOfALineAreJoined() {
        assertThat(PdfText.withoutHyphens("infor-\nmation and X-\nray, co-\nOp"))
                .isEqualTo("information and X-\nray, co-\nOp");
    }

    @Test
    void framesComeThroughAsTheyWereSent() throws IOException {
        Block block = new Block(BlockKind.HEADING, 3, "Ä \ud83d\ude00", 7, 1L, 2L);
        Extraction extracted = new Extraction.Extracted(null, "text/plain", Map.of("author", "A"));
        Extraction refused = new Extraction.Refused(RefusalReason.BOMB, "application/zip", "why");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        Protocol.writeReady(out);
        Protocol.writeBlock(out, block);
        Protocol.writeExtraction(out, extracted);
        Protocol.writeExtraction(out, refused);

        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()));
        assertThat(Protocol.readFrame(in)).isEqualTo(new Protocol.Frame.Ready());
        assertThat(Protocol.readFrame(in)).isEqualTo(new Protocol.Frame.Piece(block));
        assertThat(Protocol.readFrame(in)).isEqualTo(new Protocol.Frame.Done(extracted));
        assertThat(Protocol.readFrame(in)).isEqualTo(new Protocol.Frame.Done(refused));
    }

    @Test
    void aFrameThatLiesAboutItsLengthIsRefused() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeByte('R');
        out.writeInt(Integer.MAX_VALUE);

        assertThatThrownBy(() -> Protocol.readFrame(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()))))
                .isInstanceOf(StreamCorruptedException.class);
        assertThatThrownBy(() -> Protocol.readFrame(new DataInputStream(new ByteArrayInputStream(new byte[] {1}))))
                .isInstanceOf(StreamCorruptedException.class);
    }

    @Test
    void librariesInsideAnExecutableJarAreUnpacked() throws IOException {
        Path app = folder.resolve("app.jar");
        jar(
                app,
                null,
                "BOOT-INF/lib/tika-core-1.jar",
                "BOOT-INF/lib/spring-core-1.jar",
                "BOOT-INF/lib/tidemill-jobs-1.jar");
        Path lib = folder.resolve("lib");

        assertThat(ParserClassPath.of(app.toString(), lib))
                .containsExactlyInAnyOrder(lib.resolve("tika-core-1.jar"), lib.resolve("tidemill-jobs-1.jar"))
                .allMatch(Files::exists);
    }

    @Test
    void librariesNamedInAManifestAreFound() throws IOException {
        Path tika = folder.resolve("lib/tika-core-1.jar");
        Files.createDirectories(tika.getParent());
        jar(tika, null, "x");
        jar(folder.resolve("lib/spring-core-1.jar"), null, "x");
        Path app = folder.resolve("app.jar");
        jar(app, "lib/tika-core-1.jar lib/spring-core-1.jar", "x");

        assertThat(ParserClassPath.of(app.toString(), folder.resolve("unused"))).containsExactly(tika);
    }

    @Test
    void aClassPathWithoutParsersIsSaidSo() throws IOException {
        Path app = folder.resolve("app.jar");
        jar(app, null, "x");

        assertThatThrownBy(() -> ParserClassPath.of(app.toString(), folder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("tika-core");
    }

    private static void jar(Path file, @Nullable String classPath, String... entries) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        if (classPath != null) {
            manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, classPath);
        }
        try (OutputStream out = Files.newOutputStream(file);
                JarOutputStream jar = new JarOutputStream(out, manifest)) {
            for (String entry : entries) {
                jar.putNextEntry(new JarEntry(entry));
                jar.write(1);
                jar.closeEntry();
            }
        }
    }
}
