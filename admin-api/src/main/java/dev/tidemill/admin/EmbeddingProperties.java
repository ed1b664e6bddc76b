package dev.tidemill.admin;

import dev.tidemill.embed.EmbeddingEndpoint;
import dev.tidemill.embed.EmbeddingModel;
import java.math.BigDecimal;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// Which models make the vectors.
///
/// @param model id of the model that makes a new project's first set, a shipped one or an endpoint
/// @param local id of the shipped model that counts tokens and judges sentences; empty for `model` where that is one
/// @param endpoints further models, by id
@ConfigurationProperties(prefix = "tidemill.embedding", ignoreUnknownFields = false)
record EmbeddingProperties(
        @DefaultValue(SHIPPED) String model,
        @DefaultValue("") String local,
        @DefaultValue Map<String, Endpoint> endpoints) {

    private static final String SHIPPED = "bge-small-en-v1.5-int8";

    EmbeddingProperties {
        // Refused when the process starts, not when the model is first needed.
        endpoints.forEach((id, endpoint) -> endpoint.endpoint(id));
    }

    /// The shipped model that works in this process whatever the projects are embedded by.
    String inProcess() {
        if (!local.isEmpty()) {
            return local;
        }
        boolean shipped =
                Arrays.stream(EmbeddingModel.values()).anyMatch(one -> one.id().equals(model));
        return shipped ? model : SHIPPED;
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
