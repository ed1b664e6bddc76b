package dev.tidemill.admin;

import dev.tidemill.embed.EmbeddingModel;
import dev.tidemill.embed.OnnxEmbedder;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// The embedding model, loaded once and shared by queries and jobs.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(EmbeddingProperties.class)
class EmbeddingConfiguration {

    @Bean
    OnnxEmbedder embedder(EmbeddingProperties properties) {
        return OnnxEmbedder.load(EmbeddingModel.byId(properties.model()));
    }
}
