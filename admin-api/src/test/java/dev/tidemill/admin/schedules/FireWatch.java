package dev.tidemill.admin.schedules;

import dev.tidemill.postgres.Await;
import dev.tidemill.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import org.postgresql.PGConnection;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Waits for changes of the fires and the launches, of which the database itself tells.
final class FireWatch implements AutoCloseable {

    private final Connection connection;
    final JdbcClient jdbc;

    FireWatch(TestDatabase database) throws SQLException {
        jdbc = JdbcClient.create(database.dataSource());
        jdbc.sql("""
                CREATE OR REPLACE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_notify('fires', ''); RETURN NULL; END $$
                """).update();
        for (String table : new String[] {"schedule_fires", "launches"}) {
            jdbc.sql("CREATE OR REPLACE TRIGGER tell AFTER INSERT OR UPDATE ON " + table
                            + " FOR EACH STATEMENT EXECUTE FUNCTION tell()")
                    .update();
        }
        connection = database.dataSource().getConnection();
        try (var statement = connection.createStatement()) {
            statement.execute("LISTEN fires");
        }
    }

    /// Until a query counts as much as expected.
    void awaitAtLeast(long expected, Duration patience, String sql) throws SQLException {
        Instant end = Instant.now().plus(patience);
        PGConnection listener = connection.unwrap(PGConnection.class);
        while (count(sql) < expected) {
            long left = Duration.between(Instant.now(), end).toMillis();
            if (left <= 0) {
                throw new AssertionError(
                        "only " + count(sql) + " of " + expected + " within " + patience + ": " + sql + "\n"
                                + jdbc.sql(
                                                "SELECT schedule || ' ' || fire || ' ' || outcome || ' ' || message FROM schedule_fires LIMIT 30")
                                        .query(String.class)
                                        .list());
            }
            listener.getNotifications((int) Math.min(left, 5_000));
        }
    }

    /// Ends the server's processes for killed nodes: one of them may be at work on a last commit that it was sent.
    void endLeftBehind() throws Exception {
        String others = """
                FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
                  AND pid NOT IN (pg_backend_pid(), %d)
                """.formatted(connection.unwrap(PGConnection.class).getBackendPID());
        // It says false of one that ends by itself meanwhile, too.
        count("SELECT count(pg_terminate_backend(pid)) " + others);
        Await.until(
                "the end of the server's processes for killed nodes", () -> count("SELECT count(*) " + others) == 0);
    }

    long count(String sql) {
        return jdbc.sql(sql).query(Long.class).single();
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
