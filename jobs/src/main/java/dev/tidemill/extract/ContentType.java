package dev.tidemill.extract;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Decides from the first bytes what a file is. The ending of its name only chooses between text formats, which
/// look alike.
final class ContentType {

    /// How many bytes from the start are looked at.
    static final int HEAD = 65_536;

    /// What was found.
    ///
    /// @param format null where nothing reads this kind of content
    record Decision(@Nullable Format format, String mediaType) {}

    private record Magic(int offset, String bytes, String mediaType) {

        Magic(int offset, String ascii, String mediaType, boolean text) {
            this(
                    offset,
                    text ? ascii : new String(HexFormat.of().parseHex(ascii), StandardCharsets.ISO_8859_1),
                    mediaType);
        }

        boolean matches(String head) {
            return head.startsWith(bytes, offset);
        }
    }

    private static Magic hex(int offset, String hex, String mediaType) {
        return new Magic(offset, hex, mediaType, false);
    }

    private static Magic ascii(int offset, String ascii, String mediaType) {
        return new Magic(offset, ascii, mediaType, true);
    }

    private static final List<Magic> UNREADABLE = List.of(
            hex(0, "89504e47", "image/png"),
            hex(0, "ffd8ff", "image/jpeg"),
            ascii(0, "GIF8", "image/gif"),
            hex(0, "49492a00", "image/tiff"),
            hex(0, "4d4d002a", "image/tiff"),
            ascii(8, "WEBP", "image/webp"),
            hex(0, "00000100", "image/x-icon"),
            ascii(0, "8BPS", "image/vnd.adobe.photoshop"),
            ascii(0, "ID3", "audio/mpeg"),
            ascii(0, "OggS", "application/ogg"),
            ascii(0, "fLaC", "audio/flac"),
            ascii(8, "WAVE", "audio/vnd.wave"),
            ascii(8, "AVI ", "video/x-msvideo"),
            ascii(4, "ftyp", "video/mp4"),
            hex(0, "1a45dfa3", "video/x-matroska"),
            hex(0, "1f8b", "application/gzip"),
            hex(0, "1f9d", "application/x-compress"),
            hex(0, "fd377a585a00", "application/x-xz"),
            hex(0, "28b52ffd", "application/zstd"),
            hex(0, "377abcaf271c", "application/x-7z-compressed"),
            hex(0, "5d0000", "application/x-lzma"),
            ascii(0, "BZh", "application/x-bzip2"),
            ascii(0, "Rar!", "application/vnd.rar"),
            ascii(257, "ustar", "application/x-tar"),
            ascii(0, "MZ", "application/x-msdownload"),
            hex(0, "7f454c46", "application/x-elf"),
            hex(0, "cafebabe", "application/java-vm"),
            hex(0, "feedfacf", "application/x-mach-binary"),
            ascii(0, "SQLite format 3", "application/vnd.sqlite3"),
            ascii(0, "wOFF", "font/woff"),
            hex(0, "0001000000", "font/ttf"));

    private static final Pattern HEADER_LINE = Pattern.compile("[!-9;-~]{1,60}:(?:\\s.*)?");
    private static final Pattern MAIL_HEADER = Pattern.compile(
            "(?i)(?:from|to|received|message-id|mime-version|return-path|delivered-to|date|subject|reply-to):.*");
    private static final Pattern SUB_RIP_START =
            Pattern.compile("\\s*\\d+\\s*\\R\\d{1,3}:\\d\\d:\\d\\d[,.]\\d{3}\\s*-->");
    private static final Pattern HTML_START =
            Pattern.compile("(?i)<(?:!doctype\\s+html|html[\\s>]|head[\\s>]|body[\\s>])");

    private ContentType() {}

    static Decision decide(byte[] head, String fileName) {
        String raw = new String(head, StandardCharsets.ISO_8859_1);
        String ending = ending(fileName);
        if (isPdf(raw, ending)) {
            return readable(Format.PDF);
        }
        if (raw.startsWith("PK\u0003\u0004") || raw.startsWith("PK\u0005\u0006") || raw.startsWith("PK\u0007\u0008")) {
            return readable(Format.ZIP);
        }
        if (raw.startsWith("\u00d0\u00cf\u0011\u00e0\u00a1\u00b1\u001a\u00e1")) {
            return readable(Format.OLE2);
        }
        if (raw.stripLeading().startsWith("{\\rtf")) {
            return readable(Format.RTF);
        }
        for (Magic magic : UNREADABLE) {
            if (magic.matches(raw) && !(isLikelyText(head) && magic.bytes().length() < 4)) {
                return new Decision(null, magic.mediaType());
            }
        }
        Charset unicode = Encoding.unicodeByShape(head);
        if (unicode == null && isBinary(head)) {
            return new Decision(null, isMpegAudio(head) ? "audio/mpeg" : "application/octet-stream");
        }
        return readable(textFormat(unicode == null ? raw : new String(head, unicode), ending));
    }

