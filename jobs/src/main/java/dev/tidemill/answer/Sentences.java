package dev.tidemill.answer;

import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Splits text into sentences and keeps where each stands.
final class Sentences {

    private static final Pattern BLANK_LINE = Pattern.compile("\\R[ \\t]*\\R\\s*");
    private static final Pattern ABBREVIATED = Pattern.compile(
            "(?:^|[\\s(])(?:e\\.g|i\\.e|vs|cf|al|etc|[Ff]igs?|[Ee]qs?|[Nn]o|[Ss]ec|[Dd]r|[Mm]rs?|approx|resp)\\.\\s*$");

    private Sentences() {}

    /// One sentence.
    ///
    /// @param start first char within the text
    /// @param end char after it, white space around it left out
    record Span(int start, int end) {}

    static List<Span> of(String text) {
        List<Span> spans = new ArrayList<>();
        Matcher gap = BLANK_LINE.matcher(text);
        int from = 0;
        while (gap.find()) {
            paragraph(text, from, gap.start(), spans);
            from = gap.end();
        }
        paragraph(text, from, text.length(), spans);
        return spans;
    }

    private static void paragraph(String text, int from, int to, List<Span> spans) {
        String paragraph = text.substring(from, to);
        BreakIterator breaks = BreakIterator.getSentenceInstance(Locale.ENGLISH);
        breaks.setText(paragraph);
        int start = 0;
        for (int end = breaks.next(); end != BreakIterator.DONE; end = breaks.next()) {
            boolean last = end == paragraph.length();
            if (!last && ABBREVIATED.matcher(paragraph.substring(start, end)).find()) {
                continue;
            }
            add(text, from + start, from + end, spans);
            start = end;
        }
        add(text, from + start, to, spans);
    }

    private static void add(String text, int from, int to, List<Span> spans) {
        int start = from;
        int end = to;
        while (start < end && Character.isWhitespace(text.charAt(start))) {
            start++;
        }
        while (end > start && Character.isWhitespace(text.charAt(end - 1))) {
            end--;
        }
        if (end > start) {
            spans.add(new Span(start, end));
        }
    }
}
