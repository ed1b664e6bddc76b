package dev.tidemill.chunk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.document.Block;
import dev.tidemill.document.BlockKind;
import dev.tidemill.document.Chunk;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Structure and borders, with one token a word so that the sums are seen at a glance.
class ChunkerTest {

    private static final ChunkProfile SMALL = new ChunkProfile("t", 42, 62, 0, 2_000);

    @Test
    void aSectionUpToTheMaximumStaysWholeAndOneTokenMoreIsCut() {
        for (int words : new int[] {59, 60}) {
            assertThat(chunks(SMALL, null, paragraph(words)))
                    .as(words + " words")
                    .hasSize(1);
        }
        List<Chunk> cut = chunks(SMALL, null, paragraph(61));
        assertThat(cut).hasSize(2);
        assertThat(cut.getFirst().tokens()).isLessThanOrEqualTo(42);
    }

    @Test
    void theContextHeaderIsPartOfTheTokens() {
        // Header of 3 words, the heading's line of 2, so 55 words fit beside the 2 special tokens.
        assertThat(chunks(SMALL, "Manual", Block.heading(1, "Write ahead\n"), paragraph(55)))
                .singleElement()
                .satisfies(chunk -> {
                    assertThat(chunk.header()).isEqualTo("Manual › Write ahead");
                    assertThat(chunk.headingPath()).containsExactly("Write ahead");
                    assertThat(chunk.tokens()).isEqualTo(62);
                });
        assertThat(chunks(SMALL, "Manual", Block.heading(1, "Write ahead\n"), paragraph(56)))
                .hasSize(2);
    }

    @Test
    void sectionsAreNotMixedAndKnowTheirPath() {
        List<Chunk> chunks = chunks(
                SMALL,
                "Manual",
                Block.heading(1, "Backup\n"),
                paragraph(20),
                Block.heading(2, "Dump\n"),
                paragraph(20),
                Block.heading(3, "Large\n"),
                paragraph(20),
                Block.heading(1, "Restore\n"),
                paragraph(20));
        assertThat(chunks)
                .extracting(Chunk::header)
                .containsExactly(
                        "Manual › Backup",
                        "Manual › Backup › Dump",
                        "Manual › Backup › Dump › Large",
                        "Manual › Restore");
        assertThat(chunks.get(2).text()).startsWith("Large\nw1 ");
    }

    @Test
    void stackedHeadingsStandWithTheTextBelowThem() {
        assertThat(chunks(SMALL, null, Block.heading(1, "Part\n"), Block.heading(2, "Chapter\n"), paragraph(30)))
                .singleElement()
                .satisfies(chunk -> {
                    assertThat(chunk.text()).startsWith("Part\nChapter\nw1 ");
                    assertThat(chunk.headingPath()).containsExactly("Part", "Chapter");
                });
    }

    @Test
    void tinySectionsJoinTheNextUnderTheSameParent() {
        List<Block> blocks = new ArrayList<>(List.of(Block.heading(1, "Options\n")));
        for (String option : List.of("-a", "-b", "-c", "-d", "-e", "-f")) {
            blocks.add(Block.heading(2, option + "\n"));
            blocks.add(paragraph(4));
        }
        List<Chunk> chunks = Chunks.checked(SMALL, null, ChunkerTest::countWords, blocks);
        assertThat(chunks).hasSizeLessThan(5);
        assertThat(chunks.getFirst().headingPath()).containsExactly("Options");
        assertThat(chunks.getFirst().text()).contains("-a", "-b");
    }

    @Test
    void aTinyLastSectionJoinsTheChunkBeforeItIfThatNamesItself() {
        List<Chunk> chunks = chunks(
                SMALL,
                null,
                Block.heading(1, "A\n"),
                Block.heading(2, "B\n"),
                paragraph(25),
                Block.heading(2, "C\n"),
                paragraph(3),
                Block.heading(1, "D\n"),
                paragraph(25));
        assertThat(chunks).hasSize(2);
        assertThat(chunks.getFirst().headingPath()).containsExactly("A");
        assertThat(chunks.getLast().headingPath()).containsExactly("D");
    }

    @Test
    void aTinySectionDoesNotJoinAnotherParent() {
        List<Chunk> chunks = chunks(
                SMALL,
                null,
                Block.heading(1, "A\n"),
                Block.heading(2, "B\n"),
                paragraph(3),
                Block.heading(1, "C\n"),
                paragraph(25));
        assertThat(chunks).hasSize(2);
        assertThat(chunks.getFirst().headingPath()).containsExactly("A", "B");
        assertThat(chunks.getLast().headingPath()).containsExactly("C");
    }

