package dev.tidemill.extract;

import dev.tidemill.document.RefusalReason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.apache.poi.openxml4j.util.ZipSecureFile;
import org.apache.poi.poifs.filesystem.POIFSFileSystem;
import org.apache.tika.exception.TikaException;
import org.apache.tika.extractor.EmbeddedDocumentExtractor;
import org.apache.tika.io.TikaInputStream;
import org.apache.tika.metadata.Metadata;
import org.apache.tika.metadata.Office;
import org.apache.tika.metadata.TikaCoreProperties;
import org.apache.tika.parser.ParseContext;
import org.apache.tika.parser.Parser;
import org.apache.tika.parser.epub.EpubParser;
import org.apache.tika.parser.microsoft.OfficeParser;
import org.apache.tika.parser.microsoft.OfficeParserConfig;
import org.apache.tika.parser.microsoft.ooxml.OOXMLParser;
import org.apache.tika.parser.microsoft.rtf.RTFParser;
import org.apache.tika.parser.odf.OpenDocumentParser;
import org.jspecify.annotations.Nullable;
import org.xml.sax.ContentHandler;
import org.xml.sax.SAXException;

/// Office documents, old and new, OpenDocument, EPUB and RTF. Documents embedded in them are not read.
final class OfficeText {

    private static final long MAX_EXPANDED = 1L << 30;
    private static final long MAX_ENTRY = 384L << 20;
    private static final long BOMB_FLOOR = 64L << 20;
    private static final int BOMB_RATIO = 150;
    private static final int MAX_ENTRIES = 50_000;
    private static final String OOXML = "application/vnd.openxmlformats-officedocument.";
    private static final String OPEN_DOCUMENT = "application/vnd.oasis.opendocument.";

    private OfficeText() {}

    static Found readRtf(Path file, BlockSink sink) {
        return parse(new RTFParser(), file, Format.RTF.mediaType(), sink);
    }

    /// Reads what a ZIP container holds.
    static Found readZip(Path file, BlockSink sink) throws IOException {
        String mediaType = zipMediaType(file);
        if (mediaType.equals("application/epub+zip")) {
            return parse(new EpubParser(), file, mediaType, sink);
        }
        if (mediaType.startsWith(OPEN_DOCUMENT)) {
            return parse(new OpenDocumentParser(), file, mediaType, sink);
        }
        if (mediaType.startsWith(OOXML)) {
            ZipSecureFile.setMaxEntrySize(MAX_ENTRY);
            return parse(new OOXMLParser(), file, mediaType, sink);
        }
        throw new RefusedException(
                RefusalReason.UNSUPPORTED_TYPE,
                "It is an archive; unpack it and give the documents in it (" + mediaType + ").");
    }

