package dev.tidemill.backup;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Connections that are used again by the next piece of work: opening one costs more than many a part. One that work
/// failed on is not used again.
final class Sessions implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Sessions.class);

    private final Opening opening;
    private final Deque<Connection> idle = new ConcurrentLinkedDeque<>();

    Sessions(Opening opening) {
        this.opening = opening;
    }

    /// Opens a connection.
    interface Opening {
        Connection open() throws SQLException;
    }

    /// Work on a connection.
    interface Work<T> {
        T on(Connection connection) throws Exception;
    }

    <T> T with(Work<T> work) throws Exception {
        Connection kept = idle.poll();
        Connection connection = kept != null ? kept : opening.open();
        boolean fine = false;
        try {
            T result = work.on(connection);
            fine = true;
            return result;
        } finally {
            if (fine) {
                idle.push(connection);
            } else {
                connection.close();
            }
        }
    }

    @Override
    public void close() {
        for (Connection connection = idle.poll(); connection != null; connection = idle.poll()) {
            try {
                connection.close();
            } catch (SQLException e) {
                log.warn("a connection could not be closed: {}", e.getMessage());
            }
        }
    }
}
