package dev.tidemill.search;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/// Embeds questions, remembering the last ones: people ask the same again, and paging asks the same
/// question often. A question has one vector for each model, and only that of the set's own model is ever compared
/// with the set's.
public final class QueryVectors {

    private static final int KEPT = 1_000;

    private final Models models;
    private final Map<Asked, float[]> recent = Collections.synchronizedMap(new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Asked, float[]> eldest) {
            return size() > KEPT;
        }
    });

    /// Embeds a question by the model of a vector set.
    @FunctionalInterface
    public interface Models {

        /// The vector of a question.
        ///
        /// @throws IllegalStateException when there is no model of this fingerprint
        float[] embed(String model, String fingerprint, String question);
    }

    private record Asked(String fingerprint, String question) {}

    /// For sets of whatever models there are.
    ///
    /// @param models must be safe to call from several threads
    public QueryVectors(Models models) {
        this.models = models;
    }

    /// For sets of one model alone.
    ///
    /// @param fingerprint what identifies model and configuration; vectors of another fingerprint are
    ///     never compared
    /// @param embed must be safe to call from several threads
    public QueryVectors(String fingerprint, Function<String, float[]> embed) {
        this((model, wanted, question) -> {
            if (!wanted.equals(fingerprint)) {
                throw new IllegalStateException(
                        "the vector set was made by " + model + ", and another model runs here: re-embed the project");
            }
            return embed.apply(question);
        });
    }

    /// The vector of a question by the model with the fingerprint.
    public float[] of(String model, String fingerprint, String question) {
        Asked asked = new Asked(fingerprint, question);
        float[] known = recent.get(asked);
        if (known != null) {
            return known;
        }
        float[] vector = models.embed(model, fingerprint, question);
        recent.put(asked, vector);
        return vector;
    }
}
