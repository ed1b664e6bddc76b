package dev.tidemill.reclaim;

import dev.tidemill.run.JobPolicy;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// `job-configs/reclaim.yaml`.
///
/// @param run priority, limits and retries of its runs; one at a time, whatever it says: each holds a copy of a
///     workspace, and waits for imports that need a place of their own
@ConfigurationProperties(prefix = "reclaim", ignoreUnknownFields = false)
public record ReclaimProperties(@DefaultValue JobPolicy run) {

    public ReclaimProperties {
        run = new JobPolicy(run.priority(), 1, 1, run.conflicts(), run.retry(), run.skip());
    }
}
