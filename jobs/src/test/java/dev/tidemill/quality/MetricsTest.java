package dev.tidemill.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Against values computed by hand.
class MetricsTest {

    private static final List<String> RANKED = List.of("a", "b", "c", "d");

    @Test
    void ndcgDiscountsByTheLogarithmOfTheRank() {
        // Gains 0 + 1/log2(3) + 0 + 1/log2(5) = 0.63093 + 0.43068; ideal 1 + 0.63093.
        assertThat(Metrics.ndcg(RANKED, Map.of("b", 1, "d", 1), 10)).isCloseTo(1.06161 / 1.63093, within(1e-5));
        // Grades: 1/1 + 3/1.58496 = 2.89279; ideal 3/1 + 1/1.58496 = 3.63093.
        assertThat(Metrics.ndcg(RANKED, Map.of("a", 1, "b", 3), 10)).isCloseTo(2.89279 / 3.63093, within(1e-5));
        assertThat(Metrics.ndcg(RANKED, Map.of("a", 2, "b", 1), 10)).isEqualTo(1);
        assertThat(Metrics.ndcg(RANKED, Map.of("x", 1), 10)).isZero();
    }

    @Test
    void ndcgLooksNoDeeperThanItIsAsked() {
        assertThat(Metrics.ndcg(RANKED, Map.of("d", 1), 3)).isZero();
        assertThat(Metrics.ndcg(RANKED, Map.of("d", 1), 4)).isCloseTo(0.43068, within(1e-5));
        // Of three relevant ones no more than two can be among the first two.
        assertThat(Metrics.ndcg(RANKED, Map.of("a", 1, "b", 1, "x", 1), 2)).isEqualTo(1);
    }

    @Test
    void recallIsTheShareOfTheRelevantThatIsFound() {
        assertThat(Metrics.recall(RANKED, Set.of("a", "c", "x"), 2)).isCloseTo(1 / 3.0, within(1e-12));
        assertThat(Metrics.recall(RANKED, Set.of("a", "c", "x"), 3)).isCloseTo(2 / 3.0, within(1e-12));
        assertThat(Metrics.recall(List.of("a", "a"), Set.of("a", "b"), 10)).isEqualTo(0.5);
        assertThat(Metrics.recall(RANKED, Set.of(), 3)).isZero();
    }

    @Test
    void theReciprocalRankIsThatOfTheFirstRelevantOne() {
        assertThat(Metrics.reciprocalRank(RANKED, Set.of("c", "d"), 10)).isCloseTo(1 / 3.0, within(1e-12));
        assertThat(Metrics.reciprocalRank(RANKED, Set.of("c"), 2)).isZero();
        assertThat(Metrics.reciprocalRank(List.of(), Set.of("c"), 2)).isZero();
    }

    @Test
    void overlapIsTheShareOfTheLongerOne() {
        assertThat(Metrics.overlap(RANKED, List.of("b", "a", "x", "y"), 10)).isEqualTo(0.5);
        assertThat(Metrics.overlap(RANKED, List.of("b"), 10)).isEqualTo(0.25);
        assertThat(Metrics.overlap(RANKED, List.of("b", "a", "x"), 2)).isEqualTo(1);
        assertThat(Metrics.overlap(List.of(), List.of(), 10)).isEqualTo(1);
    }

    @Test
    void aPercentileIsAValueThatWasMeasured() {
        List<Double> values = List.of(5.0, 1.0, 4.0, 2.0, 3.0);
        assertThat(Metrics.percentile(values, 0.5)).isEqualTo(3);
        assertThat(Metrics.percentile(values, 0.95)).isEqualTo(5);
        assertThat(Metrics.percentile(values, 0)).isEqualTo(1);
        assertThat(Metrics.percentile(List.of(), 0.5)).isZero();
    }
}
