package dev.tidemill.admin.query;

import dev.tidemill.admin.query.SearchResponse.AsOfView;
import dev.tidemill.admin.query.SearchResponse.DocumentView;
import dev.tidemill.admin.query.SearchResponse.Explanation;
import dev.tidemill.answer.Answer;
import dev.tidemill.answer.Answer.Abstained;
import dev.tidemill.answer.Answer.Answered;
import dev.tidemill.document.Citation;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// An answer with its citations, or why there is none.
///
/// @param status `answered` or `abstained`
/// @param reason why not, in one word
/// @param message why not, in one sentence
record AskResponse(
        String status,
        @Nullable String answer,
        List<CitationView> citations,
        @Nullable String reason,
        @Nullable String message,
        double tookMillis,
        @Nullable AsOfView asOf,
        @Nullable AskExplanation explain) {

    static AskResponse of(Answer answer, boolean explain) {
        double millis = answer.total().toNanos() / 1e6;
        AskExplanation explanation = explain
                ? new AskExplanation(
                        answer.evidence().similarity(),
                        answer.evidence().coverage(),
                        answer.droppedCitations(),
                        Explanation.of(answer.search()),
                        SearchResponse.of(answer.search(), true).hits())
                : null;
        AsOfView asOf = AsOfView.of(answer.search().asOf());
        return switch (answer) {
            case Answered answered ->
                new AskResponse(
                        "answered",
                        answered.text(),
                        answered.citations().stream().map(CitationView::of).toList(),
                        null,
                        null,
                        millis,
                        asOf,
                        explanation);
            case Abstained abstained ->
                new AskResponse(
                        "abstained",
                        null,
                        List.of(),
                        abstained.reason().name(),
                        abstained.message(),
                        millis,
                        asOf,
                        explanation);
        };
    }

    /// A span of a document that proves a sentence; `quote` is exactly what is stored there.
    record CitationView(
            int number,
            DocumentView document,
            List<String> headingPath,
            @Nullable Integer page,
            @Nullable Long startMillis,
            int start,
            int end,
            String quote,
            long chunkId) {

        static CitationView of(Citation citation) {
            return new CitationView(
                    citation.number(),
                    new DocumentView(
                            citation.documentId(), citation.documentKey(), citation.version(), citation.title()),
                    citation.headingPath(),
                    citation.page(),
                    citation.startMillis(),
                    citation.start(),
                    citation.end(),
                    citation.quote(),
                    citation.chunkId());
        }
    }

    /// What the decision to answer rests on.
    record AskExplanation(
            double similarity,
            double coverage,
            int droppedCitations,
            Explanation search,
            List<SearchResponse.HitView> hits) {}
}
