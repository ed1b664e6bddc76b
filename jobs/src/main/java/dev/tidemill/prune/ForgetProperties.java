package dev.tidemill.prune;

import dev.tidemill.run.JobPolicy;
import java.time.Duration;
import java.util.Set;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// `job-configs/forget.yaml`.
///
/// @param backups how long backups are kept: a receipt names the date from which on they hold nothing either
/// @param commitDocuments documents in one transaction
/// @param run priority, limits, retries and skip budget of its runs
@ConfigurationProperties(prefix = "forget", ignoreUnknownFields = false)
public record ForgetProperties(
        @DefaultValue("35d") Duration backups,
        @DefaultValue("20") int commitDocuments,
        @DefaultValue JobPolicy run) {

    private static final Set<String> NEVER_BESIDE = Set.of("ingest", "prune");

    public ForgetProperties {
        PruneProperties.require(!backups.isNegative(), "forget.backups", backups, "must not be negative");
        PruneProperties.require(
                commitDocuments >= 1 && commitDocuments <= 1000,
                "forget.commit-documents",
                commitDocuments,
                "must be between 1 and 1000");
        run = PruneProperties.beside(run, NEVER_BESIDE);
    }
}
