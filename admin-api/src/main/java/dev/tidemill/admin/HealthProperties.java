package dev.tidemill.admin;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// From when on something counts as not well.
///
/// @param orphan a running launch without a living process
/// @param backup the last backup
/// @param drill the last restore drill
@ConfigurationProperties(prefix = "tidemill.health", ignoreUnknownFields = false)
record HealthProperties(
        @DefaultValue("60s") Duration orphan,
        @DefaultValue("26h") Duration backup,
        @DefaultValue("8d") Duration drill) {}
