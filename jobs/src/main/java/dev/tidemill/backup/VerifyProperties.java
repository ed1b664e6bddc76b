package dev.tidemill.backup;

import dev.tidemill.run.JobPolicy;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// `job-configs/verify.yaml`.
///
/// @param run priority, limits and retries of its runs
@ConfigurationProperties(prefix = "verify", ignoreUnknownFields = false)
public record VerifyProperties(@DefaultValue JobPolicy run) {}
