package dev.tidemill.embed;

import java.math.BigDecimal;
import java.net.URI;
import java.time.Duration;

/// An embedding service that speaks the protocol of OpenAI (`POST …/embeddings`), as an operator configured it.
///
/// @param id how it is called here
/// @param url up to `/embeddings`, for example `https://host/v1`
/// @param model how it is called there
/// @param dimensions of its vectors
/// @param sendDimensions whether to ask for that many; a service that always gives them may refuse the question
/// @param maxTokens the most tokens of one text
/// @param batch texts in one request
/// @param concurrency most requests under way
/// @param requestsPerMinute of all processes together, 0 for no limit
/// @param timeout of one request
/// @param queryPrefix what the model wants before a question
/// @param passagePrefix what the model wants before a passage
/// @param pricePerMillionTokens 0 where nothing is paid
/// @param keyVariable environment variable that holds the key, empty for a service without one
public record EmbeddingEndpoint(
        String id,
        URI url,
        String model,
        int dimensions,
        boolean sendDimensions,
        int maxTokens,
        int batch,
        int concurrency,
        int requestsPerMinute,
        Duration timeout,
        String queryPrefix,
        String passagePrefix,
        BigDecimal pricePerMillionTokens,
        String keyVariable) {

    private static final int MOST_DIMENSIONS = 16_000;

    public EmbeddingEndpoint {
        require(id.matches("[a-z0-9][a-z0-9._-]*"), "name", id, "use lower case letters, digits, dots and dashes");
        require(
                "http".equals(url.getScheme()) || "https".equals(url.getScheme()),
                "url",
                url,
                "must begin with http:// or https://");
        require(url.getUserInfo() == null, "url", url.getHost(), "must not hold a password: name a key-variable");
        require(!model.isBlank(), "model", model, "must not be empty");
        require(
                dimensions >= 1 && dimensions <= MOST_DIMENSIONS,
                "dimensions",
                dimensions,
                "must be between 1 and " + MOST_DIMENSIONS);
        require(maxTokens >= 1, "max-tokens", maxTokens, "must be at least 1");
        require(batch >= 1 && batch <= 2_048, "batch", batch, "must be between 1 and 2048");
        require(concurrency >= 1 && concurrency <= 256, "concurrency", concurrency, "must be between 1 and 256");
        require(requestsPerMinute >= 0, "requests-per-minute", requestsPerMinute, "must be 0 (no limit) or more");
        require(timeout.toMillis() > 0, "timeout", timeout, "must be more than 0");
        require(pricePerMillionTokens.signum() >= 0, "price", pricePerMillionTokens, "must not be negative");
    }

    private static void require(boolean fine, String key, Object value, String rule) {
        if (!fine) {
            throw new IllegalArgumentException("tidemill.embedding.endpoints.*." + key + " is " + value + ": " + rule);
        }
    }
}
