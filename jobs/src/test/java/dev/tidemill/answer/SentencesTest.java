package dev.tidemill.answer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SentencesTest {

    private static List<String> split(String text) {
        return Sentences.of(text).stream()
                .map(span -> text.substring(span.start(), span.end()))
                .toList();
    }

    @Test
    void sentencesEndAtTheirMarksAndAtBlankLines() {
        assertThat(split("A heading\n\nFirst one. Second one?\nThird  \n \n* item"))
                .containsExactly("A heading", "First one.", "Second one?", "Third", "* item");
    }

    @Test
    void aLineBreakWithinASentenceDoesNotEndIt() {
        assertThat(split("One sentence over\ntwo lines. Next."))
                .containsExactly("One sentence over\ntwo lines.", "Next.");
    }

    @Test
    void anAbbreviationDoesNotEndASentence() {
        assertThat(split("Some tools, e.g. Vim, are old. See Fig. 3 by Smith et al. The end."))
                .containsExactly("Some tools, e.g. Vim, are old.", "See Fig. 3 by Smith et al. The end.");
    }

    @Test
    void nothingIsMadeOfNothing() {
        assertThat(split("")).isEmpty();
        assertThat(split(" \n\n \t")).isEmpty();
    }
}
