package dev.tidemill.extract;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.tika.parser.txt.CharsetDetector;
import org.apache.tika.parser.txt.CharsetMatch;
import org.jspecify.annotations.Nullable;

/// Finds the character set of a text. In this order: byte order mark, shape of UTF-16, bytes that only
/// UTF-8 makes, what the document declares, letter statistics, windows-1252.
final class Encoding {

    private static final Charset WINDOWS_1252 = Charset.forName("windows-1252");
    private static final int SAMPLE = 32_768;
    private static final int MIN_CONFIDENCE = 20;
    private static final Pattern DECLARED = Pattern.compile(
            "(?i)<\\?xml[^>]{0,200}?\\sencoding\\s*=\\s*[\"']([\\w.:-]{2,40})|<meta[^>]{0,500}?charset\\s*=\\s*[\"']?\\s*([\\w.:-]{2,40})");

    /// Sets whose letters are easily mistaken for each other in short Western texts.
    private static final Set<String> WESTERN_LOOKALIKES =
            Set.of("ISO-8859-1", "ISO-8859-2", "ISO-8859-9", "windows-1250", "windows-1252", "windows-1254", "IBM500");

    private Encoding() {}

    /// Opens a file as text. Bytes that fit no character become U+FFFD; a byte order mark is left out.
    static Reader open(Path file, boolean declares, TimeBudget time) throws IOException {
        Charset charset = detect(file, declares, time);
        InputStream bytes = Files.newInputStream(file);
        try {
            bytes.skipNBytes(markLength(bytes(file, 4)));
            return reader(bytes, charset);
        } catch (IOException | RuntimeException e) {
            bytes.close();
            throw e;
        }
    }

    static Reader reader(InputStream bytes, Charset charset) {
        return new InputStreamReader(
                bytes,
                charset.newDecoder()
                        .onMalformedInput(CodingErrorAction.REPLACE)
                        .onUnmappableCharacter(CodingErrorAction.REPLACE));
    }

