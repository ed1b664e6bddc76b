package dev.tidemill.run;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import javax.sql.DataSource;
import org.springframework.dao.DataAccessResourceFailureException;

/// Says which runs are alive. A running run holds a session-level advisory lock on what it works on;
/// PostgreSQL lets it go when the process dies, however it dies. Whoever gets the lock knows that
/// nobody else is at work.
final class RunLocks {

    /// Keeps these locks apart from other advisory locks of the same database: "run " in ASCII.
    private static final int NAMESPACE = 0x72756e20;

    private final DataSource dataSource;

    RunLocks(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /// Held until closed, on a connection of its own.
    static final class Lock implements AutoCloseable {
        private final Connection connection;
        private final String subject;

        String subject() {
            return subject;
        }

        private Lock(Connection connection, String subject) {
            this.connection = connection;
            this.subject = subject;
        }

        @Override
        public void close() {
            try (connection) {
                unlock(connection, subject);
            } catch (SQLException e) {
                throw new DataAccessResourceFailureException("the lock on " + subject + " could not be released", e);
            }
        }
    }

    /// The lock on a subject, empty when somebody holds it.
    Optional<Lock> tryLock(String subject) {
        try {
            Connection connection = dataSource.getConnection();
            boolean locked = false;
            try {
                connection.setAutoCommit(true);
                locked = ask(connection, "SELECT pg_try_advisory_lock(?, hashtext(?))", subject);
            } finally {
                if (!locked) {
                    connection.close();
                }
            }
            return locked ? Optional.of(new Lock(connection, subject)) : Optional.empty();
        } catch (SQLException e) {
            throw new DataAccessResourceFailureException("the lock on " + subject + " could not be asked for", e);
        }
    }

    private static void unlock(Connection connection, String subject) throws SQLException {
        ask(connection, "SELECT pg_advisory_unlock(?, hashtext(?))", subject);
    }

    private static boolean ask(Connection connection, String sql, String subject) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setInt(1, NAMESPACE);
            statement.setString(2, subject);
            try (ResultSet result = statement.executeQuery()) {
                return result.next() && result.getBoolean(1);
            }
        }
    }
}
