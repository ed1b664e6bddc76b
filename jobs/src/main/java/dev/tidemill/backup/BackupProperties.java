package dev.tidemill.backup;

import dev.tidemill.run.JobPolicy;
import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/// `job-configs/backup.yaml`. Unknown keys and values out of range are refused when the process starts.
///
/// @param target where backups are kept: `s3` where a bucket is named, else `directory`
/// @param engine what makes physical backups of the private cluster
/// @param directory folder for them, empty for `backups` in the data folder
/// @param s3 the bucket
/// @param pgbackrest where that keeps its backups
/// @param keyFile file of the key that locks new backups, empty for `SECRET_KEY`, and where that is not set for
///     `backup.key` in the data folder
/// @param olderKeyFiles keys that open earlier backups
/// @param partSize size of a part before compression
/// @param concurrency parts written at a time, 0 for one more than there are cores, as one waits for the disk
/// @param compression level of zstd
/// @param questions asked of each project, and again of every restored copy
/// @param leftovers after how long what a broken-off backup left is taken away
/// @param retention what is kept
/// @param run priority, limits and retries of its runs
@ConfigurationProperties(prefix = "backup", ignoreUnknownFields = false)
public record BackupProperties(
        @DefaultValue("auto") Kind target,
        @DefaultValue("tidemill") Engine engine,
        @DefaultValue("") String directory,
        @DefaultValue S3 s3,
        @DefaultValue PgBackRestSettings pgbackrest,
        @DefaultValue("") String keyFile,
        @DefaultValue List<String> olderKeyFiles,
        @DefaultValue("64MB") DataSize partSize,
        @DefaultValue("0") int concurrency,
        @DefaultValue("1") int compression,
        @DefaultValue("5") int questions,
        @DefaultValue("1d") Duration leftovers,
        @DefaultValue Retention retention,
        @DefaultValue JobPolicy run) {

    /// What makes physical backups.
    public enum Engine {
        TIDEMILL,
        PGBACKREST
    }

    /// Where backups are kept.
    public enum Kind {
        AUTO,
        DIRECTORY,
        S3
    }

    public BackupProperties {
        olderKeyFiles = List.copyOf(olderKeyFiles);
        range(partSize.toKilobytes(), 64, 4 << 20, "backup.part-size in kilobytes");
        range(concurrency, 0, 64, "backup.concurrency");
        range(compression, 1, 19, "backup.compression");
        range(questions, 0, 100, "backup.questions");
        if (leftovers.compareTo(Duration.ofHours(1)) < 0) {
            throw new IllegalArgumentException("backup.leftovers is " + leftovers
                    + ": must be at least 1h, as a backup that is being made must not be taken for one");
        }
    }

    int threads() {
        return concurrency == 0 ? Runtime.getRuntime().availableProcessors() + 1 : concurrency;
    }

    /// A bucket. Credentials come from where AWS programs look for them: `AWS_ACCESS_KEY_ID` and
    /// `AWS_SECRET_ACCESS_KEY`, a profile, the machine's role.
    ///
    /// @param bucket empty for `S3_BACKUP_BUCKET`
    /// @param prefix put before every name
    /// @param endpoint of a store that is not AWS, empty for `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`
    /// @param region empty for what the environment says
    /// @param pathStyle bucket in the path instead of the host name
    /// @param checksums off for stores that refuse the newer ones
    /// @param timeout without a byte from the store
    public record S3(
            @DefaultValue("") String bucket,
            @DefaultValue("") String prefix,
            @DefaultValue("") String endpoint,
            @DefaultValue("") String region,
            @DefaultValue("true") boolean pathStyle,
            @DefaultValue("true") boolean checksums,
            @DefaultValue("60s") Duration timeout) {}

    /// What is kept, of each scope by itself: whatever one of the rules wants. Pins, the newest whole backup and the
    /// newest verified one are always kept.
    ///
    /// @param last so many
    /// @param age everything younger than this; 0 for no such rule
    /// @param daily the newest of so many days
    /// @param weekly the newest of so many weeks
    /// @param monthly the newest of so many months
    /// @param afterBackup whether each backup is followed by taking away what is kept no longer
    public record Retention(
            @DefaultValue("7") int last,
            @DefaultValue("0s") Duration age,
            @DefaultValue("7") int daily,
            @DefaultValue("4") int weekly,
            @DefaultValue("6") int monthly,
            @DefaultValue("true") boolean afterBackup) {

        public Retention {
            range(last, 1, 100_000, "backup.retention.last");
            range(daily, 0, 100_000, "backup.retention.daily");
            range(weekly, 0, 100_000, "backup.retention.weekly");
            range(monthly, 0, 100_000, "backup.retention.monthly");
        }
    }

    private static void range(long value, long least, long most, String key) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(key + " is " + value + ": must be between " + least + " and " + most);
        }
    }
}
