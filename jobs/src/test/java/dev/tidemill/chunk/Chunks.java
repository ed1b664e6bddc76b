package dev.tidemill.chunk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.document.Block;
import dev.tidemill.document.Chunk;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/// Runs the chunker and checks what holds for any input.
final class Chunks {

    private Chunks() {}

    static List<Chunk> of(
            ChunkProfile profile, @Nullable String title, ToIntFunction<String> tokens, List<Block> blocks) {
        List<Chunk> chunks = new ArrayList<>();
        Chunker chunker = new Chunker(profile, title, tokens, chunks::add);
        blocks.forEach(chunker::accept);
        chunker.finish();
        return chunks;
    }

    static List<Chunk> checked(
            ChunkProfile profile, @Nullable String title, ToIntFunction<String> tokens, List<Block> blocks) {
        List<Chunk> chunks = of(profile, title, tokens, blocks);
        check(profile, tokens, blocks, chunks);
        assertThat(of(profile, title, tokens, blocks)).as("a second time").isEqualTo(chunks);
        return chunks;
    }

    private static void check(
            ChunkProfile profile, ToIntFunction<String> tokens, List<Block> blocks, List<Chunk> chunks) {
        StringBuilder joined = new StringBuilder();
        blocks.forEach(block -> joined.append(block.text()));
        int[] canonical = joined.toString().codePoints().toArray();
        BitSet covered = new BitSet();
        Chunk before = null;
        for (Chunk chunk : chunks) {
            String slice = new String(canonical, chunk.start(), chunk.end() - chunk.start());
            assertThat(chunk.text()).as("slice of " + chunk.ordinal()).isEqualTo(slice);
            assertThat(chunk.tokens()).isEqualTo(tokens.applyAsInt(chunk.embeddedText()));
            assertThat(chunk.tokens()).isLessThanOrEqualTo(profile.maxTokens());
            assertThat(chunk.text().length()).isLessThanOrEqualTo(profile.maxChars());
            assertThat(Splitter.isBlank(chunk.text())).isFalse();
            assertThat(chunk.ordinal()).isEqualTo(before == null ? 0 : before.ordinal() + 1);
            if (before != null) {
                assertThat(chunk.start()).isGreaterThan(before.start());
                assertThat(chunk.end()).isGreaterThan(before.end());
                if (chunk.start() < before.end()) {
                    String overlap = new String(canonical, chunk.start(), before.end() - chunk.start());
                    assertThat(tokens.applyAsInt(overlap) - tokens.applyAsInt(""))
                            .isLessThanOrEqualTo(profile.overlapTokens());
                }
            }
            covered.set(chunk.start(), chunk.end());
            before = chunk;
        }
        for (int i = 0; i < canonical.length; i++) {
            if (!covered.get(i) && !Splitter.isWhite(canonical[i])) {
                throw new AssertionError("code point " + i + " of " + canonical.length + " is in no chunk");
            }
        }
    }
}
