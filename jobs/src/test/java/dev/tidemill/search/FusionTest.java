package dev.tidemill.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tidemill.store.ChunkSearch.Scored;
import dev.tidemill.store.ChunkSearch.Standing;
import java.util.List;
import org.junit.jupiter.api.Test;

class FusionTest {

    private static final List<Scored> VECTOR = List.of(new Scored(1, 0.9), new Scored(2, 0.8), new Scored(3, 0.7));
    private static final List<Scored> TEXT = List.of(new Scored(3, 5), new Scored(2, 4), new Scored(4, 3));

    @Test
    void whatBothLegsFoundComesFirst() {
        List<Standing> fused = Fusion.fuse(VECTOR, TEXT, 1, 1);

        assertThat(fused).extracting(Standing::chunkId).containsExactly(3L, 2L, 1L, 4L);
        assertThat(fused.getFirst().vectorRank()).isEqualTo(3);
        assertThat(fused.getFirst().textRank()).isEqualTo(1);
        assertThat(fused.getFirst().score()).isEqualTo(1.0 / 63 + 1.0 / 61, within(1e-12));
        assertThat(fused.getLast().vectorScore()).isNull();
        assertThat(fused.getLast().textScore()).isEqualTo(3);
    }

    @Test
    void oneLegAloneKeepsItsOrder() {
        assertThat(Fusion.fuse(VECTOR, List.of(), 1, 1))
                .extracting(Standing::chunkId)
                .containsExactly(1L, 2L, 3L);
    }

    @Test
    void equalScoresAreOrderedByChunk() {
        assertThat(Fusion.fuse(List.of(new Scored(9, 1)), List.of(new Scored(5, 1)), 1, 1))
                .extracting(Standing::chunkId)
                .containsExactly(5L, 9L);
    }
}
