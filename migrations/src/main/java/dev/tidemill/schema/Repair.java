package dev.tidemill.schema;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes away what a killed `CREATE INDEX CONCURRENTLY` leaves: an index that no query uses, whose name keeps the next
/// try from making it.
final class Repair {

    private static final Logger log = LoggerFactory.getLogger(Repair.class);

    private Repair() {}

    /// Indexes that are not valid and that nobody is building.
    static List<String> invalidIndexes(Connection connection) throws SQLException {
        List<String> names = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("""
                        SELECT format('%I.%I', n.nspname, c.relname) FROM pg_index i
                        JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                        WHERE NOT i.indisvalid AND n.nspname = 'public' AND c.relkind = 'i'
                          AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
                        ORDER BY 1
                        """)) {
            while (rows.next()) {
                names.add(rows.getString(1));
            }
        }
        return names;
    }

    /// Drops them; the change set that makes them comes next.
    static List<String> dropInvalidIndexes(Connection connection) throws SQLException {
        List<String> names = invalidIndexes(connection);
        try (Statement statement = connection.createStatement()) {
            for (String name : names) {
                statement.execute("DROP INDEX CONCURRENTLY IF EXISTS " + name);
                log.warn("dropped the index {}, which a process that is gone had left unfinished", name);
            }
        }
        return names;
    }
}
