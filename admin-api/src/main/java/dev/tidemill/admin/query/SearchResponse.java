package dev.tidemill.admin.query;

import dev.tidemill.document.Hit;
import dev.tidemill.search.SearchResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The hits of a search.
record SearchResponse(
        List<HitView> hits, double tookMillis, @Nullable Explanation explain) {

    static SearchResponse of(SearchResult result, boolean explain) {
        List<HitView> hits = new ArrayList<>();
        for (Hit hit : result.hits()) {
            hits.add(HitView.of(hits.size() + 1, hit, explain));
        }
        return new SearchResponse(
                hits, result.timings().total().toNanos() / 1e6, explain ? Explanation.of(result) : null);
    }

    /// A document as a hit or a citation names it.
    record DocumentView(UUID id, String key, int version, String title) {}

    /// One hit.
    record HitView(
            int rank,
            DocumentView document,
            List<String> headingPath,
            @Nullable Integer page,
            @Nullable Integer lastPage,
            @Nullable Long startMillis,
            @Nullable Long endMillis,
            int start,
            int end,
            String text,
            Map<String, String> metadata,
            long chunkId,
            @Nullable HitExplanation explain) {

        static HitView of(int rank, Hit hit, boolean explain) {
            return new HitView(
                    rank,
                    new DocumentView(hit.documentId(), hit.documentKey(), hit.version(), hit.title()),
                    hit.headingPath(),
                    hit.firstPage(),
                    hit.lastPage(),
                    hit.startMillis(),
                    hit.endMillis(),
                    hit.start(),
                    hit.end(),
                    hit.text(),
                    hit.metadata(),
                    hit.chunkId(),
                    explain
                            ? new HitExplanation(
                                    hit.score(),
                                    hit.vectorRank(),
                                    hit.textRank(),
                                    hit.vectorScore(),
                                    hit.textScore(),
                                    hit.runId())
                            : null);
        }
    }

    /// Where a hit stood in each leg, and which run wrote it.
    record HitExplanation(
            double score,
            @Nullable Integer vectorRank,
            @Nullable Integer textRank,
            @Nullable Double vectorScore,
            @Nullable Double textScore,
            long runId) {}

    /// How the hits came about.
    record Explanation(
            String mode,
            @Nullable Long vectorSet,
            @Nullable String model,
            int vectorFound,
            int textFound,
            List<TermView> terms,
            String required,
            long corpusChunks,
            @Nullable Long filteredChunks,
            Times millis) {

        static Explanation of(SearchResult result) {
            SearchResult.Timings times = result.timings();
            return new Explanation(
                    result.mode().id(),
                    result.vectorSet(),
                    result.model(),
                    result.vectorFound(),
                    result.textFound(),
                    result.terms().stream()
                            .map(term -> new TermView(term.lexeme(), term.chunks(), term.weight()))
                            .toList(),
                    result.required(),
                    result.corpusChunks(),
                    result.filtered(),
                    new Times(
                            times.embed().toNanos() / 1e6,
                            times.vector().toNanos() / 1e6,
                            times.text().toNanos() / 1e6,
                            times.load().toNanos() / 1e6,
                            times.total().toNanos() / 1e6));
        }
    }

    /// A word of the question as the text index knows it.
    record TermView(String lexeme, long chunks, double weight) {}

    /// Milliseconds of each part.
    record Times(double embed, double vector, double text, double load, double total) {}
}
