package dev.tidemill.search;

import dev.tidemill.document.Hit;
import dev.tidemill.store.ChunkSearch.Term;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The hits of one search, best first, and how they came about.
///
/// @param vectorSet the set that the vector leg read, null when it did not run
/// @param terms the words of the question that the corpus knows, rarest first
/// @param required what a chunk had to match for the full-text leg to rank it, empty when that leg did
///     not run
/// @param vectorFound how many chunks the vector leg returned
/// @param textFound how many chunks the full-text leg returned
/// @param filtered how many chunks the filter on documents lets through, null when there was none
/// @param corpusChunks how many chunks could be found at all
/// @param asOf the time whose corpus was searched, null for that of now
public record SearchResult(
        List<Hit> hits,
        SearchMode mode,
        @Nullable Long vectorSet,
        @Nullable String model,
        List<Term> terms,
        String required,
        int vectorFound,
        int textFound,
        @Nullable Long filtered,
        long corpusChunks,
        @Nullable AsOf asOf,
        Timings timings) {

    public SearchResult {
        hits = List.copyOf(hits);
        terms = List.copyOf(terms);
    }

    /// A search of the past.
    ///
    /// @param completeSince no version that was valid at this time or later was removed since
    /// @param pastChunks chunks compared one by one, as their versions are superseded by now
    /// @param withoutVector of those, chunks that the live vector set has no vector of: only their words find them
    /// @param wordsOfThen whether the words of the question were counted as they stood then, or as today
    public record AsOf(Instant at, Instant completeSince, long pastChunks, long withoutVector, boolean wordsOfThen) {

        /// Whether everything that was valid then is still there.
        public boolean complete() {
            return !at.isBefore(completeSince);
        }
    }

    /// How long each part took.
    public record Timings(Duration embed, Duration vector, Duration text, Duration load, Duration total) {}
}
