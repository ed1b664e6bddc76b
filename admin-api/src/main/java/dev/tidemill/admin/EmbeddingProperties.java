package dev.tidemill.admin;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// Which model makes the vectors.
///
/// @param model id of a built-in model
@ConfigurationProperties(prefix = "tidemill.embedding", ignoreUnknownFields = false)
record EmbeddingProperties(
        @DefaultValue("bge-small-en-v1.5-int8") String model) {}
