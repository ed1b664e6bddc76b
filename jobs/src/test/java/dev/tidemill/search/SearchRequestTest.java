package dev.tidemill.search;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.store.ChunkSearch.Filter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SearchRequestTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 100})
    void kFromOneToAHundredIsTaken(int k) {
        assertThatCode(() -> new SearchRequest("q", k, SearchMode.HYBRID, Filter.NONE))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 101})
    void anyOtherKIsRefused(int k) {
        assertThatThrownBy(() -> new SearchRequest("q", k, SearchMode.HYBRID, Filter.NONE))
                .hasMessageContaining("1 to 100");
    }

    @Test
    void aQuestionOfFourThousandCharactersIsTakenAndOneMoreIsNot() {
        assertThatCode(() -> SearchRequest.of("x".repeat(4_000))).doesNotThrowAnyException();
        assertThatThrownBy(() -> SearchRequest.of("x".repeat(4_001))).hasMessageContaining("at most 4000");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " \n\t", "a\0b"})
    void blankAndBrokenQuestionsAreRefused(String question) {
        assertThatThrownBy(() -> SearchRequest.of(question)).isInstanceOf(IllegalArgumentException.class);
    }
}