    @Test
    void theBestBorderInTheSecondHalfOfTheTargetIsTaken() {
        Block first = paragraph(25);
        Block second = Block.of(BlockKind.PARAGRAPH, words(12) + ". Then " + words(30) + ".\n\n");
        assertThat(chunks(SMALL, null, first, second).getFirst().text())
                .isEqualTo(first.text().strip());
        Block early = paragraph(8);
        assertThat(chunks(SMALL, null, early, second, paragraph(20)).getFirst().text())
                .isEqualTo(early.text() + words(12) + ".");
    }

    @Test
    void aHeadingIsNotLeftAloneAtTheEndOfAChunk() {
        List<Chunk> chunks =
                chunks(SMALL, null, Block.heading(1, "Alone\n"), Block.of(BlockKind.PARAGRAPH, words(200) + "\n"));
        assertThat(chunks.getFirst().text()).startsWith("Alone\nw1");
        assertThat(chunks).allSatisfy(chunk -> assertThat(chunk.headingPath()).containsExactly("Alone"));
    }

    @Test
    void sentencesAreNotEndedByAbbreviationsNumbersOrInitials() {
        String text =
                "See Fig. 3 and e.g. Smith et al. There, J. Doe (v. 3.14) says no. \"Really?\" Yes! 1. Not an end… The end.";
        List<String> sentences = new Splitter(ChunkerTest::countWords, 100, 1_000)
                .split(BlockKind.PARAGRAPH, text, Border.BLOCK).stream()
                        .map(part -> part.text().strip())
                        .toList();
        assertThat(sentences)
                .containsExactly(
                        "See Fig. 3 and e.g. Smith et al. There, J. Doe (v. 3.14) says no.",
                        "\"Really?\"",
                        "Yes!",
                        "1. Not an end…",
                        "The end.");
    }

    @Test
    void overlapRepeatsWholeSentencesOfTheSameSectionOnly() {
        ChunkProfile overlapping = new ChunkProfile("t", 42, 42, 12, 2_000);
        String sentences = IntStream.range(0, 20)
                .mapToObj(i -> "S" + i + " has some words and then comes its end.")
                .collect(Collectors.joining(" "));
        List<Chunk> chunks = chunks(
                overlapping,
                null,
                Block.heading(1, "One\n"),
                Block.of(BlockKind.PARAGRAPH, sentences + "\n"),
                Block.heading(1, "Two\n"),
                Block.of(BlockKind.PARAGRAPH, sentences + "\n"));
        int overlaps = 0;
        for (int i = 1; i < chunks.size(); i++) {
            Chunk before = chunks.get(i - 1);
            Chunk chunk = chunks.get(i);
            if (chunk.headingPath().equals(before.headingPath()) && chunk.start() < before.end()) {
                overlaps++;
                assertThat(chunk.text()).startsWith("S");
                assertThat(before.text()).contains(chunk.text().substring(0, before.end() - chunk.start()));
            } else {
                assertThat(chunk.start()).isGreaterThan(before.end());
            }
        }
        assertThat(overlaps).isGreaterThan(5);
    }

    @Test
    void aTableThatIsSplitRepeatsItsFirstRowAsContext() {
        List<Block> blocks = new ArrayList<>(List.of(Block.of(BlockKind.TABLE_ROW, "name | size | price\n")));
        for (int i = 0; i < 30; i++) {
            blocks.add(Block.of(BlockKind.TABLE_ROW, "item" + i + " | 3 | 4\n"));
        }
        List<Chunk> chunks = Chunks.checked(SMALL, "Stock", ChunkerTest::countWords, blocks);
        assertThat(chunks).hasSizeGreaterThan(2);
        assertThat(chunks.getFirst().header()).isEqualTo("Stock");
        assertThat(chunks.stream().skip(1)).allSatisfy(chunk -> {
            assertThat(chunk.header()).isEqualTo("Stock\nname | size | price");
            assertThat(chunk.text()).startsWith("item");
        });
    }

    @Test
    void pagesAndTimeCodesAreThoseOfTheSpan() {
        List<Chunk> pages = chunks(SMALL, null, page(3, 20), page(4, 20), page(5, 30), page(6, 5));
        assertThat(pages).extracting(Chunk::firstPage).containsExactly(3, 5);
        assertThat(pages).extracting(Chunk::lastPage).containsExactly(4, 6);
        List<Chunk> cues = chunks(SMALL, null, cue(0, 20), cue(1, 20), cue(2, 25), cue(3, 5));
        assertThat(cues).extracting(Chunk::startMillis).containsExactly(0L, 2_000L);
        assertThat(cues).extracting(Chunk::endMillis).containsExactly(1_900L, 3_900L);
    }

    @Test
    void codeKeepsTheIndentationOfItsFirstLine() {
        Block code = Block.of(BlockKind.CODE, "\n    if (a) {\n        b();\n    }\n\n");
        assertThat(chunks(SMALL, null, code))
                .singleElement()
                .extracting(Chunk::text)
                .isEqualTo("    if (a) {\n        b();\n    }");
    }

