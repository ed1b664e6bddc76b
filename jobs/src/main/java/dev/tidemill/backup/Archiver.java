package dev.tidemill.backup;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/// What a server says of how it hands its finished segments over, to our folder or to pgBackRest.
final class Archiver {

    private Archiver() {}

    /// The segment that it could not hand over at the last try, told as a sentence; empty where all is well.
    static Optional<String> stuck(Connection connection) throws SQLException {
        return Optional.ofNullable(LiveDatabase.text(connection, """
                SELECT format('the server cannot hand over the segment %s of its write-ahead log, %s tries failed, the last at %s',
                              last_failed_wal, failed_count, to_char(last_failed_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
                FROM pg_stat_archiver WHERE last_failed_time > coalesce(last_archived_time, '-infinity')
                """));
    }

    /// Whether it hands them to pgBackRest.
    static boolean toPgBackRest(Connection connection) throws SQLException {
        return LiveDatabase.text(connection, "SELECT 1 WHERE current_setting('archive_command') LIKE 'pgbackrest %'")
                != null;
    }
}
