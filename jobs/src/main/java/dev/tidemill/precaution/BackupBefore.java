package dev.tidemill.precaution;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// The section `backup-before` of a job's YAML: what it does where no backup of everything is young enough.
///
/// @param mode what is done
/// @param olderThan age of what the newest whole backup shows, from which on it is not young enough any more
/// @param minimum rows that would be destroyed, below which nothing is done
public record BackupBefore(
        @Nullable Mode mode,
        @Nullable Duration olderThan,
        @Nullable Long minimum) {

    /// What is done.
    public enum Mode {
        /// a backup is taken first
        TAKE,
        /// nothing is destroyed
        REFUSE,
        /// it goes on, and says so
        WARN,
        OFF
    }

    public BackupBefore {
        if (olderThan != null && olderThan.isNegative()) {
            throw new IllegalArgumentException("backup-before.older-than is " + olderThan + ": must not be negative");
        }
        if (minimum != null && minimum < 0) {
            throw new IllegalArgumentException("backup-before.minimum is " + minimum + ": must not be negative");
        }
    }

    /// What a job does that is told nothing about it.
    public static BackupBefore or(BackupBefore said, Mode mode, Duration olderThan, long minimum) {
        return new BackupBefore(
                said.mode() == null ? mode : said.mode(),
                said.olderThan() == null ? olderThan : said.olderThan(),
                said.minimum() == null ? Long.valueOf(minimum) : said.minimum());
    }

    Duration age() {
        return olderThan == null ? Duration.ZERO : olderThan;
    }

    Mode what() {
        return mode == null ? Mode.OFF : mode;
    }

    long least() {
        return minimum == null ? 0 : minimum;
    }
}