    @Test
    void graphemeClustersSurvivePartsOfWords() {
        String family = "👩‍👩‍👧‍👦";
        ChunkProfile narrow = new ChunkProfile("t", 32, 32, 0, 256);
        List<Chunk> chunks = chunks(narrow, null, Block.of(BlockKind.PARAGRAPH, family.repeat(200)));
        assertThat(chunks).hasSizeGreaterThan(2);
        assertThat(chunks)
                .allSatisfy(
                        chunk -> assertThat(chunk.text().replace(family, "")).isEmpty());
    }

    @Test
    void aCodePointSplitOverTwoBlocksIsOneAgain() {
        List<Chunk> chunks = chunks(
                SMALL,
                null,
                Block.of(BlockKind.PARAGRAPH, "half \ud83d"),
                Block.of(BlockKind.PARAGRAPH, "\ude00 whole "),
                Block.of(BlockKind.PARAGRAPH, "rest \ud83d"));
        assertThat(chunks).singleElement().satisfies(chunk -> {
            assertThat(chunk.text()).isEqualTo("half 😀 whole rest \ud83d");
            assertThat(chunk.end()).isEqualTo(19);
        });
    }

    @Test
    void longHeadingsAndDeepPathsAreShortenedNotLost() {
        List<Block> blocks = new ArrayList<>();
        for (int level = 1; level <= 30; level++) {
            blocks.add(Block.heading(level, "Heading " + words(level) + "\n"));
        }
        blocks.add(paragraph(100));
        List<Chunk> chunks = Chunks.checked(SMALL, words(300), ChunkerTest::countWords, blocks);
        assertThat(chunks).allSatisfy(chunk -> {
            assertThat(countWords(chunk.header()) - 2).isLessThanOrEqualTo(10);
            assertThat(chunk.headingPath()).hasSizeLessThanOrEqualTo(12);
        });
    }

    @Test
    void theTitleIsNotRepeatedByAHeadingThatSaysTheSame() {
        assertThat(chunks(SMALL, "Guide", Block.heading(1, "Guide\n"), paragraph(20))
                        .getFirst()
                        .header())
                .isEqualTo("Guide");
    }

    @Test
    void noTextNoChunks() {
        assertThat(chunks(SMALL, "Title")).isEmpty();
        assertThat(chunks(SMALL, "Title", Block.of(BlockKind.PARAGRAPH, " \n\u00a0\u3000".repeat(5_000))))
                .isEmpty();
    }

    @Test
    void anEndedDocumentTakesNothingMore() {
        Chunker chunker = new Chunker(SMALL, null, ChunkerTest::countWords, chunk -> {});
        chunker.finish();
        assertThatThrownBy(() -> chunker.accept(paragraph(3))).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(chunker::finish).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aProfileIsRefusedJustBeyondItsBorders() {
        assertThat(new ChunkProfile("v", 32, 32, 16, 256).id()).isEqualTo("structural-1:v:32:32:16:256");
        assertThatThrownBy(() -> new ChunkProfile(" ", 32, 32, 0, 256)).hasMessageContaining("version");
        assertThatThrownBy(() -> new ChunkProfile("v", 31, 32, 0, 256)).hasMessageContaining("targetTokens");
        assertThatThrownBy(() -> new ChunkProfile("v", 33, 32, 0, 256)).hasMessageContaining("maxTokens");
        assertThatThrownBy(() -> new ChunkProfile("v", 32, 32, 17, 256)).hasMessageContaining("overlapTokens");
        assertThatThrownBy(() -> new ChunkProfile("v", 32, 32, -1, 256)).hasMessageContaining("overlapTokens");
        assertThatThrownBy(() -> new ChunkProfile("v", 32, 32, 0, 255)).hasMessageContaining("maxChars");
        assertThatThrownBy(() -> new ChunkProfile("v", 32, 32, 0, 1_000_001)).hasMessageContaining("maxChars");
    }

    private static List<Chunk> chunks(ChunkProfile profile, @Nullable String title, Block... blocks) {
        return Chunks.checked(profile, title, ChunkerTest::countWords, List.of(blocks));
    }

    /// Two special tokens and one for each word.
    private static int countWords(String text) {
        return 2
                + (int) Arrays.stream(text.split("[\\s›]+", -1))
                        .filter(word -> !word.isEmpty())
                        .count();
    }

    private static String words(int count) {
        return IntStream.rangeClosed(1, count).mapToObj(i -> "w" + i).collect(Collectors.joining(" "));
    }

    private static Block paragraph(int words) {
        return Block.of(BlockKind.PARAGRAPH, words(words) + "\n\n");
    }

    private static Block page(int page, int words) {
        return new Block(BlockKind.PARAGRAPH, 0, words(words) + "\n\n", page, null, null);
    }

    private static Block cue(int second, int words) {
        return new Block(BlockKind.CUE, 0, words(words) + ".\n", null, second * 1_000L, second * 1_000L + 900);
    }
}
