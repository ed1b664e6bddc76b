package dev.tidemill.search;

import dev.tidemill.document.Hit;
import dev.tidemill.store.ChunkSearch.Term;
import java.time.Duration;
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
        Timings timings) {

    public SearchResult {
        hits = List.copyOf(hits);
        terms = List.copyOf(terms);
    }

    /// How long each part took.
    public record Timings(Duration embed, Duration vector, Duration text, Duration load, Duration total) {}
}
