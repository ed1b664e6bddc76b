package dev.tidemill.sets;

import dev.tidemill.embed.Embedder;
import dev.tidemill.embed.EmbeddingUnavailable;
import dev.tidemill.embed.TextRefused;
import dev.tidemill.run.DataError;
import dev.tidemill.run.RetryAfter;
import java.time.Duration;

/// Embeds a text and tells the platform what kind of failure it was.
public final class TextVector {

    /// Reason of the dead letter of a text that the model does not take.
    public static final String REFUSED = "TEXT_REFUSED";

    private TextVector() {}

    /// The vector of a text.
    ///
    /// @throws DataError when no further try will help this text
    public static float[] of(Embedder embedder, String text) {
        try {
            return embedder.embed(text);
        } catch (TextRefused e) {
            throw new DataError(REFUSED, String.valueOf(e.getMessage()), e);
        } catch (EmbeddingUnavailable e) {
            if (e.retryAfter() != null) {
                throw new Patience(String.valueOf(e.getMessage()), e.retryAfter(), e);
            }
            throw e;
        }
    }

    /// The service asks for patience: the run waits outside of its step.
    private static final class Patience extends RuntimeException implements RetryAfter {

        private static final long serialVersionUID = 1;

        private final Duration wait;

        Patience(String message, Duration wait, Throwable cause) {
            super(message, cause);
            this.wait = wait;
        }

        @Override
        public Duration retryAfter() {
            return wait;
        }
    }
}
