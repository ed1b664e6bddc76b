package dev.tidemill.extract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.document.Block;
import dev.tidemill.document.BlockKind;
import dev.tidemill.document.Extraction;
import dev.tidemill.document.RefusalReason;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What came of reading one file, checked against the rules every block keeps.
record Result(Extraction extraction, List<Block> blocks) {

    static Result of(Extractor extractor, Path file) throws InterruptedException {
        return of(extractor, file, file.getFileName().toString());
    }

    static Result of(Extractor extractor, Path file, String name) throws InterruptedException {
        List<Block> blocks = new ArrayList<>();
        Extraction extraction = extractor.extract(file, name, blocks::add);
        Result result = new Result(extraction, blocks);
        result.requireRules();
        return result;
    }

    private void requireRules() {
        boolean first = true;
        for (Block block : blocks) {
            String text = block.text();
            assertThat(text.length()).isBetween(1, Block.MAX_LENGTH);
            assertThat(text.indexOf(0)).as("NUL in %s", block).isNegative();
            assertThat(text.indexOf('\r')).as("carriage return in %s", block).isNegative();
            assertThat(hasHalfPair(text)).as("half surrogate pair in %s", block).isFalse();
            if (first) {
                assertThat(Character.isWhitespace(text.charAt(0)) && block.kind() != BlockKind.CODE)
                        .as("white space before the first block %s", block)
                        .isFalse();
            }
            first = false;
        }
        if (extraction instanceof Extraction.Extracted) {
            assertThat(BlockSink.isBlank(text())).isFalse();
            assertThat(text()).endsWith("\n");
        }
    }

    private static boolean hasHalfPair(String text) {
        return text.codePoints().anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
    }

    String text() {
        StringBuilder text = new StringBuilder();
        blocks.forEach(block -> text.append(block.text()));
        return text.toString();
    }

    Extraction.Extracted extracted() {
        assertThat(extraction).isInstanceOf(Extraction.Extracted.class);
        return (Extraction.Extracted) extraction;
    }

    @Nullable
    RefusalReason reason() {
        return extraction instanceof Extraction.Refused refused ? refused.reason() : null;
    }

    String detail() {
        return extraction instanceof Extraction.Refused refused ? refused.detail() : "";
    }

    List<Block> of(BlockKind kind) {
        return blocks.stream().filter(block -> block.kind() == kind).toList();
    }

    /// Headings as `level text`.
    List<String> headings() {
        return of(BlockKind.HEADING).stream()
                .map(block -> block.level() + " " + block.text().strip())
                .toList();
    }

    /// Texts of all blocks of a kind, without the white space after them.
    List<String> texts(BlockKind kind) {
        return of(kind).stream().map(block -> block.text().strip()).toList();
    }

    @Nullable
    Integer pageOf(String phrase) {
        return blocks.stream()
                .filter(block -> block.text().contains(phrase))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no block holds " + phrase))
                .page();
    }
}
