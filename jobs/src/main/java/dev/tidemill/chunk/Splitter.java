package dev.tidemill.chunk;

import dev.tidemill.document.BlockKind;
import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.ToIntFunction;

/// Splits the text of a block into sentences or lines, and what is too long for a piece into clauses,
/// words, and at last parts of words. The parts together are the text.
final class Splitter {

    /// A part of a block.
    ///
    /// @param border the border before it
    record Part(String text, int tokens, Border border) {}

    private static final Set<String> ABBREVIATIONS = Set.of(
            "mr", "mrs", "ms", "dr", "prof", "sr", "jr", "st", "vs", "fig", "figs", "eq", "eqs", "vol", "pp", "cf",
            "al", "approx", "dept", "inc", "ltd", "ca", "resp", "sec", "ch", "ed", "eds", "ref", "refs", "z.b", "d.h",
            "bzw", "usw", "nr", "abb");

    private final ToIntFunction<String> tokens;
    private final int maxTokens;
    private final int maxChars;
    private final BreakIterator graphemes = BreakIterator.getCharacterInstance(Locale.ROOT);

    /// Splits for one document.
    ///
    /// @param tokens counts tokens without special ones
    /// @param maxTokens the most tokens of a part
    /// @param maxChars the most chars of a part
    Splitter(ToIntFunction<String> tokens, int maxTokens, int maxChars) {
        this.tokens = tokens;
        this.maxTokens = maxTokens;
        this.maxChars = maxChars;
    }

    /// Splits one block; the first part gets the border that lies before the block.
    List<Part> split(BlockKind kind, String text, Border before) {
        List<Part> parts = new ArrayList<>();
        Border border = before;
        int from = 0;
        while (from < text.length()) {
            int end = switch (kind) {
                case CODE -> lineEnd(text, from);
                case HEADING -> text.length();
                case PARAGRAPH, LIST_ITEM, TABLE_ROW, CUE -> sentenceEnd(text, from);
            };
            String sentence = text.substring(from, end);
            int count = isBlank(sentence) ? 0 : tokens.applyAsInt(sentence);
            if (count <= maxTokens && sentence.length() <= maxChars) {
                parts.add(new Part(sentence, count, border));
            } else {
                splitSentence(sentence, border, parts);
            }
            border = kind == BlockKind.HEADING
                    ? Border.GLUE
                    : endsWithBlankLine(sentence) ? Border.ITEM : Border.SENTENCE;
            from = end;
        }
        return parts;
    }

    private static int lineEnd(String text, int from) {
        int end = text.indexOf('\n', from);
        return end < 0 ? text.length() : end + 1;
    }

    private static int sentenceEnd(String text, int from) {
        int length = text.length();
        int at = from;
        while (at < length) {
            char c = text.charAt(at++);
            if (isWhite(c)) {
                int newlines = c == '\n' ? 1 : 0;
                for (; at < length && isWhite(text.charAt(at)); at++) {
                    newlines += text.charAt(at) == '\n' ? 1 : 0;
                }
                if (newlines > 1) {
                    return at;
                }
            } else if (isTerminator(c)) {
                int mark = at - 1;
                while (at < length && (isTerminator(text.charAt(at)) || isCloser(text.charAt(at)))) {
                    at++;
                }
                int next = at;
                while (next < length && isWhite(text.charAt(next))) {
                    next++;
                }
                boolean separated = next > at || isWide(c);
                if (next == length || (separated && startsSentence(text, next) && !isAbbreviation(text, from, mark))) {
                    return next;
                }
            }
        }
        return length;
    }

    private static boolean startsSentence(String text, int at) {
        return !Character.isLowerCase(text.codePointAt(at));
    }

    private static boolean isTerminator(char c) {
        return c == '.' || c == '!' || c == '?' || c == '…' || isWide(c);
    }

    private static boolean isWide(char c) {
        return c == '。' || c == '！' || c == '？' || c == '｡';
    }

    private static boolean isCloser(char c) {
        return switch (Character.getType(c)) {
            case Character.END_PUNCTUATION, Character.FINAL_QUOTE_PUNCTUATION -> true;
            default -> c == '"' || c == '\'' || c == '*' || c == '_';
        };
    }

    private static boolean isAbbreviation(String text, int from, int mark) {
        if (text.charAt(mark) != '.') {
            return false;
        }
        int start = mark;
        while (start > from
                && mark - start < 8
                && (Character.isLetter(text.charAt(start - 1)) || text.charAt(start - 1) == '.')) {
            start--;
        }
        String word = text.substring(start, mark).toLowerCase(Locale.ROOT);
        if (word.isEmpty()) {
            return isBlankOrNumber(text, from, mark);
        }
        boolean initials = true;
        for (int i = 0; i < word.length(); i++) {
            initials &= (word.charAt(i) == '.') == (i % 2 == 1);
        }
        return initials || ABBREVIATIONS.contains(word);
    }

