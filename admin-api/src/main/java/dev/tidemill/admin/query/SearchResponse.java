package dev.tidemill.admin.query;

import dev.tidemill.document.Hit;
import dev.tidemill.search.SearchResult;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The hits of a search.
record SearchResponse(
        List<HitView> hits,
        double tookMillis,
        @Nullable AsOfView asOf,
        @Nullable Explanation explain) {

    static SearchResponse of(SearchResult result, boolean explain) {
        List<HitView> hits = new ArrayList<>();
        for (Hit hit : result.hits()) {
            hits.add(HitView.of(hits.size() + 1, hit, explain));
        }
        return new SearchResponse(
                hits,
                result.timings().total().toNanos() / 1e6,
                AsOfView.of(result.asOf()),
                explain ? Explanation.of(result) : null);
    }

    /// Which past was asked, and whether it is all there.
    ///
    /// @param complete false where versions that were valid then were removed since
    /// @param note what the answer lacks, null when it lacks nothing
    record AsOfView(Instant at, boolean complete, @Nullable String note) {

        static @Nullable AsOfView of(SearchResult.@Nullable AsOf asOf) {
            if (asOf == null) {
                return null;
            }
            List<String> notes = new ArrayList<>();
            if (!asOf.complete()) {
                notes.add("the past is whole only since " + asOf.completeSince()
                        + ": documents of before may have been removed since");
            }
            if (asOf.withoutVector() > 0) {
                notes.add(asOf.withoutVector() + " passages of then have no vector of today's model: only their words"
                        + " find them");
            }
            return new AsOfView(asOf.at(), asOf.complete(), notes.isEmpty() ? null : String.join("; ", notes));
        }
    }

    /// How the past was searched.
    ///
    /// @param pastChunks passages of superseded versions, compared one by one
    /// @param withoutVector of those, without a vector of the live set
    /// @param wordCounts whether words count as they did `then` or as `today`
    record PastExplanation(Instant at, Instant completeSince, long pastChunks, long withoutVector, String wordCounts) {

        static @Nullable PastExplanation of(SearchResult.@Nullable AsOf asOf) {
            return asOf == null
                    ? null
                    : new PastExplanation(
                            asOf.at(),
                            asOf.completeSince(),
                            asOf.pastChunks(),
                            asOf.withoutVector(),
                            asOf.wordsOfThen() ? "then" : "today");
        }
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
            @Nullable PastExplanation asOf,
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
                    PastExplanation.of(result.asOf()),
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
