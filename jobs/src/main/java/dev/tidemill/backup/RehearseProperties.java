package dev.tidemill.backup;

import dev.tidemill.run.JobPolicy;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// `job-configs/rehearse.yaml`.
///
/// @param run priority, limits and retries of its runs
@ConfigurationProperties(prefix = "rehearse", ignoreUnknownFields = false)
public record RehearseProperties(@DefaultValue JobPolicy run) {}
