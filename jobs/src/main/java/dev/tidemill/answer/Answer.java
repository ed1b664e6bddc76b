package dev.tidemill.answer;

import dev.tidemill.document.Citation;
import dev.tidemill.search.SearchResult;
import java.time.Duration;
import java.util.List;

/// What came of a question.
public sealed interface Answer {

    /// The search behind it.
    SearchResult search();

    /// How sure the best sentence is to speak about the question.
    Evidence evidence();

    /// Citations whose span was not what is stored; they are never given out.
    int droppedCitations();

    /// From the question to the answer.
    Duration total();

    /// The corpus answers.
    ///
    /// @param text sentences of the corpus, each followed by the number of its citation
    /// @param citations in the order of their numbers, each checked against the stored text
    record Answered(
            String text,
            List<Citation> citations,
            SearchResult search,
            Evidence evidence,
            int droppedCitations,
            Duration total)
            implements Answer {
        public Answered {
            citations = List.copyOf(citations);
        }
    }

    /// The corpus does not answer.
    ///
    /// @param message one sentence for whoever asked
    record Abstained(
            AbstentionReason reason,
            String message,
            SearchResult search,
            Evidence evidence,
            int droppedCitations,
            Duration total)
            implements Answer {}

    /// What the decision to answer rests on.
    ///
    /// @param similarity cosine of the question and the nearest sentence or chunk, 0 when nothing was
    ///     found
    /// @param coverage share of the question's words, weighed by their rarity, that one passage holds
    record Evidence(double similarity, double coverage) {
        public static final Evidence NONE = new Evidence(0, 0);
    }
}
