package dev.tidemill.chunk;

import dev.tidemill.document.Block;
import dev.tidemill.document.BlockKind;
import dev.tidemill.document.Chunk;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/// Cuts one document into chunks while its blocks arrive. Not thread-safe; one for each document.
///
/// A section that fits stays whole. A longer one is cut at the best border in the second half of the
/// target size: between blocks, else items, sentences, words. Sections too small to stand alone join
/// the next one under the same parent. Each chunk carries title and heading path as context, and a
/// table's first row where it starts in the middle of the table.
///
/// Tokens are counted once for each sentence and once for each finished chunk, never for a growing
/// text.
public final class Chunker {

    /// A section is too small to stand alone below this part of the target.
    private static final int TINY_PART = 4;

    /// The path of headings and the row of a table may each take this part of the target.
    private static final int HEADER_PART = 4;

    private static final int DEEPEST_LEVEL = 12;
    private static final int LONGEST_TABLE_HEADER = 400;

    private final ChunkProfile profile;
    private final ToIntFunction<String> countTokens;
    private final Consumer<Chunk> sink;
    private final int specialTokens;
    private final ContextHeader contextHeader;
    private final Splitter splitter;

    private final List<String> headings = new ArrayList<>();
    private final List<Integer> levels = new ArrayList<>();
    private Section section;
    private Piece.@Nullable Table table;
    private @Nullable Block lastBlock;
    private String carry = "";
    private int offset;
    private boolean finished;

    /// What is not in a chunk yet; its first pieces may be a repetition of the last chunk.
    private List<Piece> open = new ArrayList<>();

    /// How many pieces at the start of what is open are that repetition.
    private int repeated;

    private int openTokens;
    private int openChars;
    private int openHeader;

    /// The last chunk, kept back because a small rest of its section may join it.
    private List<Piece> held = new ArrayList<>();

    private int ordinal;
    private int deliveredEnd;

    /// Starts a document.
    ///
    /// @param title the document's title, null where it has none
    /// @param countTokens the embedding model's count, special tokens included
    /// @param sink receives the chunks in order
    public Chunker(
            ChunkProfile profile, @Nullable String title, ToIntFunction<String> countTokens, Consumer<Chunk> sink) {
        this.profile = profile;
        this.countTokens = countTokens;
        this.sink = sink;
        this.specialTokens = countTokens.applyAsInt("");
        ToIntFunction<String> plainTokens = text -> countTokens.applyAsInt(text) - specialTokens;
        this.contextHeader = new ContextHeader(title, plainTokens, profile.targetTokens() / HEADER_PART);
        this.splitter = new Splitter(plainTokens, (profile.targetTokens() - 2) / 4, profile.maxChars() / 4);
        this.section = contextHeader.section(0, List.of());
    }

    /// Takes the next block in reading order.
    public void accept(Block block) {
        if (finished) {
            throw new IllegalStateException("a block after the end of the document");
        }
        String text = carry + block.text();
        carry = "";
        if (!text.isEmpty() && Character.isHighSurrogate(text.charAt(text.length() - 1))) {
            // The extractor split a long text inside a code point.
            carry = text.substring(text.length() - 1);
            text = text.substring(0, text.length() - 1);
        }
        if (!text.isEmpty()) {
            add(block, text);
        }
    }

    /// Ends the document: delivers the chunks that are still open.
    public void finish() {
        if (finished) {
            throw new IllegalStateException("the document has ended already");
        }
        if (!carry.isEmpty()) {
            add(Block.of(BlockKind.PARAGRAPH, carry), carry);
        }
        finished = true;
        flush();
        emit(held);
    }

    private void add(Block block, String text) {
        boolean blank = Splitter.isBlank(text);
        Border border = blank ? Border.HARD : borderBefore(block);
        if (!blank) {
            if (block.kind() == BlockKind.HEADING) {
                enterSection(block.level(), ContextHeader.oneLine(text));
            }
            enterTable(block, text);
            lastBlock = block;
        }
        for (Splitter.Part part : splitter.split(block.kind(), text, border)) {
            int codePoints = part.text().codePointCount(0, part.text().length());
            append(new Piece(part.text(), offset, codePoints, part.tokens(), part.border(), block, section, table));
            offset += codePoints;
        }
    }

