package dev.tidemill.backup;

import dev.tidemill.run.JobPolicy;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/// `job-configs/restore.yaml`: how backups are loaded, by restores and drills.
///
/// @param concurrency parts checked and loaded at a time, 0 for as many as there are cores
/// @param memory for building an index
/// @param run priority, limits and retries of its runs
@ConfigurationProperties(prefix = "restore", ignoreUnknownFields = false)
public record RestoreProperties(
        @DefaultValue("0") int concurrency,
        @DefaultValue("512MB") DataSize memory,
        @DefaultValue JobPolicy run) {

    int threads() {
        return concurrency == 0 ? Runtime.getRuntime().availableProcessors() : concurrency;
    }
}
