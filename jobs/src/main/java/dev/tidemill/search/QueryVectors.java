package dev.tidemill.search;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/// Embeds questions, remembering the last ones: people ask the same again, and paging asks the same
/// question often.
public final class QueryVectors {

    private static final int KEPT = 1_000;

    private final String fingerprint;
    private final Function<String, float[]> embed;
    private final Map<String, float[]> recent = Collections.synchronizedMap(new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, float[]> eldest) {
            return size() > KEPT;
        }
    });

    /// Wraps an embedder.
    ///
    /// @param fingerprint what identifies model and configuration; vectors of another fingerprint are
    ///     never compared
    /// @param embed must be safe to call from several threads
    public QueryVectors(String fingerprint, Function<String, float[]> embed) {
        this.fingerprint = fingerprint;
        this.embed = embed;
    }

    public String fingerprint() {
        return fingerprint;
    }

    /// The vector of a question.
    public float[] of(String question) {
        float[] known = recent.get(question);
        if (known != null) {
            return known;
        }
        float[] vector = embed.apply(question);
        recent.put(question, vector);
        return vector;
    }
}