    private Border borderBefore(Block block) {
        Block last = lastBlock;
        if (last == null || block.kind() == BlockKind.HEADING) {
            return Border.SECTION;
        }
        String text = last.text();
        if (!text.isEmpty() && !Splitter.isWhite(text.charAt(text.length() - 1)) && last.kind() == block.kind()) {
            // Nothing separates the two: one text that was too long for one block.
            return Border.HARD;
        }
        if (last.kind() == BlockKind.HEADING) {
            return Border.GLUE;
        }
        char end = lastVisible(text);
        if (last.kind() != block.kind()) {
            return end == ':' ? Border.CLAUSE : Border.BLOCK;
        }
        return switch (block.kind()) {
            case CUE -> ".!?…。！？".indexOf(end) >= 0 ? Border.ITEM : Border.CLAUSE;
            case LIST_ITEM, TABLE_ROW, CODE -> Border.ITEM;
            case PARAGRAPH, HEADING -> Border.BLOCK;
        };
    }

    private static char lastVisible(String text) {
        int at = text.length() - 1;
        while (at >= 0 && Splitter.isWhite(text.charAt(at))) {
            at--;
        }
        return at < 0 ? ' ' : text.charAt(at);
    }

    private void enterSection(int statedLevel, String heading) {
        int level = Math.min(statedLevel, DEEPEST_LEVEL);
        while (!levels.isEmpty() && levels.getLast() >= level) {
            levels.removeLast();
            headings.removeLast();
        }
        levels.add(level);
        headings.add(heading);
        Section next = contextHeader.section(section.number() + 1, headings);
        boolean tiny = newTokens(open, repeated) < profile.targetTokens() / TINY_PART;
        boolean restOfHeld = !held.isEmpty() && held.getLast().section().is(section) && fitsHeld(rest(open, repeated));
        boolean pathKept = section.path().isEmpty() || namesItself(rest(open, repeated), section);
        if (tiny && !restOfHeld && pathKept && section.isSiblingOrParentOf(next)) {
            open = new ArrayList<>(rest(open, repeated));
            repeated = 0;
            measure();
        } else {
            flush();
        }
        section = next;
    }

    private void enterTable(Block block, String text) {
        if (block.kind() != BlockKind.TABLE_ROW) {
            table = null;
            return;
        }
        Block last = lastBlock;
        boolean continues =
                last != null && last.kind() == BlockKind.TABLE_ROW && Objects.equals(last.page(), block.page());
        if (table == null || !continues) {
            int end = offset + text.codePointCount(0, text.length());
            String row = text.strip().replaceAll("\\R", " ");
            int tokens = row.length() > LONGEST_TABLE_HEADER
                    ? Integer.MAX_VALUE
                    : countTokens.applyAsInt(row) - specialTokens;
            table = tokens > profile.targetTokens() / HEADER_PART
                    ? new Piece.Table("", 0, end)
                    : new Piece.Table(row, tokens, end);
        }
    }

    private void append(Piece piece) {
        open.add(piece);
        count(piece);
        while (isOver()) {
            cut();
        }
    }

    private void count(Piece piece) {
        openTokens += piece.tokens();
        openChars += piece.text().length();
        openHeader = Math.max(openHeader, headerTokens(piece));
    }

    private static int headerTokens(Piece piece) {
        Piece.Table table = piece.table();
        return piece.section().headerTokens() + (table == null ? 0 : table.headerTokens());
    }

    private boolean isOver() {
        return specialTokens + openHeader + openTokens > profile.maxTokens() || openChars > profile.maxChars();
    }

    private void measure() {
        openTokens = 0;
        openChars = 0;
        openHeader = 0;
        open.forEach(this::count);
    }

    /// Makes a chunk of the first part of what is open, up to the best border.
    private void cut() {
        int room = Math.max(1, profile.targetTokens() - specialTokens - openHeader);
        int end = bestBorder(room);
        List<Piece> chunk = List.copyOf(open.subList(0, end));
        int from = end == open.size() ? end : overlapStart(end, room / 3);
        int alreadyThere = repeated;
        open = new ArrayList<>(open.subList(from, open.size()));
        repeated = end - from;
        measure();
        hold(chunk, alreadyThere);
    }

