package dev.tidemill.chunk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.document.Block;
import dev.tidemill.document.BlockKind;
import dev.tidemill.document.Chunk;
import dev.tidemill.embed.EmbeddingModel;
import dev.tidemill.embed.OnnxEmbedder;
import dev.tidemill.embed.SharedData;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What holds for every document, with the real tokenizer.
class ChunkerPropertyTest {

    private static final ChunkProfile DEFAULT = new ChunkProfile("1", 256, 384, 32, 8_000);

    private static final List<String> WORDS =
            List.of("table", "index", "row", "plan", "cost", "page", "lock", "scan", "join");
    private static final List<BlockKind> KINDS = List.of(BlockKind.values());

    private static OnnxEmbedder embedder;

    @BeforeAll
    static void load() {
        embedder = OnnxEmbedder.load(EmbeddingModel.BGE_SMALL_EN_V1_5_INT8);
    }

    @AfterAll
    static void close() {
        embedder.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void anyBlocksGiveChunksThatCoverTheTextInOrderWithinTheLimits(int seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 40; round++) {
            int target = 32 + random.nextInt(200);
            int max = target + random.nextInt(200);
            ChunkProfile profile =
                    new ChunkProfile("p", target, max, random.nextInt(target / 2 + 1), 256 + random.nextInt(4_000));
            @Nullable String title = random.nextInt(3) == 0 ? null : text(random, 1 + random.nextInt(30));
            Chunks.checked(profile, title, embedder::countTokens, blocks(random));
        }
    }

    @Test
    void realDocumentsAreCutWithinTheLimits() {
        int documents = 0;
        List<Chunk> all = new ArrayList<>();
        for (String ending : List.of(".md", ".adoc", ".rst", ".txt", ".csv", ".eml")) {
            for (Path file : SharedData.files("docs", ending)) {
                List<Block> blocks = Markdown.blocks(SharedData.read(file));
                all.addAll(Chunks.checked(DEFAULT, file.getFileName().toString(), embedder::countTokens, blocks));
                documents++;
            }
        }
        assertThat(documents).isGreaterThan(60);
        double mean = all.stream().mapToInt(Chunk::tokens).average().orElse(0);
        assertThat(mean).isBetween(150.0, 300.0);
        long small = all.stream().filter(chunk -> chunk.tokens() < 40).count();
        assertThat(small).isLessThan(all.size() / 100);
    }

    @Test
    void tokensAreCountedInProportionToTheText() {
        for (Path file : SharedData.files("docs", ".md")) {
            String text = SharedData.read(file);
            AtomicLong counted = new AtomicLong();
            Chunks.of(
                    DEFAULT,
                    "Title",
                    part -> {
                        counted.addAndGet(part.length());
                        return embedder.countTokens(part);
                    },
                    Markdown.blocks(text));
            assertThat(counted.get()).as(file.toString()).isLessThan(4L * text.length() + 2_000);
        }
    }

    @Test
    void anEndlessDocumentIsDeliveredWhileItArrives() {
        int[] delivered = {0};
        Chunker chunker = new Chunker(DEFAULT, null, embedder::countTokens, chunk -> delivered[0] = chunk.end());
        String paragraph = "All work and no play makes Jack a dull boy. ".repeat(40) + "\n\n";
        String endlessWord = "a1b2".repeat(4_000);
        int offset = 0;
        for (int i = 0; i < 600; i++) {
            String text = i % 3 == 0 ? endlessWord : paragraph;
            chunker.accept(Block.of(BlockKind.PARAGRAPH, text));
            offset += text.length();
            assertThat(offset - delivered[0]).isLessThan(3 * DEFAULT.maxChars());
        }
        chunker.finish();
        assertThat(delivered[0]).isEqualTo(offset - 3);
    }

    @Test
    void aChangeInALongSectionChangesFewChunks() {
        Random random = new Random(11);
        List<Block> blocks = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            blocks.add(Block.of(BlockKind.PARAGRAPH, sentences(random, 1 + random.nextInt(5)) + "\n\n"));
        }
        Set<String> before = texts(blocks);
        int changed = 0;
        int places = 20;
        for (int place = 0; place < places; place++) {
            List<Block> edited = new ArrayList<>(blocks);
            edited.add(random.nextInt(300), Block.of(BlockKind.PARAGRAPH, sentences(random, 2) + "\n\n"));
            Set<String> after = texts(edited);
            after.removeAll(before);
            changed += after.size();
        }
        assertThat((double) changed / places).isLessThan(8);
    }

    private static Set<String> texts(List<Block> blocks) {
        return Chunks.of(DEFAULT, "T", embedder::countTokens, blocks).stream()
                .map(Chunk::embeddedText)
                .collect(Collectors.toCollection(HashSet::new));
    }

    private static String sentences(Random random, int count) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append("The");
            for (int word = 5 + random.nextInt(20); word > 0; word--) {
                text.append(' ').append(WORDS.get(random.nextInt(WORDS.size())));
            }
            text.append(". ");
        }
        return text.toString().strip();
    }

    private static List<Block> blocks(Random random) {
        List<Block> blocks = new ArrayList<>();
        int count = random.nextInt(30);
        for (int i = 0; i < count; i++) {
            BlockKind kind = KINDS.get(random.nextInt(KINDS.size()));
            String text = text(random, random.nextInt(kind == BlockKind.HEADING ? 8 : 120));
            String end = List.of("", "\n", "\n\n", " ", "\n   \n", "\u3000").get(random.nextInt(6));
            int level = kind == BlockKind.HEADING ? 1 + random.nextInt(5) : 0;
            @Nullable Integer page = random.nextBoolean() ? 1 + i / 3 : null;
            blocks.add(new Block(kind, level, text + end, page, null, null));
        }
        return blocks;
    }

    private static String text(Random random, int words) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < words; i++) {
            switch (random.nextInt(24)) {
                case 0 -> text.append("supercalifragilistic".repeat(1 + random.nextInt(40)));
                case 1 -> text.append("漢字かな交じり文。".repeat(1 + random.nextInt(20)));
                case 2 -> text.append("👩‍👩‍👧‍👦🇩🇪".repeat(1 + random.nextInt(60)));
                case 3 -> text.append("e").append("\u0301".repeat(random.nextInt(300)));
                case 4 -> text.append(" ".repeat(random.nextInt(700)));
                case 5 -> text.append("\n".repeat(random.nextInt(4)));
                case 6 -> text.append("x;".repeat(random.nextInt(300)));
                case 7 -> text.append(". ");
                case 8 -> text.append("ab\u0000\u200b");
                case 9 -> text.append(random.nextBoolean() ? "\ud83d" : "\ude00");
                case 10 -> text.append("각한글".repeat(random.nextInt(50)));
                default -> text.append("word").append(random.nextInt(100)).append(random.nextInt(9) == 0 ? ". " : " ");
            }
        }
        return text.toString();
    }
}
