package dev.tidemill.quality;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.quality.Gate.Evidence;
import dev.tidemill.quality.Gate.Measured;
import dev.tidemill.quality.Gate.Rule;
import dev.tidemill.quality.Gate.Verdict;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GateTest {

    private static final Rule RULE = new Rule(List.of("ndcg@10", "mrr"), 2, 10, 0, 0);

    private static Measured measured(int questions, double live, double candidate) {
        return new Measured("g", "hybrid", questions, Map.of("ndcg@10", live), Map.of("ndcg@10", candidate));
    }

    private static Verdict judge(Rule rule, Measured measured) {
        return Gate.judge(rule, new Evidence(List.of(measured), 1, 0, 100, 0));
    }

    @Test
    void aMetricMayFallByExactlyWhatTheRuleAllows() {
        assertThat(judge(RULE, measured(10, 0.5, 0.49)).passed()).isTrue();
        Verdict refused = judge(RULE, measured(10, 0.5, 0.4899));
        assertThat(refused.passed()).isFalse();
        assertThat(refused.reasons())
                .containsExactly("hybrid ndcg@10 of g: 0.5000 live, 0.4899 new (-2.0 %), may fall by 2 %");
    }

    @Test
    void aMetricThatRisesPasses() {
        assertThat(judge(RULE, measured(10, 0.5, 0.9)).passed()).isTrue();
        assertThat(judge(RULE, measured(10, 0, 0)).passed()).isTrue();
    }

    @Test
    void oneQuestionLessThanAskedForIsTooFew() {
        assertThat(judge(RULE, measured(10, 0.5, 0.5)).passed()).isTrue();
        assertThat(judge(RULE, measured(9, 0.5, 0.5)).reasons())
                .containsExactly("only 9 judged questions, 10 are asked for");
    }

    @Test
    void theSameQuestionsInTwoModesCountOnce() {
        Measured vector = new Measured("g", "vector", 6, Map.of("ndcg@10", 0.5), Map.of("ndcg@10", 0.5));
        Evidence evidence = new Evidence(List.of(measured(6, 0.5, 0.5), vector), 1, 0, 100, 0);
        assertThat(Gate.judge(RULE, evidence).reasons()).containsExactly("only 6 judged questions, 10 are asked for");
    }

    @Test
    void theOverlapOfRealQuestionsIsARuleOnlyWhereTheOperatorMadeOne() {
        Evidence evidence = new Evidence(List.of(measured(10, 0.5, 0.5)), 0.49, 20, 100, 0);
        assertThat(Gate.judge(RULE, evidence).passed()).isTrue();
        Rule half = new Rule(List.of("ndcg@10"), 2, 10, 0.5, 0);
        assertThat(Gate.judge(half, evidence).passed()).isFalse();
        Evidence enough = new Evidence(List.of(measured(10, 0.5, 0.5)), 0.5, 20, 100, 0);
        assertThat(Gate.judge(half, enough).passed()).isTrue();
        // No real question was asked: there is nothing to have in common.
        Evidence none = new Evidence(List.of(measured(10, 0.5, 0.5)), 1, 0, 100, 0);
        assertThat(Gate.judge(half, none).passed()).isTrue();
    }

    @Test
    void textsWithoutAVectorAreCountedAgainstTheirShare() {
        Rule one = new Rule(List.of("ndcg@10"), 2, 10, 0, 1);
        assertThat(Gate.judge(one, new Evidence(List.of(measured(10, 0.5, 0.5)), 1, 0, 200, 2))
                        .passed())
                .isTrue();
        assertThat(Gate.judge(one, new Evidence(List.of(measured(10, 0.5, 0.5)), 1, 0, 200, 3))
                        .passed())
                .isFalse();
        assertThat(Gate.mayMiss(one, 199)).isEqualTo(1);
    }
}
