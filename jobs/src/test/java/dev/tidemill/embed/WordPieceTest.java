package dev.tidemill.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Compares the tokenizer with the reference one, token by token.
class WordPieceTest {

    @TempDir
    static Path cache;

    private static HuggingFaceTokenizer reference;
    private static WordPiece tokenizer;

    @BeforeAll
    static void open() throws IOException {
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("DJL_CACHE_DIR", cache.toString());
        byte[] json = json();
        reference = HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(json), Map.of("truncation", "false", "padding", "false"));
        tokenizer = new WordPiece(json, "test");
    }

    @AfterAll
    static void close() {
        reference.close();
    }

    @Test
    void everyCodePointGivesTheTokensOfTheReferenceUnlessItIsAMarkOrSignOfAYoungerUnicode() {
        List<Integer> different = new ArrayList<>();
        for (int from = 0; from < 0x30000; from += 64) {
            if (!agrees(IntStream.range(from, from + 64))) {
                IntStream.range(from, from + 64)
                        .filter(c -> !agrees(IntStream.of(c)))
                        .forEach(different::add);
            }
        }
        assertThat(different)
                .hasSizeLessThan(650)
                .noneMatch(Character::isLetterOrDigit)
                .allMatch(c -> c >= 0x61D);
    }

    private static boolean agrees(IntStream codePoints) {
        StringBuilder text = new StringBuilder();
        codePoints
                .filter(c -> Character.isDefined(c) && Character.getType(c) != Character.SURROGATE)
                .forEach(c -> text.append("be").appendCodePoint(c).append("fore "));
        return ids(text.toString()).equals(referenceIds(text.toString()));
    }

    @Test
    void realDocumentsGiveTheTokensOfTheReference() {
        int tokens = 0;
        for (String ending : List.of(".md", ".adoc", ".rst", ".html", ".csv", ".xml", ".json", ".txt", ".eml")) {
            for (Path file : SharedData.files("docs", ending)) {
                String text = SharedData.read(file);
                String part = text.substring(0, Math.min(text.length(), 300_000));
                List<Long> expected = referenceIds(part);
                assertThat(ids(part)).as(file.toString()).isEqualTo(expected);
                tokens += expected.size();
            }
        }
        assertThat(tokens).isGreaterThan(300_000);
    }

    @Test
    void hostileStringsGiveTheTokensOfTheReference() {
        for (Path file : SharedData.files("strings", "")) {
            for (String line : SharedData.read(file).split("\n", -1)) {
                if (!hasSpecialToken(line)) {
                    assertThat(ids(line)).as(file + ": " + line).isEqualTo(referenceIds(line));
                }
            }
        }
    }

    @Test
    void randomTextGivesTheTokensOfTheReference() {
        Random random = new Random(7);
        int[] alphabet =
                "abcXYZ019 \t\n.,-#'\"éÅß\u0130\u0301\u00ad\u200b\u3000漢字ひらがな한국어ไทยعربي𝒜😀👩‍👩‍👧\u2028\u0000\ufffd"
                        .codePoints()
                        .toArray();
        for (int round = 0; round < 3_000; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(60); i >= 0; i--) {
                text.appendCodePoint(alphabet[random.nextInt(alphabet.length)]);
            }
            assertThat(ids(text.toString())).as("round " + round).isEqualTo(referenceIds(text.toString()));
        }
    }

    @Test
    void aWordOfMoreThanAHundredCharsIsOneUnknownToken() {
        for (int length : new int[] {99, 100, 101, 10_000}) {
            String word = "a".repeat(length);
            assertThat(ids(word)).as("length " + length).isEqualTo(referenceIds(word));
        }
        assertThat(ids("a".repeat(101))).hasSize(1);
        assertThat(ids("a".repeat(100)).size()).isGreaterThan(1);
    }

    @Test
    void spansPointAtTheTokensInTheText() {
        String text = "Ünbelievable 漢字, don't 😀x!";
        List<TokenSpan> spans = new ArrayList<>();
        tokenizer.tokenize(text, (id, start, end) -> spans.add(new TokenSpan(start, end)));
        CharSpan[] expected = reference.encode(text, false, false).getCharTokenSpans();
        assertThat(spans).hasSize(expected.length);
        assertThat(spans.getFirst().start()).isZero();
        for (int i = 1; i < spans.size(); i++) {
            assertThat(spans.get(i).start())
                    .isGreaterThanOrEqualTo(spans.get(i - 1).end());
        }
        assertThat(text.substring(spans.getLast().start(), spans.getLast().end()))
                .isEqualTo("!");
    }

    @Test
    void namesOfSpecialTokensInATextAreText() {
        assertThat(ids("[SEP]")).hasSizeGreaterThan(1).doesNotContain((long) tokenizer.separatorId());
        assertThat(ids("[CLS] [MASK] [PAD]")).doesNotContain((long) tokenizer.classId());
    }

    @Test
    void anotherKindOfTokenizerIsRefusedByName() {
        byte[] other = "{\"model\": {\"type\": \"BPE\"}}".getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> new WordPiece(other, "other-tokenizer.json"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("other-tokenizer.json is not");
    }

    @Test
    void timeGrowsWithTheLengthOfTheTextOnly() {
        String small = "lorem ipsum, dolor sit amet. ".repeat(4_000);
        String large = small.repeat(40);
        long smallNanos = fastest(small);
        long largeNanos = fastest(large);
        assertThat(largeNanos).isLessThan(40 * 4 * smallNanos);
    }

    private static long fastest(String text) {
        long fastest = Long.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            long start = System.nanoTime();
            tokenizer.tokenize(text, (id, from, to) -> {});
            fastest = Math.min(fastest, System.nanoTime() - start);
        }
        return fastest;
    }

    private static boolean hasSpecialToken(String text) {
        return text.matches(".*\\[(CLS|SEP|PAD|UNK|MASK)].*");
    }

    private static List<Long> ids(String text) {
        List<Long> ids = new ArrayList<>();
        tokenizer.tokenize(text, (id, start, end) -> ids.add((long) id));
        return ids;
    }

    private static List<Long> referenceIds(String text) {
        Encoding encoding = reference.encode(text, false, false);
        List<Long> ids = new ArrayList<>();
        for (long id : encoding.getIds()) {
            ids.add(id);
        }
        return ids;
    }

    private static byte[] json() throws IOException {
        String name = "/" + EmbeddingModel.BGE_SMALL_EN_V1_5_INT8.tokenizerResource();
        try (InputStream in = Objects.requireNonNull(EmbeddingModel.class.getResourceAsStream(name), name)) {
            return in.readAllBytes();
        }
    }
}
