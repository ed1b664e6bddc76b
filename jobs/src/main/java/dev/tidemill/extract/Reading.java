package dev.tidemill.extract;

import dev.tidemill.document.Block;
import dev.tidemill.document.Extraction;
import dev.tidemill.document.RefusalReason;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/// Reads one file of a known format, in whichever JVM it is called.
final class Reading {

    private Reading() {}

    static Extraction read(Path file, Format format, long maxTextChars, TimeBudget time, Consumer<Block> receiver) {
        BlockSink sink = new BlockSink(receiver, maxTextChars, time);
        try {
            Found found = read(file, format, sink, time);
            sink.finish();
            if (sink.isEmpty()) {
                return new Extraction.Refused(RefusalReason.NO_TEXT, found.mediaType(), noText(format));
            }
            String title = Found.judgeTitle(found.title());
            return new Extraction.Extracted(
                    title == null ? Found.judgeTitle(sink.firstHeading()) : title, found.mediaType(), found.metadata());
        } catch (RefusedException e) {
            return new Extraction.Refused(e.reason(), format.mediaType(), e.detail());
        } catch (UncheckedIOException | IOException e) {
            RefusedException refused = Problems.of(e);
            return new Extraction.Refused(refused.reason(), format.mediaType(), refused.detail());
        }
    }

    private static String noText(Format format) {
        return format == Format.PDF
                ? "Its pages hold no text; scanned pages need text recognition first."
                : "It holds nothing but white space.";
    }

    private static Found read(Path file, Format format, BlockSink sink, TimeBudget time) throws IOException {
        return switch (format) {
            case PDF -> PdfText.read(file, sink);
            case ZIP -> OfficeText.readZip(file, sink);
            case OLE2 -> OfficeText.readOle2(file, sink);
            case RTF -> OfficeText.readRtf(file, sink);
            case MAIL -> MailText.read(file, sink);
            case MBOX -> MailText.readMailbox(file, sink);
            case HTML, XML, JSON, JSON_LINES, CSV, TSV, MARKDOWN, ASCIIDOC, RESTRUCTURED_TEXT, WEB_VTT, SUB_RIP, TEXT ->
                readText(file, format, sink, time);
        };
    }

    private static Found readText(Path file, Format format, BlockSink sink, TimeBudget time) throws IOException {
        boolean declares = format == Format.HTML || format == Format.XML;
        if (format == Format.XML) {
            try (InputStream in = Files.newInputStream(file)) {
                XmlText.refuseEntityBomb(new String(in.readNBytes(ContentType.HEAD), StandardCharsets.ISO_8859_1));
            }
        }
        try (GuardedReader text = new GuardedReader(Encoding.open(file, declares, time), time)) {
            return switch (format) {
                case HTML -> HtmlText.read(text, sink);
                case XML -> XmlText.read(text, sink);
                case JSON, JSON_LINES -> JsonText.read(text, sink, format);
                case CSV, TSV -> Delimited.read(text, sink, format);
                case MARKDOWN -> Markdown.read(text.unbounded(), sink);
                case ASCIIDOC -> AsciiDoc.read(text.unbounded(), sink);
                case RESTRUCTURED_TEXT -> PlainText.readRestructured(text.unbounded(), sink);
                case WEB_VTT, SUB_RIP -> Cues.read(text.unbounded(), sink, format);
                case TEXT -> PlainText.read(text.unbounded(), sink);
                case PDF, ZIP, OLE2, RTF, MAIL, MBOX ->
                    throw new IllegalArgumentException(format + " is no text format");
            };
        }
    }
}
