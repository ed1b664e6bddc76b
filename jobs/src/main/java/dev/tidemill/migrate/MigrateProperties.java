package dev.tidemill.migrate;

import dev.tidemill.precaution.BackupBefore;
import dev.tidemill.run.JobPolicy;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// `job-configs/migrate.yaml`.
///
/// @param commitRows rows in one transaction
/// @param pause between two transactions, so that others get their turn
/// @param backupBefore what is done about backups before the schema or the data are changed
/// @param rehearse whether `migrate apply` first applies the same to the newest backup, restored to scratch
/// @param run priority, limits, retries and skip budget of its runs
@ConfigurationProperties(prefix = "migrate", ignoreUnknownFields = false)
public record MigrateProperties(
        @DefaultValue("500") int commitRows,
        @DefaultValue("0s") Duration pause,
        @DefaultValue BackupBefore backupBefore,
        @DefaultValue("true") boolean rehearse,
        @DefaultValue JobPolicy run) {

    public MigrateProperties {
        backupBefore = BackupBefore.or(backupBefore, BackupBefore.Mode.TAKE, Duration.ofHours(1), 1);
        if (commitRows < 1 || commitRows > 10_000) {
            throw new IllegalArgumentException(
                    "migrate.commit-rows is " + commitRows + ": must be between 1 and 10000");
        }
        if (pause.isNegative() || pause.compareTo(Duration.ofSeconds(10)) > 0) {
            throw new IllegalArgumentException("migrate.pause is " + pause + ": must be between 0 and 10s");
        }
    }
}
