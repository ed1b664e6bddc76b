package dev.tidemill.prune;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Looks for a text in rows and files.
final class Traces {

    private static final int BUFFER = 1 << 20;

    private Traces() {}

    /// Columns of the workspace of the transaction that hold the text, with how many rows of each.
    static Map<String, Long> inRows(JdbcClient jdbc, String text) {
        return asked(jdbc, "SELECT place, hits FROM find_traces(:text)", text);
    }

    /// Takes the text out of all rows that are no documents.
    static Map<String, Long> erase(JdbcClient jdbc, String text) {
        return asked(jdbc, "SELECT place, hits FROM erase_traces(:text)", text);
    }

    private static Map<String, Long> asked(JdbcClient jdbc, String sql, String text) {
        Map<String, Long> places = new LinkedHashMap<>();
        jdbc.sql(sql)
                .param("text", text)
                .query((row, n) -> places.put(row.getString(1), row.getLong(2)))
                .list();
        return places;
    }

    /// Files under a folder that hold the text, in whatever case its letters are.
    static List<Path> inFiles(Path folder, String text) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        byte[] needle = lower(text.getBytes(StandardCharsets.UTF_8));
        List<Path> found = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                byte[] name = lower(file.getFileName().toString().getBytes(StandardCharsets.UTF_8));
                if (indexOf(name, needle, 0) >= 0 || !places(file, needle).isEmpty()) {
                    found.add(file);
                }
            }
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot search " + folder + ": " + e.getMessage(), e);
        }
    }

    /// Overwrites the text in a file with as many asterisks: whoever appends to the file is not disturbed.
    static void overwrite(Path file, String text) {
        byte[] needle = lower(text.getBytes(StandardCharsets.UTF_8));
        byte[] stars = new byte[needle.length];
        Arrays.fill(stars, (byte) '*');
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            for (long place : places(file, needle)) {
                open.seek(place);
                open.write(stars);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot change " + file + ": " + e.getMessage(), e);
        }
    }

    private static List<Long> places(Path file, byte[] needle) throws IOException {
        List<Long> places = new ArrayList<>();
        try (var in = Files.newInputStream(file)) {
            byte[] window = new byte[BUFFER + needle.length];
            int kept = 0;
            long start = 0;
            for (int read = in.readNBytes(window, 0, BUFFER); read > 0; read = in.readNBytes(window, kept, BUFFER)) {
                int length = kept + read;
                byte[] searched = lower(Arrays.copyOf(window, length));
                for (int at = indexOf(searched, needle, 0); at >= 0; at = indexOf(searched, needle, at + 1)) {
                    places.add(start + at);
                }
                // The end of this window may be the beginning of the text.
                kept = Math.min(needle.length - 1, length);
                System.arraycopy(window, length - kept, window, 0, kept);
                start += length - kept;
            }
        }
        return places;
    }

    private static int indexOf(byte[] bytes, byte[] needle, int from) {
        for (int at = from; at <= bytes.length - needle.length; at++) {
            if (Arrays.equals(bytes, at, at + needle.length, needle, 0, needle.length)) {
                return at;
            }
        }
        return -1;
    }

    /// ASCII letters only, so that the length stays.
    private static byte[] lower(byte[] bytes) {
        byte[] lower = bytes.clone();
        for (int i = 0; i < lower.length; i++) {
            if (lower[i] >= 'A' && lower[i] <= 'Z') {
                lower[i] = (byte) (lower[i] + 'a' - 'A');
            }
        }
        return lower;
    }
}
