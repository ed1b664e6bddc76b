package dev.tidemill.search;

import dev.tidemill.store.ChunkSearch.Filter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/// A question and how it is to be searched for.
///
/// @param k how many hits are wanted, 1 to 100
/// @param asOf the time whose corpus is searched, null for that of now
public record SearchRequest(
        String question,
        int k,
        SearchMode mode,
        Filter filter,
        @Nullable Instant asOf) {

    public static final int MAX_K = 100;
    public static final int DEFAULT_K = 10;
    public static final int MAX_QUESTION = 4_000;

    public SearchRequest {
        if (question.isBlank()) {
            throw new IllegalArgumentException("question is blank: ask something");
        }
        if (question.length() > MAX_QUESTION) {
            throw new IllegalArgumentException(
                    "question has " + question.length() + " characters: use at most " + MAX_QUESTION);
        }
        if (question.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("question holds a NUL character: leave it out");
        }
        if (k < 1 || k > MAX_K) {
            throw new IllegalArgumentException("k is " + k + ": use a number from 1 to " + MAX_K);
        }
        // The database knows no finer times.
        asOf = asOf == null ? null : asOf.truncatedTo(ChronoUnit.MICROS);
    }

    /// Searches the corpus of now.
    public SearchRequest(String question, int k, SearchMode mode, Filter filter) {
        this(question, k, mode, filter, null);
    }

    public static SearchRequest of(String question) {
        return new SearchRequest(question, DEFAULT_K, SearchMode.HYBRID, Filter.NONE);
    }
}