    private static String zipMediaType(Path file) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            refuseBomb(zip);
            if (zip.getEntry("META-INF/rights.xml") != null && zip.getEntry("META-INF/encryption.xml") != null) {
                throw new RefusedException(RefusalReason.ENCRYPTED, "It is rights-managed.");
            }
            String stated = stated(zip);
            if (stated != null) {
                return stated;
            }
            if (zip.getEntry("[Content_Types].xml") != null) {
                return ooxmlMediaType(zip);
            }
            if (zip.getEntry("META-INF/container.xml") != null) {
                return "application/epub+zip";
            }
            return "application/zip";
        } catch (ZipException e) {
            if (String.valueOf(e.getMessage()).contains("encrypted entry")) {
                throw new RefusedException(RefusalReason.ENCRYPTED, "It opens only with a password.", e);
            }
            throw new RefusedException(
                    RefusalReason.CORRUPT, "Its ZIP container is damaged or cut off: " + Problems.describe(e), e);
        }
    }

    /// Sizes as the directory of the archive states them; what lies about them is stopped while it is read.
    private static void refuseBomb(ZipFile zip) {
        if (zip.size() > MAX_ENTRIES) {
            throw new RefusedException(
                    RefusalReason.BOMB,
                    "It holds " + zip.size() + " entries, at most " + MAX_ENTRIES + " are allowed.");
        }
        long expanded = 0;
        long packed = 0;
        for (Enumeration<? extends ZipEntry> entries = zip.entries(); entries.hasMoreElements(); ) {
            ZipEntry entry = entries.nextElement();
            expanded += Math.max(0, entry.getSize());
            packed += Math.max(0, entry.getCompressedSize());
        }
        if (expanded > MAX_EXPANDED || (expanded > BOMB_FLOOR && expanded / BOMB_RATIO > packed)) {
            throw new RefusedException(RefusalReason.BOMB, "It expands from " + packed + " to " + expanded + " bytes.");
        }
    }

    private static @Nullable String stated(ZipFile zip) throws IOException {
        ZipEntry entry = zip.getEntry("mimetype");
        if (entry == null) {
            return null;
        }
        try (InputStream in = zip.getInputStream(entry)) {
            String stated = new String(in.readNBytes(100), StandardCharsets.US_ASCII).strip();
            return stated.startsWith(OPEN_DOCUMENT) || stated.equals("application/epub+zip") ? stated : null;
        }
    }

    private static String ooxmlMediaType(ZipFile zip) {
        Map<String, String> roots = Map.of(
                "word/", OOXML + "wordprocessingml.document",
                "ppt/", OOXML + "presentationml.presentation",
                "xl/", OOXML + "spreadsheetml.sheet");
        Map<String, Integer> counts = new HashMap<>();
        for (Enumeration<? extends ZipEntry> entries = zip.entries(); entries.hasMoreElements(); ) {
            String name = entries.nextElement().getName();
            for (String root : roots.keySet()) {
                if (name.startsWith(root)) {
                    counts.merge(root, 1, Integer::sum);
                }
            }
        }
        return counts.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(root -> roots.getOrDefault(root.getKey(), ""))
                .orElse("application/vnd.openxmlformats-package");
    }

    /// Reads what an OLE2 container holds.
    static Found readOle2(Path file, BlockSink sink) {
        Set<String> names;
        try (POIFSFileSystem container = new POIFSFileSystem(file.toFile(), true)) {
            names = Set.copyOf(container.getRoot().getEntryNames());
        } catch (IOException | RuntimeException e) {
            throw new RefusedException(
                    RefusalReason.CORRUPT, "Its OLE2 container is damaged: " + Problems.describe(e), e);
        }
        if (names.contains("EncryptedPackage")) {
            throw new RefusedException(RefusalReason.ENCRYPTED, "It opens only with a password.");
        }
        if (names.contains("\tDRMContent") || names.contains("\tDRMViewerContent") || names.contains("DRMContent")) {
            throw new RefusedException(RefusalReason.ENCRYPTED, "It is rights-managed.");
        }
        return parse(new OfficeParser(), file, ole2MediaType(names), sink);
    }

    private static String ole2MediaType(Set<String> names) {
        if (names.contains("WordDocument")) {
            return "application/msword";
        }
        if (names.contains("PowerPoint Document")) {
            return "application/vnd.ms-powerpoint";
        }
        if (names.contains("Workbook") || names.contains("Book") || names.contains("WORKBOOK")) {
            return "application/vnd.ms-excel";
        }
        if (names.contains("__properties_version1.0")) {
            return "application/vnd.ms-outlook";
        }
        throw new RefusedException(
                RefusalReason.UNSUPPORTED_TYPE, "It is an OLE2 container that holds no Office document or message.");
    }

    private static Found parse(Parser parser, Path file, String mediaType, BlockSink sink) {
        Metadata metadata = new Metadata();
        XhtmlBlocks blocks = new XhtmlBlocks(sink, mediaType.startsWith(OOXML));
        try (TikaInputStream in = TikaInputStream.get(file)) {
            parser.parse(in, blocks, metadata, context());
        } catch (IOException | SAXException | TikaException e) {
            throw Problems.of(e);
        }
        blocks.finish();
        return new Found(
                metadata.get(TikaCoreProperties.TITLE),
                mediaType,
                facts(metadata).asMap());
    }

    private static ParseContext context() {
        OfficeParserConfig config = new OfficeParserConfig();
        config.setUseSAXDocxExtractor(true);
        config.setUseSAXPptxExtractor(true);
        config.setIncludeSlideMasterContent(false);
        config.setExtractMacros(false);
        ParseContext context = new ParseContext();
        context.set(OfficeParserConfig.class, config);
        context.set(EmbeddedDocumentExtractor.class, new NothingEmbedded());
        return context;
    }

    private static Found.Facts facts(Metadata metadata) {
        return new Found.Facts()
                .put("author", metadata.get(TikaCoreProperties.CREATOR))
                .put("created", metadata.get(TikaCoreProperties.CREATED))
                .put("modified", metadata.get(TikaCoreProperties.MODIFIED))
                .put("language", metadata.get(TikaCoreProperties.LANGUAGE))
                .put("description", metadata.get(TikaCoreProperties.DESCRIPTION))
                .put("subject", metadata.get(TikaCoreProperties.SUBJECT))
                .put("keywords", metadata.get(Office.KEYWORDS));
    }

    private static final class NothingEmbedded implements EmbeddedDocumentExtractor {

        @Override
        public boolean shouldParseEmbedded(Metadata metadata) {
            return false;
        }

        @Override
        public void parseEmbedded(InputStream stream, ContentHandler handler, Metadata metadata, boolean outputHtml) {
            // never asked for
        }
    }
}