    private int bestBorder(int room) {
        double[] fill = new double[open.size()];
        int tokens = 0;
        int chars = 0;
        int last = repeated + 1;
        for (int i = 0; i < open.size(); i++) {
            fill[i] = Math.max((double) tokens / room, (double) chars / profile.maxChars());
            if (i > repeated && fill[i] <= 1) {
                last = i;
            }
            tokens += open.get(i).tokens();
            chars += open.get(i).text().length();
        }
        if (last >= open.size()) {
            return open.size();
        }
        int best = last;
        for (int i = last - 1; i > repeated && fill[i] >= fill[last] / 2; i--) {
            if (open.get(i).border().compareTo(open.get(best).border()) > 0) {
                best = i;
            }
        }
        return best;
    }

    /// Where the repetition begins that the next chunk starts with: whole sentences of the same section.
    private int overlapStart(int end, int room) {
        int limit = Math.min(profile.overlapTokens(), room);
        int tokens = 0;
        int chars = 0;
        int start = end;
        int first = repeated;
        while (first < end && open.get(first).isBlank()) {
            first++;
        }
        for (int i = end - 1; i > first; i--) {
            Piece piece = open.get(i);
            tokens += piece.tokens();
            chars += piece.text().length();
            boolean allowed = piece.mayOverlap()
                    && piece.section().is(open.get(end).section())
                    && tokens <= limit
                    && chars <= profile.maxChars() / 4;
            if (!allowed) {
                break;
            }
            if (piece.startsSentence() && !piece.isBlank()) {
                start = i;
            }
        }
        return start;
    }

    private void flush() {
        List<Piece> chunk = List.copyOf(open);
        int alreadyThere = repeated;
        open = new ArrayList<>();
        repeated = 0;
        measure();
        hold(chunk, alreadyThere);
    }

    /// Hands on the chunk that was kept back and keeps this one, unless it is a small rest that joins the other.
    private void hold(List<Piece> chunk, int alreadyThere) {
        List<Piece> fresh = rest(chunk, alreadyThere);
        if (fresh.stream().allMatch(Piece::isBlank)) {
            return;
        }
        if (newTokens(chunk, alreadyThere) < profile.targetTokens() / TINY_PART && mayJoinHeld(fresh)) {
            held.addAll(fresh);
            return;
        }
        emit(held);
        held = new ArrayList<>(chunk);
    }

    private boolean mayJoinHeld(List<Piece> rest) {
        boolean adjoins =
                !held.isEmpty() && held.getLast().end() == rest.getFirst().start();
        if (!adjoins || !fitsHeld(rest)) {
            return false;
        }
        Section first = held.getLast().section();
        Section second = rest.getLast().section();
        if (first.is(second) || first.shared(second) == first.path().size()) {
            return true;
        }
        return namesItself(held, first) && first.isSiblingOrParentOf(second);
    }

    /// Whether the heading is part of the text, so that nothing is lost where the path ends above it.
    private static boolean namesItself(List<Piece> pieces, Section section) {
        return pieces.stream()
                .anyMatch(piece -> piece.isHeading() && piece.section().is(section));
    }

    private boolean fitsHeld(List<Piece> rest) {
        int tokens = specialTokens;
        int chars = 0;
        int header = 0;
        for (List<Piece> pieces : List.of(held, rest)) {
            for (Piece piece : pieces) {
                tokens += piece.tokens();
                chars += piece.text().length();
                header = Math.max(header, headerTokens(piece));
            }
        }
        return tokens + header <= profile.maxTokens() && chars <= profile.maxChars();
    }

    private static List<Piece> rest(List<Piece> pieces, int from) {
        return pieces.subList(from, pieces.size());
    }

    private static int newTokens(List<Piece> pieces, int from) {
        return rest(pieces, from).stream().mapToInt(Piece::tokens).sum();
    }

