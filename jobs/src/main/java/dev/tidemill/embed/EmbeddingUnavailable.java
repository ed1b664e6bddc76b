package dev.tidemill.embed;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A model that cannot be used at the moment, after the tries that one call makes.
public final class EmbeddingUnavailable extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final @Nullable Duration retryAfter;

    EmbeddingUnavailable(String message, @Nullable Duration retryAfter, @Nullable Throwable cause) {
        super(message, cause);
        this.retryAfter = retryAfter;
    }

    /// The patience that the other side asked for, null when it did not.
    public @Nullable Duration retryAfter() {
        return retryAfter;
    }
}
