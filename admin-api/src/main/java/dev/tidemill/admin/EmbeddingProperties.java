package dev.tidemill.admin;

import dev.tidemill.embed.EmbeddingEndpoint;
import java.math.BigDecimal;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// Which models make the vectors.
///
/// @param model id of the shipped model that makes a new project's first set
/// @param endpoints further models, by id
@ConfigurationProperties(prefix = "tidemill.embedding", ignoreUnknownFields = false)
record EmbeddingProperties(
        @DefaultValue("bge-small-en-v1.5-int8") String model,
        @DefaultValue Map<String, Endpoint> endpoints) {

    EmbeddingProperties {
        // Refused when the process starts, not when the model is first needed.
        endpoints.forEach((id, endpoint) -> endpoint.endpoint(id));
    }

    /// A service that speaks the protocol of OpenAI, as [EmbeddingEndpoint] describes it. Its key stands in an
    /// environment variable and nowhere else.
    record Endpoint(
            URI url,
            String model,
            int dimensions,
            @DefaultValue("false") boolean sendDimensions,
            @DefaultValue("8191") int maxTokens,
            @DefaultValue("64") int batch,
            @DefaultValue("4") int concurrency,
            @DefaultValue("0") int requestsPerMinute,
            @DefaultValue("60s") Duration timeout,
            @DefaultValue("") String queryPrefix,
            @DefaultValue("") String passagePrefix,
            @DefaultValue("0") BigDecimal pricePerMillionTokens,
            @DefaultValue("") String keyVariable) {

        EmbeddingEndpoint endpoint(String id) {
            return new EmbeddingEndpoint(
                    id,
                    url,
                    model,
                    dimensions,
                    sendDimensions,
                    maxTokens,
                    batch,
                    concurrency,
                    requestsPerMinute,
                    timeout,
                    queryPrefix,
                    passagePrefix,
                    pricePerMillionTokens,
                    keyVariable);
        }
    }
}
