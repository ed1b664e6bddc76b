package dev.tidemill.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.stream.Stream;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcTemplate;

/// Temporary tables into which rows are copied on their way to tables with row-level security, on which
/// COPY is refused. They empty themselves at the end of the transaction.
final class Staging {

    private final JdbcTemplate jdbc;

    Staging(JdbcTemplate jdbc) {
        this.jdbc = jdbc;
    }

    /// Writes one value as a row.
    interface Row<T> {
        void write(BinaryCopy copy, T value) throws IOException;
    }

    /// Copies rows into the temporary table, which is made where the connection does not have it yet.
    <T> void copy(String table, String columns, Stream<T> values, Row<T> row) {
        // Asked for and not made with IF NOT EXISTS: after any CREATE the driver forgets every statement that it
        // has prepared on the connection, and all of them are parsed and planned again.
        Boolean missing = jdbc.queryForObject("SELECT to_regclass('pg_temp." + table + "') IS NULL", Boolean.class);
        if (!Boolean.FALSE.equals(missing)) {
            jdbc.execute("CREATE TEMPORARY TABLE " + table + " (" + columns + ") ON COMMIT DELETE ROWS");
        }
        jdbc.execute((ConnectionCallback<Boolean>) connection -> {
            try (BinaryCopy copy = new BinaryCopy(connection, "pg_temp." + table)) {
                values.forEachOrdered(value -> {
                    try {
                        row.write(copy, value);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
                return true;
            } catch (IOException | UncheckedIOException e) {
                throw new DataAccessResourceFailureException("COPY into " + table + " broke off", e);
            }
        });
    }
}
