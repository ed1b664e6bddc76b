package dev.tidemill.backup;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;

/// Rows that are written while the write-ahead log is kept, each committed by itself, so that a recovered copy can be
/// asked which of them it has.
final class RecoveryMarks {

    private RecoveryMarks() {}

    /// A mark.
    ///
    /// @param segment of the log that its row begins in, without the timeline
    record Mark(long id, Instant at, String segment) {}

    static void write(Connection connection) throws SQLException {
        LiveDatabase.execute(connection, "INSERT INTO recovery_marks DEFAULT VALUES");
        LiveDatabase.execute(
                connection, "DELETE FROM recovery_marks WHERE at < clock_timestamp() - interval '60 days'");
    }

    /// Oldest first.
    static List<Mark> since(Connection connection, Instant from) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT id, at, lsn::text FROM recovery_marks WHERE at > CAST(? AS timestamptz) ORDER BY id")) {
            statement.setString(1, from.toString());
            List<Mark> marks = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    marks.add(new Mark(
                            rows.getLong(1),
                            rows.getObject(2, OffsetDateTime.class).toInstant(),
                            WalArchive.segment(rows.getString(3))));
                }
            }
            return marks;
        }
    }
}
