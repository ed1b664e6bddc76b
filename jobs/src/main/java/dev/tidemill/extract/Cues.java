package dev.tidemill.extract;

import java.io.IOException;
import java.io.Reader;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Subtitles with their time codes: WebVTT and SubRip. Styling is left out; the name of a voice stays before its
/// words.
final class Cues {

    private static final Pattern TIMING = Pattern.compile(
            "\\s*(?:(\\d{1,4}):)?(\\d{1,2}):(\\d{1,2})[.,](\\d{1,3})\\s*-->\\s*(?:(\\d{1,4}):)?(\\d{1,2}):(\\d{1,2})[.,](\\d{1,3}).*");
    private static final Pattern VOICE = Pattern.compile("<v(?:\\.[^\\s>]{0,200})?\\s+([^>]{1,200})>");
    private static final Pattern TAG = Pattern.compile("</?[a-zA-Z0-9][^>]{0,300}>|\\{\\\\[^}]{0,300}\\}");

    private final LineReader lines;
    private final BlockSink sink;

    private Cues(Reader text, BlockSink sink) {
        this.lines = new LineReader(text);
        this.sink = sink;
    }

    static Found read(Reader text, BlockSink sink, Format format) throws IOException {
        String title = new Cues(text, sink).read();
        return Found.titled(format, title);
    }

    private @Nullable String read() throws IOException {
        String title = null;
        String line;
        while ((line = lines.next()) != null) {
            Matcher timing = TIMING.matcher(line);
            if (lines.number() == 1 && line.startsWith("WEBVTT") && line.length() > 7) {
                title = line.substring(7).replaceFirst("^\\s*-\\s*", "").strip();
            } else if (timing.matches()) {
                sink.cue(millis(timing, 1), millis(timing, 5), words());
            }
        }
        return title == null || title.isEmpty() ? null : title;
    }

    private String words() throws IOException {
        StringBuilder words = new StringBuilder();
        String line;
        while ((line = lines.next()) != null && !line.isBlank()) {
            if (words.length() < LineReader.MAX_LINE) {
                words.append(words.isEmpty() ? "" : "\n").append(plain(line));
            }
        }
        return words.toString();
    }

    private static String plain(String line) {
        String text = VOICE.matcher(line).replaceAll("$1: ");
        text = TAG.matcher(text).replaceAll("");
        return text.replace("&nbsp;", " ")
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&");
    }

    private static long millis(Matcher timing, int group) {
        String hours = timing.group(group);
        String fraction = (timing.group(group + 3) + "00").substring(0, 3);
        return (hours == null ? 0 : Long.parseLong(hours) * 3_600_000)
                + Long.parseLong(timing.group(group + 1)) * 60_000
                + Long.parseLong(timing.group(group + 2)) * 1_000
                + Long.parseLong(fraction);
    }
}