    static Charset detect(Path file, boolean declares, TimeBudget time) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return detect(in, declares, time);
        }
    }

    /// The text of a part of a message that names no usable character set.
    static String decode(byte[] bytes, boolean declares) throws IOException {
        Charset charset = detect(new java.io.ByteArrayInputStream(bytes), declares, TimeBudget.unlimited());
        int mark = markLength(bytes);
        return new String(bytes, mark, bytes.length - mark, charset);
    }

    private static Charset detect(InputStream in, boolean declares, TimeBudget time) throws IOException {
        byte[] buffer = new byte[ContentType.HEAD];
        int filled = in.readNBytes(buffer, 0, buffer.length);
        byte[] head = Arrays.copyOf(buffer, filled);
        Charset unicode = unicodeByShape(head);
        if (unicode != null) {
            return unicode;
        }
        Utf8Scan scan = new Utf8Scan();
        byte[] sample = head;
        while (filled > 0) {
            boolean seen = scan.sawNonAscii();
            scan.scan(buffer, filled);
            if (!seen && scan.sawNonAscii()) {
                sample = Arrays.copyOf(buffer, filled);
            }
            if (scan.isHopeless()) {
                break;
            }
            time.check();
            filled = in.readNBytes(buffer, 0, buffer.length);
        }
        if (!scan.sawNonAscii()) {
            return isIso2022Jp(head) ? Charset.forName("ISO-2022-JP") : StandardCharsets.UTF_8;
        }
        if (scan.isUtf8()) {
            return StandardCharsets.UTF_8;
        }
        Charset declared = declares ? declared(head) : null;
        return declared != null && !declared.equals(StandardCharsets.UTF_8) ? declared : byStatistics(sample);
    }

    /// UTF-8, UTF-16 or UTF-32 by their mark, or UTF-16 by where its zero bytes stand.
    static @Nullable Charset unicodeByShape(byte[] head) {
        if (startsWith(head, 0xef, 0xbb, 0xbf)) {
            return StandardCharsets.UTF_8;
        }
        if (startsWith(head, 0xff, 0xfe, 0, 0)) {
            return Charset.forName("UTF-32LE");
        }
        if (startsWith(head, 0, 0, 0xfe, 0xff)) {
            return Charset.forName("UTF-32BE");
        }
        if (startsWith(head, 0xff, 0xfe)) {
            return hasTextAfterMark(head) ? StandardCharsets.UTF_16LE : null;
        }
        if (startsWith(head, 0xfe, 0xff)) {
            return hasTextAfterMark(head) ? StandardCharsets.UTF_16BE : null;
        }
        int[] zeros = new int[2];
        for (int i = 0; i < head.length; i++) {
            if (head[i] == 0) {
                zeros[i & 1]++;
            }
        }
        int half = head.length / 2;
        if (half >= 4 && zeros[1] > half * 2 / 5 && zeros[0] <= half / 50) {
            return StandardCharsets.UTF_16LE;
        }
        return half >= 4 && zeros[0] > half * 2 / 5 && zeros[1] <= half / 50 ? StandardCharsets.UTF_16BE : null;
    }

    /// Compressed audio may start with the bytes of a mark, but decodes to many unassigned characters.
    private static boolean hasTextAfterMark(byte[] head) {
        String text = new String(head, head[0] == (byte) 0xff ? StandardCharsets.UTF_16LE : StandardCharsets.UTF_16BE);
        long wrong = text.chars()
                .limit(2_000)
                .filter(c -> c == 0xfffd || !Character.isDefined(c) || Character.getType(c) == Character.PRIVATE_USE)
                .count();
        return wrong <= 2 + Math.min(2_000, text.length()) / 50;
    }

    private static int markLength(byte[] head) {
        if (startsWith(head, 0xef, 0xbb, 0xbf)) {
            return 3;
        }
        if (startsWith(head, 0xff, 0xfe, 0, 0) || startsWith(head, 0, 0, 0xfe, 0xff)) {
            return 4;
        }
        return startsWith(head, 0xff, 0xfe) || startsWith(head, 0xfe, 0xff) ? 2 : 0;
    }

    private static byte[] bytes(Path file, int count) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(count);
        }
    }

    private static boolean startsWith(byte[] head, int... mark) {
        if (head.length < mark.length) {
            return false;
        }
        for (int i = 0; i < mark.length; i++) {
            if ((head[i] & 0xff) != mark[i]) {
                return false;
            }
        }
        return true;
    }

    private static boolean isIso2022Jp(byte[] head) {
        for (int i = 0; i + 2 < head.length; i++) {
            if (head[i] == 0x1b && head[i + 1] == '$' && (head[i + 2] == 'B' || head[i + 2] == '@')) {
                return true;
            }
        }
        return false;
    }

    private static @Nullable Charset declared(byte[] head) {
        Matcher matcher = DECLARED.matcher(new String(head, StandardCharsets.ISO_8859_1));
        if (!matcher.find()) {
            return null;
        }
        String name = matcher.group(1) != null ? matcher.group(1) : matcher.group(2);
        return named(name);
    }

    /// A character set by the name a document or mail gives it, the way browsers take it; null if
    /// unknown or if it cannot be the one of a text whose declaration was readable byte by byte.
    static @Nullable Charset named(@Nullable String name) {
        if (name == null) {
            return null;
        }
        String lower = name.strip().toLowerCase(Locale.ROOT);
        return switch (lower) {
            case "iso-8859-1", "latin1", "us-ascii", "ascii", "8859_1" -> WINDOWS_1252;
            case "shift_jis", "shift-jis", "sjis", "x-sjis" -> Charset.forName("windows-31j");
            case "gb2312", "gbk" -> Charset.forName("GB18030");
            case "ks_c_5601-1987", "euc-kr" -> Charset.forName("x-windows-949");
            default -> supported(lower);
        };
    }

    private static @Nullable Charset supported(String name) {
        try {
            Charset charset = Charset.forName(name);
            return charset.name().startsWith("UTF-16") || charset.name().startsWith("UTF-32") ? null : charset;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static Charset byStatistics(byte[] sample) {
        int first = 0;
        while (first < sample.length && sample[first] >= 0) {
            first++;
        }
        int from = Math.max(0, Math.min(first - 512, sample.length - SAMPLE));
        CharsetMatch[] matches = new CharsetDetector()
                .setText(Arrays.copyOfRange(sample, from, Math.min(sample.length, from + SAMPLE)))
                .detectAll();
        for (CharsetMatch match : matches) {
            String name = match.getName();
            if (match.getConfidence() < MIN_CONFIDENCE) {
                break;
            }
            if (!name.startsWith("UTF") && !isDoubtful(name, match.getConfidence())) {
                Charset charset = named(name.replace("_rtl", "").replace("_ltr", ""));
                if (charset != null) {
                    return charset;
                }
            }
        }
        return WINDOWS_1252;
    }

    private static boolean isDoubtful(String name, int confidence) {
        return WESTERN_LOOKALIKES.contains(name) && confidence < 50;
    }

    /// Counts how well bytes fit UTF-8.
    private static final class Utf8Scan {

        private long sequences;
        private long errors;
        private int missing;
        private boolean nonAscii;

        void scan(byte[] bytes, int length) {
            for (int i = 0; i < length; i++) {
                int b = bytes[i];
                if (b >= 0) {
                    if (missing > 0) {
                        errors++;
                        missing = 0;
                    }
                } else {
                    nonAscii = true;
                    next(b & 0xff);
                }
            }
        }

        private void next(int b) {
            if (missing > 0 && b < 0xc0) {
                if (--missing == 0) {
                    sequences++;
                }
                return;
            }
            if (missing > 0 || b < 0xc2 || b > 0xf4) {
                errors++;
            }
            missing = b < 0xc2 || b > 0xf4 ? 0 : b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
        }

        boolean sawNonAscii() {
            return nonAscii;
        }

        boolean isHopeless() {
            return errors > 1_000 && errors > sequences;
        }

        /// A broken byte here and there does not make a long text another character set.
        boolean isUtf8() {
            return errors == 0 || sequences >= errors * 10;
        }
    }
}
