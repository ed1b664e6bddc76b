package dev.tidemill.backup;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;

/// Puts a restored database in the place of the live one, by two renames in one transaction. The old one is kept
/// under another name.
public final class Promotion {

    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd_HHmmss").withZone(ZoneOffset.UTC);

    private Promotion() {}

    /// Renames both.
    ///
    /// @param restored name of a database that a restore made
    /// @param confirmed the same name again, from whoever asks
    /// @return the name under which the old live database is kept
    /// @throws IllegalStateException saying what stands in the way
    public static String promote(LiveDatabase live, String restored, String confirmed, Instant now) {
        requireConfirmed(live, restored, confirmed);
        String old = live.name() + "_before_" + STAMP.format(now);
        try (Connection connection = live.named("postgres").connect("tidemill promote")) {
            requireWhole(connection, restored);
            List<String> sessions =
                    BackupJob.column(connection, """
                    SELECT DISTINCT datname || ' by ' || coalesce(nullif(application_name, ''), 'a client without a name')
                    FROM pg_stat_activity WHERE datname IN ('%s', '%s') AND pid <> pg_backend_pid()
                    """.formatted(live.name().replace("'", "''"), restored));
            if (!sessions.isEmpty()) {
                throw new IllegalStateException("databases are in use (" + String.join(", ", sessions)
                        + "): stop the servers and whoever else is connected, then promote again");
            }
            connection.setAutoCommit(false);
            rename(connection, live.name(), old);
            rename(connection, restored, live.name());
            LiveDatabase.execute(
                    connection,
                    String.valueOf(LiveDatabase.text(
                            connection, "SELECT format('COMMENT ON DATABASE %I IS NULL', ?)", live.name())));
            connection.commit();
            return old;
        } catch (SQLException e) {
            throw new IllegalStateException(
                    restored + " could not be promoted, nothing was changed: " + e.getMessage(), e);
        }
    }

    static void requireConfirmed(LiveDatabase live, String restored, String confirmed) {
        if (!restored.equals(confirmed)) {
            throw new IllegalStateException("promoting " + restored + " takes " + live.name()
                    + " out of use: confirm it by giving the name again (--confirm " + restored + ")");
        }
    }

    static void requireWhole(Connection connection, String restored) throws SQLException {
        String comment = LiveDatabase.text(
                connection,
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = ?",
                restored);
        if (comment == null || !comment.startsWith("made by tidemill out of backup ")) {
            throw new IllegalStateException(
                    "there is no restored database " + restored + ": ./tidemill restore list shows them");
        }
        if (restored.endsWith("_restoring")) {
            throw new IllegalStateException(restored + " is not whole: resume the run that restores it");
        }
    }

    private static void rename(Connection connection, String from, String to) throws SQLException {
        LiveDatabase.execute(
                connection,
                String.valueOf(LiveDatabase.text(
                        connection, "SELECT format('ALTER DATABASE %I RENAME TO %I', ?, ?)", from, to)));
    }
}
