package dev.tidemill.admin;

import dev.tidemill.embed.Embedder;
import dev.tidemill.embed.Embedders;
import dev.tidemill.embed.EmbeddingModel;
import dev.tidemill.embed.HttpEmbedder;
import dev.tidemill.embed.OnnxEmbedder;
import dev.tidemill.store.SharedRateLimit;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/// The embedding models, each loaded once and shared by queries and jobs.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(EmbeddingProperties.class)
class EmbeddingConfiguration {

    /// The one that counts tokens and judges sentences.
    @Bean
    OnnxEmbedder embedder(EmbeddingProperties properties) {
        return OnnxEmbedder.load(EmbeddingModel.byId(properties.inProcess()));
    }

    @Bean
    Embedders embedders(
            OnnxEmbedder first,
            EmbeddingProperties properties,
            PlatformTransactionManager transactionManager,
            JdbcClient jdbc) {
        SharedRateLimit limit = new SharedRateLimit(transactionManager, jdbc);
        Map<String, Supplier<Embedder>> endpoints = new HashMap<>();
        properties
                .endpoints()
                .forEach((id, endpoint) -> endpoints.put(
                        id,
                        () -> new HttpEmbedder(
                                endpoint.endpoint(id), key(id, endpoint.keyVariable()), limit::reserve)));
        return new Embedders(first, endpoints, properties.model());
    }

    private static @Nullable String key(String id, String variable) {
        if (variable.isEmpty()) {
            return null;
        }
        String key = System.getenv(variable);
        if (key == null || key.isBlank()) {
            throw new IllegalStateException("the environment variable " + variable
                    + " is not set: it holds the key of tidemill.embedding.endpoints." + id);
        }
        return key.strip();
    }
}
