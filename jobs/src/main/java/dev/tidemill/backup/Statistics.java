package dev.tidemill.backup;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/// What the planner of a restored database knows of its rows.
final class Statistics {

    private Statistics() {}

    /// Of the columns of large tables that rows are found and joined by, which are short: a look at long texts and at
    /// words would take most of the time. Enough for the first questions.
    ///
    /// @param late those that no question needs, otherwise those that questions need
    static void ofKeys(Connection connection, Manifest manifest, boolean late) throws SQLException {
        for (Manifest.Table table : manifest.tables()) {
            if (table.rows() < PostData.LARGE || Tables.late(table.name()) != late) {
                continue;
            }
            List<String> columns = BackupJob.column(
                    connection,
                    "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = '"
                            + table.name().replace("'", "''")
                            + "'::regclass AND attnum > 0 AND NOT attisdropped AND attlen > 0 ORDER BY attnum");
            if (!columns.isEmpty()) {
                LiveDatabase.execute(connection, "ANALYZE " + table.name() + " (" + String.join(", ", columns) + ")");
            }
        }
    }
}
