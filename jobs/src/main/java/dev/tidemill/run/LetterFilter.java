package dev.tidemill.run;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Which dead letters are meant. What is null does not matter.
///
/// @param ids these and no others, empty for any
/// @param run the run that gave up last
/// @param state open, replaying, resolved or ignored
/// @param text words, or beginnings of words, of the item or the detail
public record LetterFilter(
        List<Long> ids,
        @Nullable String job,
        @Nullable String step,
        @Nullable String reason,
        @Nullable String stackHash,
        @Nullable Long run,
        @Nullable String state,
        @Nullable String text) {

    /// The expression of the index on words.
    private static final String WORDS =
            "to_tsvector('simple', regexp_replace(item_key || ' ' || detail, '[^[:alnum:]]+', ' ', 'g'))";

    private static final Pattern NO_WORD = Pattern.compile("[^\\p{L}\\p{N}]+");

    public LetterFilter {
        ids = List.copyOf(ids);
    }

    public static LetterFilter any() {
        return new LetterFilter(List.of(), null, null, null, null, null, null, null);
    }

    public static LetterFilter of(List<Long> ids) {
        return new LetterFilter(ids, null, null, null, null, null, null, null);
    }

    /// Whether it leaves anything out.
    public boolean isAny() {
        return equals(any());
    }

    /// Conditions on `dead_letters`, only those that there are: each has its index.
    String conditions(Map<String, Object> parameters) {
        StringBuilder sql = new StringBuilder();
        if (!ids.isEmpty()) {
            sql.append(" AND id = ANY (:ids)");
            parameters.put("ids", ids.toArray(Long[]::new));
        }
        Map<String, @Nullable Object> columns = new HashMap<>();
        columns.put("job", job);
        columns.put("step", step);
        columns.put("reason", reason);
        columns.put("stack_hash", stackHash);
        columns.put("run_id", run);
        columns.put("state", state);
        columns.forEach((column, value) -> {
            if (value != null) {
                sql.append(" AND ").append(column).append(" = :").append(column);
                parameters.put(column, value);
            }
        });
        if (text != null) {
            String query = NO_WORD.splitAsStream(text.toLowerCase(Locale.ROOT))
                    .filter(word -> !word.isEmpty())
                    .map(word -> word + ":*")
                    .collect(Collectors.joining(" & "));
            sql.append(" AND ").append(WORDS).append(" @@ to_tsquery('simple', :text)");
            parameters.put("text", query);
        }
        return sql.toString();
    }
}
