package dev.tidemill.backup;

import dev.tidemill.backup.BackupProperties.Kind;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// The repository of pgBackRest, where that makes the physical backups. A bucket is the one of `backup.s3`.
///
/// @param repository `directory` or `s3`; auto: as the backups
/// @param directory folder, empty for that of the backups with `-pgbackrest` behind its name
/// @param fullBackups kept, with what depends on them and the log since the oldest of them
/// @param credentials for a bucket
/// @param verifyTls off for a store whose certificate nobody signed
/// @param caFile certificates that sign the store's, empty for the system's
public record PgBackRestSettings(
        @DefaultValue("auto") Kind repository,
        @DefaultValue("") String directory,
        @DefaultValue("2") int fullBackups,
        @DefaultValue("keys") Credentials credentials,
        @DefaultValue("true") boolean verifyTls,
        @DefaultValue("") String caFile) {

    /// How pgBackRest shows the store who it is.
    public enum Credentials {
        /// those that are found where AWS programs look for them, written to its configuration
        KEYS,
        /// the machine's role, which pgBackRest asks for itself
        ROLE
    }

    public PgBackRestSettings {
        if (fullBackups < 1 || fullBackups > 1000) {
            throw new IllegalArgumentException(
                    "backup.pgbackrest.full-backups is " + fullBackups + ": must be between 1 and 1000");
        }
    }
}