    private static Decision readable(Format format) {
        return new Decision(format, format.mediaType());
    }

    static String ending(String fileName) {
        int dot = fileName.lastIndexOf('.');
        return dot < 0 ? "" : fileName.substring(dot + 1).toLowerCase(Locale.ROOT);
    }

    /// The header may be preceded by rubbish, but prose that mentions it is no PDF.
    private static boolean isPdf(String raw, String ending) {
        int at = raw.indexOf("%PDF-");
        return at == 0
                || (at > 0
                        && at < 1024
                        && (ending.equals("pdf") || raw.substring(0, at).isBlank()));
    }

    private static boolean isMpegAudio(byte[] head) {
        return head.length > 1 && (head[0] & 0xff) == 0xff && (head[1] & 0xe0) == 0xe0;
    }

    private static boolean isLikelyText(byte[] head) {
        return controls(head) == 0;
    }

    /// Control characters that no text uses make up a sixteenth or more; a few in a text are forgiven.
    private static boolean isBinary(byte[] head) {
        return controls(head) > Math.max(4, head.length / 16);
    }

    private static int controls(byte[] head) {
        int controls = 0;
        for (byte b : head) {
            if (b >= 0 && b < ' ' && b != '\n' && b != '\r' && b != '\t' && b != '\f' && b != 0x1b) {
                controls++;
            }
        }
        return controls;
    }

    private static Format textFormat(String text, String ending) {
        String head = text.startsWith("\ufeff") ? text.substring(1) : text.startsWith("ï»¿") ? text.substring(3) : text;
        if (head.startsWith("WEBVTT")) {
            return Format.WEB_VTT;
        }
        if (HTML_START.matcher(afterPreamble(head)).lookingAt()) {
            return Format.HTML;
        }
        if (head.stripLeading().startsWith("<?xml")) {
            return Format.XML;
        }
        if (SUB_RIP_START.matcher(head).lookingAt()) {
            return Format.SUB_RIP;
        }
        if (head.startsWith("From ") && (ending.equals("mbox") || mailHeaders(afterFirstLine(head)) >= 2)) {
            return Format.MBOX;
        }
        return byEnding(head, ending);
    }

    /// What follows white space, an XML declaration and comments.
    private static String afterPreamble(String head) {
        String rest = head.stripLeading();
        if (rest.startsWith("<?xml")) {
            rest = rest.substring(rest.indexOf('>') + 1).stripLeading();
        }
        while (rest.startsWith("<!--") && rest.contains("-->")) {
            rest = rest.substring(rest.indexOf("-->") + 3).stripLeading();
        }
        return rest;
    }

    private static Format byEnding(String head, String ending) {
        return switch (ending) {
            case "html", "htm", "xhtml" -> Format.HTML;
            case "md", "markdown", "mdx" -> Format.MARKDOWN;
            case "adoc", "asciidoc", "asc" -> Format.ASCIIDOC;
            case "rst", "rest" -> Format.RESTRUCTURED_TEXT;
            case "csv" -> Format.CSV;
            case "tsv", "tab" -> Format.TSV;
            case "json", "geojson" -> Format.JSON;
            case "jsonl", "ndjson" -> Format.JSON_LINES;
            case "xml", "svg", "rss", "atom", "dita", "dbk" -> startsWithTag(head) ? Format.XML : Format.TEXT;
            case "eml" -> Format.MAIL;
            case "mbox" -> Format.MBOX;
            case "vtt" -> Format.WEB_VTT;
            case "srt" -> Format.SUB_RIP;
            case "txt", "text", "log" -> mailHeaders(head) >= 4 ? Format.MAIL : Format.TEXT;
            default -> mailHeaders(head) >= 3 ? Format.MAIL : Format.TEXT;
        };
    }

    private static boolean startsWithTag(String head) {
        return head.stripLeading().startsWith("<");
    }

    private static String afterFirstLine(String head) {
        return head.substring(head.indexOf('\n') + 1);
    }

    /// How many header lines of a mail the text starts with; 0 if another line stands among them.
    private static int mailHeaders(String head) {
        int found = 0;
        for (String line : (Iterable<String>) head.lines().limit(100)::iterator) {
            if (line.isEmpty()) {
                return found;
            }
            if (Character.isWhitespace(line.charAt(0)) && found > 0) {
                continue;
            }
            if (!HEADER_LINE.matcher(line).matches()) {
                return 0;
            }
            if (MAIL_HEADER.matcher(line).matches()) {
                found++;
            }
        }
        return found;
    }
}