    /// The `1.` of a numbered item is not a sentence.
    private static boolean isBlankOrNumber(String text, int from, int to) {
        for (int i = from; i < to; i++) {
            if (!isWhite(text.charAt(i)) && !Character.isDigit(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    private void splitSentence(String sentence, Border before, List<Part> parts) {
        StringBuilder open = new StringBuilder();
        int openTokens = 0;
        Border openBorder = before;
        Border border = before;
        int from = 0;
        while (from < sentence.length()) {
            int end = wordEnd(sentence, from);
            String word = sentence.substring(from, end);
            int count = isBlank(word) ? 0 : tokens.applyAsInt(word);
            boolean fits = openTokens + count <= maxTokens && open.length() + word.length() <= maxChars;
            boolean clauseDone = border == Border.CLAUSE && openTokens >= maxTokens / 2;
            if (!open.isEmpty() && (!fits || clauseDone)) {
                parts.add(new Part(open.toString(), openTokens, openBorder));
                open.setLength(0);
                openTokens = 0;
            }
            if (open.isEmpty()) {
                openBorder = border;
            }
            if (count > maxTokens || word.length() > maxChars) {
                splitWord(word, count, border, parts);
            } else {
                open.append(word);
                openTokens += count;
            }
            border = endsClause(word) ? Border.CLAUSE : Border.WORD;
            from = end;
        }
        if (!open.isEmpty()) {
            parts.add(new Part(open.toString(), openTokens, openBorder));
        }
    }

    private static int wordEnd(String text, int from) {
        int at = from;
        while (at < text.length() && !isWhite(text.charAt(at))) {
            at++;
        }
        while (at < text.length() && isWhite(text.charAt(at))) {
            at++;
        }
        return at;
    }

    private static boolean endsClause(String word) {
        String visible = word.stripTrailing();
        return word.indexOf('\n', visible.length()) >= 0
                || visible.endsWith(",")
                || visible.endsWith(";")
                || visible.endsWith(":")
                || visible.endsWith(" –");
    }

    private void splitWord(String word, int count, Border before, List<Part> parts) {
        int size = Math.max(1, Math.min(maxChars, (int) ((long) word.length() * maxTokens / Math.max(1, count))));
        Border border = before;
        int from = 0;
        while (from < word.length()) {
            int end = cut(word, from, size);
            String part = word.substring(from, end);
            int partTokens = isBlank(part) ? 0 : tokens.applyAsInt(part);
            for (int smaller = size / 2; partTokens > maxTokens && smaller > 0; smaller /= 2) {
                end = cut(word, from, smaller);
                part = word.substring(from, end);
                partTokens = tokens.applyAsInt(part);
            }
            parts.add(new Part(part, partTokens, border));
            border = Border.HARD;
            from = end;
        }
    }

    /// The end of a part of at most so many chars (one code point at least): after a sign, else between
    /// grapheme clusters, else between code points.
    private int cut(String word, int from, int size) {
        int limit = from + size;
        if (limit >= word.length()) {
            return word.length();
        }
        for (int at = limit; at > from + size / 2; at--) {
            int c = word.codePointBefore(at);
            if (isSign(c) && !isMark(word.codePointAt(at))) {
                return at;
            }
        }
        String window = word.substring(from, Math.min(word.length(), limit + 32));
        graphemes.setText(window);
        int cluster = graphemes.isBoundary(size) ? size : graphemes.preceding(size);
        if (cluster > 0) {
            return from + cluster;
        }
        boolean insidePair =
                Character.isHighSurrogate(word.charAt(limit - 1)) && Character.isLowSurrogate(word.charAt(limit));
        return !insidePair ? limit : size > 1 ? limit - 1 : limit + 1;
    }

    private static boolean isSign(int c) {
        return switch (Character.getType(c)) {
            case Character.DASH_PUNCTUATION,
                    Character.END_PUNCTUATION,
                    Character.FINAL_QUOTE_PUNCTUATION,
                    Character.OTHER_PUNCTUATION,
                    Character.CONNECTOR_PUNCTUATION -> true;
            default -> false;
        };
    }

    private static boolean isMark(int c) {
        return switch (Character.getType(c)) {
            case Character.NON_SPACING_MARK,
                    Character.COMBINING_SPACING_MARK,
                    Character.ENCLOSING_MARK,
                    Character.FORMAT,
                    Character.MODIFIER_SYMBOL -> true;
            default -> false;
        };
    }

    static boolean isWhite(int c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c);
    }

    static boolean isBlank(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (!isWhite(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean endsWithBlankLine(String text) {
        int newlines = 0;
        for (int i = text.length() - 1; i >= 0 && isWhite(text.charAt(i)); i--) {
            newlines += text.charAt(i) == '\n' ? 1 : 0;
        }
        return newlines > 1;
    }
}
