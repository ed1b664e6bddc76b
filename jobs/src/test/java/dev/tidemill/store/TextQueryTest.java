package dev.tidemill.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.store.ChunkSearch.Term;
import java.util.List;
import org.junit.jupiter.api.Test;

class TextQueryTest {

    private static Term term(String lexeme, long chunks) {
        return new Term(lexeme, chunks, 1);
    }

    @Test
    void rareTermsAreTakenUntilTheirMatchesReachTheBound() {
        List<Term> terms = List.of(term("a", 10), term("b", 40), term("c", 50), term("d", 1));

        assertThat(TextQuery.required(terms.subList(0, 3), 1_000, 100, false)).isEqualTo("'a' | 'b' | 'c'");
        assertThat(TextQuery.required(terms.subList(0, 3), 1_000, 99, false)).isEqualTo("'a' | 'b'");
    }

    @Test
    void commonTermsMustMeet() {
        List<Term> terms = List.of(term("a", 200), term("b", 300), term("c", 900));

        assertThat(TextQuery.required(terms, 1_000, 100, false)).isEqualTo("'a' & ('b')");
        assertThat(TextQuery.required(terms, 10_000, 100, false)).isEqualTo("'a' & ('b' | 'c')");
    }

    @Test
    void aSingleCommonTermStandsAlone() {
        assertThat(TextQuery.required(List.of(term("a", 200)), 1_000, 100, false))
                .isEqualTo("'a'");
    }

    @Test
    void behindAFilterEveryTermDecides() {
        assertThat(TextQuery.required(List.of(term("a", 500), term("b", 600)), 1_000, 100, true))
                .isEqualTo("'a' | 'b'");
    }

    @Test
    void quotesAndBackslashesAreEscaped() {
        assertThat(TextQuery.quoted("o'neil\\x")).isEqualTo("'o''neil\\\\x'");
    }

    @Test
    void aTermInEveryChunkStillWeighsMoreThanNothing() {
        assertThat(TextQuery.weight(1_000, 1_000)).isPositive();
        assertThat(TextQuery.weight(1, 1_000)).isGreaterThan(TextQuery.weight(2, 1_000));
    }
}
