package dev.tidemill.admin.query;

import dev.tidemill.admin.web.BadRequest;
import dev.tidemill.search.SearchMode;
import dev.tidemill.search.SearchRequest;
import dev.tidemill.store.ChunkSearch.Filter;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The body of a search or a question.
@Schema(description = "A question to a project.")
record QueryRequest(
        @Schema(description = "what is asked, up to 4,000 characters", example = "How is wraparound prevented?")
        @Nullable
        String question,

        @Schema(description = "how many hits, 1 to 100", defaultValue = "10") @Nullable
        Integer k,

        @Schema(description = "hybrid, vector or text", defaultValue = "hybrid") @Nullable
        String mode,

        @Nullable QueryFilter filter,

        @Schema(
                description =
                        "a time (RFC 3339) or run:ID: search the corpus as it was then, or at the end of that run; without"
                                + " it that of now",
                example = "2026-03-01T12:00:00Z")
        @Nullable
        String asOf,

        @Schema(description = "tell ranks, scores and times; needs the scope admin", defaultValue = "false") @Nullable
        Boolean explain) {

    private static final int MOST_VALUES = 100;

    /// What a hit must satisfy; parts are joined by "and", the values of a list by "or".
    @Schema(description = "What a hit must satisfy.")
    record QueryFilter(
            @Schema(description = "ids or locations of sources") @Nullable
            List<@Nullable String> sources,

            @Schema(description = "keys of documents") @Nullable
            List<@Nullable String> documents,

            @Schema(description = "values that the document's metadata must hold") @Nullable
            Map<String, @Nullable String> metadata,

            @Schema(description = "a heading that the hit stands under") @Nullable
            String heading) {}

    boolean explained() {
        return explain != null && explain;
    }

    /// @param time what `asOf` stands for, null for the corpus of now
    SearchRequest toSearch(@Nullable Instant time) {
        String asked = question;
        if (asked == null) {
            throw new BadRequest("question", "question is missing: ask something");
        }
        SearchMode chosen = parsed("mode", () -> mode == null ? SearchMode.HYBRID : SearchMode.byId(mode));
        Filter narrowed = filter == null ? Filter.NONE : filter(filter);
        int wanted = k == null ? SearchRequest.DEFAULT_K : k;
        if (wanted < 1 || wanted > SearchRequest.MAX_K) {
            throw new BadRequest("k", "k is " + wanted + ": use a number from 1 to " + SearchRequest.MAX_K);
        }
        return parsed("question", () -> new SearchRequest(asked, wanted, chosen, narrowed, time));
    }

    private static Filter filter(QueryFilter filter) {
        Map<String, String> metadata = new java.util.TreeMap<>();
        if (filter.metadata() != null) {
            filter.metadata()
                    .forEach((name, value) ->
                            metadata.put(text("filter.metadata", name), text("filter.metadata." + name, value)));
        }
        few("filter.metadata", metadata.size());
        String heading = filter.heading();
        return new Filter(
                values("filter.sources", filter.sources()),
                values("filter.documents", filter.documents()),
                metadata,
                heading == null ? null : text("filter.heading", heading));
    }

    private static List<String> values(String field, @Nullable List<@Nullable String> values) {
        if (values == null) {
            return List.of();
        }
        few(field, values.size());
        if (values.isEmpty()) {
            throw new BadRequest(field, field + " is empty: name at least one, or leave it out");
        }
        return values.stream().map(value -> text(field, value)).toList();
    }

    private static void few(String field, int count) {
        if (count > MOST_VALUES) {
            throw new BadRequest(field, field + " has " + count + " values: use at most " + MOST_VALUES);
        }
    }

    private static String text(String field, @Nullable String value) {
        if (value == null || value.isBlank() || value.indexOf('\0') >= 0 || value.length() > 2_000) {
            throw new BadRequest(field, field + " holds an empty, broken or overlong value: write or remove it");
        }
        return value;
    }

    private static <T> T parsed(String field, java.util.function.Supplier<T> parse) {
        try {
            return parse.get();
        } catch (IllegalArgumentException e) {
            throw new BadRequest(field, String.valueOf(e.getMessage()));
        }
    }
}
