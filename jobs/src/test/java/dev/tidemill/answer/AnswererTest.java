package dev.tidemill.answer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.answer.Answer.Abstained;
import dev.tidemill.answer.Answer.Answered;
import dev.tidemill.document.Citation;
import dev.tidemill.search.SearchRequest;
import dev.tidemill.search.TestCorpus;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class AnswererTest {

    private static TestCorpus corpus;
    private static Answerer answerer;
    private static UUID workspace;

    @BeforeAll
    static void write() {
        corpus = new TestCorpus();
        answerer = new Answerer(
                corpus.searcher,
                corpus.workspaces,
                corpus.chunks,
                corpus.texts,
                TestCorpus::embed,
                TestCorpus::embed,
                new AnswerProperties(0.8, 0.5, 0.5, 8, 3));
        workspace = corpus.workspace("answers");
        corpus.document(
                workspace,
                "docs",
                "lighthouse.md",
                Map.of(),
                List.of("Lighthouses", "Lighthouse lamps burned whale oil"),
                "Lighthouse lamps burned whale oil\n\nFacts 🐳 first. Early lighthouse lamps burned whale oil 🐳 every night."
                        + " Keepers trimmed wicks. Ships passed.",
                "Foghorns replaced bells in thick weather.");
    }

    @AfterAll
    static void drop() {
        corpus.close();
    }

    private static Answer ask(UUID where, String question) {
        return answerer.answer(where, "default", SearchRequest.of(question));
    }

    @Test
    void theSentenceThatAnswersIsCitedByCodePoints() {
        Answer answer = ask(workspace, "What did early lighthouse lamps burn every night?");

        assertThat(answer).isInstanceOf(Answered.class);
        Answered answered = (Answered) answer;
        assertThat(answered.text()).isEqualTo("Early lighthouse lamps burned whale oil 🐳 every night. [1]");
        Citation citation = answered.citations().getFirst();
        assertThat(citation.number()).isEqualTo(1);
        assertThat(citation.quote()).isEqualTo("Early lighthouse lamps burned whale oil 🐳 every night.");
        assertThat(citation.end() - citation.start())
                .isEqualTo(citation.quote().codePointCount(0, citation.quote().length()))
                .isLessThan(citation.quote().length());
        assertThat(corpus.texts.slice(
                        workspace, citation.documentId(), citation.version(), citation.start(), citation.end()))
                .contains(citation.quote());
        assertThat(answered.droppedCitations()).isZero();
    }

    @Test
    void aHeadingIsNoAnswer() {
        assertThat(((Answered) ask(workspace, "lighthouse lamps burned whale oil")).citations())
                .extracting(Citation::quote)
                .noneMatch(quote -> quote.equals("Lighthouse lamps burned whale oil"));
    }

    @Test
    void whatTheCorpusDoesNotSayIsAbstainedFrom() {
        Answer answer = ask(workspace, "Which orchestra premiered Mahler's symphony?");

        assertThat(answer).isInstanceOf(Abstained.class);
        assertThat(((Abstained) answer).reason()).isEqualTo(AbstentionReason.NOT_COVERED);
        assertThat(((Abstained) answer).message()).isNotBlank();
    }

    @Test
    void anEmptyProjectIsSaidToBeEmpty() {
        Answer answer = ask(corpus.workspace("void"), "anything at all");

        assertThat(((Abstained) answer).reason()).isEqualTo(AbstentionReason.EMPTY_PROJECT);
    }

    @Test
    void aCitationThatIsNotWhatIsStoredIsDroppedAndCounted() {
        UUID tampered = corpus.workspace("tampered");
        corpus.document(tampered, "tampered.md", "The beacon was lit in seventeen hundred ninety.");
        corpus.owner()
                .sql("UPDATE document_texts SET text = replace(text, 'ninety', 'eighty') WHERE workspace_id = :w")
                .param("w", tampered)
                .update();

        Abstained answer = (Abstained) ask(tampered, "Was the beacon lit in seventeen hundred something?");

        assertThat(answer.reason()).isEqualTo(AbstentionReason.UNPROVEN);
        assertThat(answer.droppedCitations()).isEqualTo(1);
    }
}