    private void emit(List<Piece> pieces) {
        List<Piece> visible = trim(pieces);
        if (visible.isEmpty()) {
            return;
        }
        Span span = span(visible);
        if (span.end() <= deliveredEnd) {
            return;
        }
        Section place = place(visible);
        String header = header(place, visible.getFirst());
        int tokens = countTokens.applyAsInt(header.isEmpty() ? span.text() : header + "\n" + span.text());
        if (tokens > profile.maxTokens()) {
            emitInParts(visible, place);
            return;
        }
        deliveredEnd = span.end();
        sink.accept(new Chunk(
                ordinal++,
                span.start(),
                span.end(),
                span.text(),
                header,
                place.path(),
                tokens,
                first(visible, piece -> piece.block().page()),
                first(visible.reversed(), piece -> piece.block().page()),
                first(visible, piece -> piece.block().startMillis()),
                first(visible.reversed(), piece -> piece.block().endMillis())));
    }

    /// The sum of the pieces was less than the whole, which only a word cut in parts can cause: half of it will
    /// fit.
    private void emitInParts(List<Piece> pieces, Section place) {
        if (pieces.size() > 1) {
            int middle = pieces.size() / 2;
            emit(pieces.subList(0, middle));
            emit(pieces.subList(middle, pieces.size()));
            return;
        }
        Piece piece = pieces.getFirst();
        if (piece.codePoints() == 1) {
            throw new IllegalStateException(
                    "one character under the heading path " + place.path() + " has more tokens than "
                            + profile.maxTokens() + ", the most of the chunk profile " + profile.id());
        }
        int left = piece.codePoints() / 2;
        int at = piece.text().offsetByCodePoints(0, left);
        emit(List.of(part(piece, 0, at, 0, left)));
        emit(List.of(part(piece, at, piece.text().length(), left, piece.codePoints())));
    }

    private static Piece part(Piece piece, int from, int to, int firstCodePoint, int endCodePoint) {
        return new Piece(
                piece.text().substring(from, to),
                piece.start() + firstCodePoint,
                endCodePoint - firstCodePoint,
                piece.tokens(),
                piece.border(),
                piece.block(),
                piece.section(),
                piece.table());
    }

    private static List<Piece> trim(List<Piece> pieces) {
        int from = 0;
        int to = pieces.size();
        while (from < to && pieces.get(from).isBlank()) {
            from++;
        }
        while (to > from && pieces.get(to - 1).isBlank()) {
            to--;
        }
        return pieces.subList(from, to);
    }

    /// What all of the text stands under. Headings alone stand under themselves.
    private Section place(List<Piece> pieces) {
        Section common = pieces.getLast().section();
        int depth = common.path().size();
        for (Piece piece : pieces) {
            if (!piece.isHeading()) {
                depth = Math.min(depth, piece.section().shared(common));
            }
        }
        return depth == common.path().size()
                ? common
                : contextHeader.section(common.number(), common.path().subList(0, depth));
    }

    private static String header(Section place, Piece first) {
        Piece.Table table = first.table();
        if (table == null || table.header().isEmpty() || first.start() < table.bodyStart()) {
            return place.header();
        }
        return place.header().isEmpty() ? table.header() : place.header() + "\n" + table.header();
    }

    private record Span(int start, int end, String text) {}

    /// The text without the white space around it; the first line of code keeps its indentation.
    private static Span span(List<Piece> pieces) {
        StringBuilder text = new StringBuilder();
        pieces.forEach(piece -> text.append(piece.text()));
        int from = 0;
        int to = text.length();
        while (Splitter.isWhite(text.charAt(from))) {
            from++;
        }
        while (Splitter.isWhite(text.charAt(to - 1))) {
            to--;
        }
        if (pieces.getFirst().block().kind() == BlockKind.CODE) {
            from = text.lastIndexOf("\n", from) + 1;
        }
        String visible = text.substring(from, to);
        int start = pieces.getFirst().start() + text.codePointCount(0, from);
        return new Span(start, start + visible.codePointCount(0, visible.length()), visible);
    }

    private static <T> @Nullable T first(List<Piece> pieces, Function<Piece, @Nullable T> value) {
        for (Piece piece : pieces) {
            T found = value.apply(piece);
            if (found != null) {
                return found;
            }
        }
        return null;
    }
}
