package dev.tidemill.extract;

import dev.tidemill.document.Block;
import dev.tidemill.document.BlockKind;
import dev.tidemill.document.RefusalReason;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Where every reader puts its text. Brings it into normal form (no NUL or other control characters, no half
/// surrogate pairs, line ends as \n), adds the white space that follows a block, splits what is too long, and
/// counts.
///
/// One block is held back, since the white space after it depends on what comes next.
final class BlockSink {

    private static final int MAX_HEADING = 500;

    private final Consumer<Block> receiver;
    private final long maxChars;
    private final TimeBudget time;
    private @Nullable Integer page;
    private @Nullable Held held;
    private @Nullable String firstHeading;
    private long chars;

    private record Held(
            BlockKind kind,
            int level,
            String text,
            @Nullable Integer page,
            @Nullable Long start,
            @Nullable Long end,
            boolean continued) {}

    BlockSink(Consumer<Block> receiver, long maxChars, TimeBudget time) {
        this.receiver = receiver;
        this.maxChars = maxChars;
        this.time = time;
    }

    /// The page, slide or sheet that what follows stands on, from 1.
    void page(int number) {
        page = number;
    }

    /// The name of a sheet: a heading that is no title of the document.
    void sheet(String name) {
        String title = firstHeading;
        heading(1, name);
        firstHeading = title;
    }

    void heading(int level, CharSequence text) {
        String heading = collapse(clean(text));
        if (heading.length() > MAX_HEADING) {
            block(BlockKind.PARAGRAPH, heading);
        } else if (!isBlank(heading)) {
            if (firstHeading == null) {
                firstHeading = heading;
            }
            hold(new Held(BlockKind.HEADING, Math.clamp(level, 1, 9), heading, page, null, null, false));
        }
    }

    /// A whole block; white space around it is replaced by what its neighbours call for.
    void block(BlockKind kind, CharSequence text) {
        String body = clean(text);
        if (!isBlank(body)) {
            body = kind == BlockKind.CODE ? withoutBlankLinesAround(body) : body.strip();
            hold(new Held(kind, 0, body, page, null, null, false));
        }
    }

    /// A piece of a block that goes on: it is handed on as it is, with the white space it ends with.
    void piece(BlockKind kind, CharSequence text) {
        String body = clean(text);
        if (!isBlank(body)) {
            hold(new Held(kind, 0, body, page, null, null, true));
        }
    }

    void cue(long startMillis, long endMillis, CharSequence text) {
        String body = clean(text).strip();
        if (!isBlank(body)) {
            hold(new Held(BlockKind.CUE, 0, body, null, startMillis, endMillis, false));
        }
    }

    /// Hands on what is held back. To be called once, after the last block.
    void finish() {
        if (held != null) {
            deliver(held, "\n");
            held = null;
        }
    }

    boolean isEmpty() {
        return chars == 0 && held == null;
    }

    @Nullable
    String firstHeading() {
        return firstHeading;
    }

    private void hold(Held next) {
        if (held != null) {
            deliver(held, held.continued ? "" : gap(held.kind, next.kind));
        }
        held = next;
    }

    private static String gap(BlockKind before, BlockKind after) {
        return before == after
                        && (before == BlockKind.LIST_ITEM || before == BlockKind.TABLE_ROW || before == BlockKind.CUE)
                ? "\n"
                : "\n\n";
    }

    private void deliver(Held block, String gap) {
        String rest = block.text;
        while (rest.length() + gap.length() > Block.MAX_LENGTH) {
            int cut = cutPoint(rest, Block.MAX_LENGTH - 2);
            deliver(block, block.kind, block.level, rest.substring(0, cut));
            rest = rest.substring(cut);
        }
        deliver(block, block.kind, block.level, rest + gap);
    }

    private void deliver(Held block, BlockKind kind, int level, String text) {
        chars += text.length();
        if (chars > maxChars) {
            throw new RefusedException(
                    RefusalReason.TOO_MUCH_TEXT, "Its text is longer than the limit of " + maxChars + " characters.");
        }
        time.check();
        time.pause();
        receiver.accept(new Block(kind, level, text, block.page, block.start, block.end));
        time.resume();
    }

    /// After the last white space in the second half of the room, else between two whole characters.
    static int cutPoint(String text, int room) {
        if (text.length() <= room) {
            return text.length();
        }
        for (int i = room; i > room / 2; i--) {
            if (Character.isWhitespace(text.charAt(i - 1))) {
                return i;
            }
        }
        return Character.isHighSurrogate(text.charAt(room - 1)) ? room - 1 : room;
    }

    static String clean(CharSequence text) {
        int length = text.length();
        int i = 0;
        while (i < length && isPlain(text.charAt(i))) {
            i++;
        }
        if (i == length) {
            return text.toString();
        }
        StringBuilder out = new StringBuilder(length).append(text, 0, i);
        for (; i < length; i++) {
            char c = text.charAt(i);
            if (isPlain(c)) {
                out.append(c);
            } else if (c == '\r') {
                if (i + 1 == length || text.charAt(i + 1) != '\n') {
                    out.append('\n');
                }
            } else if (c == '\f' || c == '\u000b') {
                out.append('\n');
            } else if (Character.isHighSurrogate(c) && i + 1 < length && Character.isLowSurrogate(text.charAt(i + 1))) {
                out.append(c).append(text.charAt(++i));
            } else if (Character.isSurrogate(c)) {
                out.append('\ufffd');
            }
        }
        return out.toString();
    }

    private static boolean isPlain(char c) {
        return c >= ' ' ? (c != '\u007f' && c != '\ufeff' && !Character.isSurrogate(c)) : (c == '\n' || c == '\t');
    }

    static String collapse(CharSequence text) {
        StringBuilder out = new StringBuilder(text.length());
        boolean gap = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isWhitespace(c) || c == '\u00a0') {
                gap = !out.isEmpty();
            } else {
                if (gap) {
                    out.append(' ');
                    gap = false;
                }
                out.append(c);
            }
        }
        return out.toString();
    }

    /// No character of it can be seen.
    static boolean isBlank(CharSequence text) {
        return text.codePoints().noneMatch(BlockSink::isVisible);
    }

    private static boolean isVisible(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.SPACE_SEPARATOR,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.CONTROL,
                    Character.FORMAT -> false;
            default -> true;
        };
    }

    private static String withoutBlankLinesAround(String code) {
        String end = code.stripTrailing();
        int start = 0;
        for (int i = 0; i < end.length() && Character.isWhitespace(end.charAt(i)); i++) {
            if (end.charAt(i) == '\n') {
                start = i + 1;
            }
        }
        return end.substring(start);
    }
}
