package dev.tidemill.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.support.SQLExceptionTranslator;

/// Builds the index of a vector set concurrently, as the owner of its table: reading and writing go on meanwhile.
/// No transaction can hold such a build, so what a killed one leaves behind is found and built anew.
public final class IndexBuilder {

    /// What PostgreSQL says when a lock was not to be had in time.
    private static final String LOCK_NOT_AVAILABLE = "55P03";

    private final DataSource owner;
    private final Duration hung;

    /// Works as the owner.
    ///
    /// @param owner connections of the owner of the tables, outside of any pool
    public IndexBuilder(DataSource owner) {
        this(owner, Duration.ofSeconds(10));
    }

    /// @param hung how long a session that is to build may do nothing before it is taken for one of a hung process
    IndexBuilder(DataSource owner, Duration hung) {
        this.owner = owner;
        this.hung = hung;
    }

    /// What a build may take of the machine.
    ///
    /// @param memoryMegabytes for the graph; a larger one is built far more slowly
    /// @param workers beside the first process
    public record Means(int memoryMegabytes, int workers) {}

    /// Builds the index unless it is there.
    ///
    /// @param progress told every second how far it is
    /// @param stop asked every second whether to give up; a build given up on leaves no index
    /// @return whether the index is there
    public boolean build(VectorSet set, Means means, Consumer<String> progress, BooleanSupplier stop)
            throws InterruptedException {
        try (Connection connection = owner.getConnection();
                Statement statement = connection.createStatement()) {
            if (!alone(connection, set.table(), stop)) {
                return false;
            }
            prepare(statement, means);
            if (valid(connection, set)) {
                return true;
            }
            statement.execute("DROP INDEX IF EXISTS " + index(set));
            String create = "CREATE INDEX CONCURRENTLY " + index(set) + " ON " + set.table() + " USING hnsw (embedding "
                    + set.type().column() + "_cosine_ops)";
            boolean built = run(statement, pid(connection), set.table(), create, progress, stop);
            if (!built) {
                statement.execute("DROP INDEX IF EXISTS " + index(set));
            }
            return built;
        } catch (SQLException e) {
            throw failed(set.table(), e);
        }
    }

    /// Makes the index of a set's table anew beside the old one, which goes on serving until then.
    ///
    /// @param table of a vector set, as the catalogue names it
    /// @param progress told every second how far it is
    /// @param stop asked every second whether to give up; the old index stays then
    /// @return whether it was made anew
    public boolean rebuild(String table, Means means, Consumer<String> progress, BooleanSupplier stop)
            throws InterruptedException {
        if (!table.matches("vectors_[0-9]+")) {
            throw new IllegalArgumentException(table + " is no table of a vector set");
        }
        try (Connection connection = owner.getConnection();
                Statement statement = connection.createStatement()) {
            if (!alone(connection, table, stop)) {
                return false;
            }
            prepare(statement, means);
            dropLeftovers(connection, table);
            try {
                return run(
                        statement,
                        pid(connection),
                        table,
                        "REINDEX INDEX CONCURRENTLY " + table + "_hnsw",
                        progress,
                        stop);
            } finally {
                dropLeftovers(connection, table);
            }
        } catch (SQLException e) {
            throw failed(table, e);
        }
    }

    /// Waits until no other session builds the index. The lock is of the session: one whose process died builds to its
    /// end, and the index is found then. One whose process hangs does nothing, would keep the lock, and is ended.
    ///
    /// @return false when it was told to give up
    private boolean alone(Connection connection, String table, BooleanSupplier stop) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET lock_timeout = '1s'");
        }
        while (!stop.getAsBoolean()) {
            try (PreparedStatement lock =
                    connection.prepareStatement("SELECT pg_advisory_lock(hashtextextended(?, 0))")) {
                lock.setString(1, table + "_hnsw");
                lock.execute();
                return true;
            } catch (SQLException e) {
                if (!LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
                    throw e;
                }
                endHung(connection, table);
            }
        }
        return false;
    }

    private void endHung(Connection connection, String table) throws SQLException {
        try (PreparedStatement end = connection.prepareStatement("""
                SELECT pg_terminate_backend(a.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                  AND (CAST(l.classid AS bigint) << 32 | CAST(l.objid AS bigint)) = hashtextextended(?, 0)
                  AND a.state = 'idle' AND a.state_change <= clock_timestamp() - CAST(? AS interval)
                """)) {
            end.setString(1, table + "_hnsw");
            end.setString(2, hung.toMillis() + " milliseconds");
            end.execute();
        }
    }

    private static void prepare(Statement statement, Means means) throws SQLException {
        // It waits for transactions that began before it, for as long as those take.
        statement.execute("SET lock_timeout = 0");
        statement.execute("SET statement_timeout = 0");
        statement.execute("SET maintenance_work_mem = '" + means.memoryMegabytes() + "MB'");
        statement.execute("SET max_parallel_maintenance_workers = " + means.workers());
    }

    /// A rebuild that broke off leaves an index that is written to and never read: the new one unfinished, or the old
    /// one on its way out.
    private static void dropLeftovers(Connection connection, String table) throws SQLException {
        List<String> leftovers = new ArrayList<>();
        try (PreparedStatement query = connection.prepareStatement("""
                SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
                WHERE x.indrelid = to_regclass(?) AND NOT x.indisvalid AND i.relname ~ ?
                """)) {
            query.setString(1, table);
            query.setString(2, "^" + table + "_hnsw_cc(new|old)[0-9]*$");
            try (ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    leftovers.add(rows.getString(1));
                }
            }
        }
        try (Statement statement = connection.createStatement()) {
            for (String leftover : leftovers) {
                statement.execute("DROP INDEX CONCURRENTLY IF EXISTS " + leftover);
            }
        }
    }

    private RuntimeException failed(String table, SQLException e) {
        SQLExceptionTranslator translator = new JdbcTemplate(owner).getExceptionTranslator();
        RuntimeException translated = translator.translate("building the index of " + table, null, e);
        return translated == null
                ? new IllegalStateException("the index of " + table + " cannot be built: " + e.getMessage(), e)
                : translated;
    }

    private boolean run(
            Statement statement, int pid, String table, String build, Consumer<String> progress, BooleanSupplier stop)
            throws SQLException, InterruptedException {
        CompletableFuture<@Nullable Void> built = new CompletableFuture<>();
        Thread.ofVirtual().name("index-" + table).start(() -> {
            try {
                statement.execute(build);
                built.complete(null);
            } catch (SQLException e) {
                built.completeExceptionally(e);
            }
        });
        boolean cancelled = false;
        try (Connection watch = owner.getConnection()) {
            while (true) {
                try {
                    built.get(1, TimeUnit.SECONDS);
                    return true;
                } catch (TimeoutException goesOn) {
                    if (stop.getAsBoolean() && !cancelled) {
                        cancelled = true;
                        statement.cancel();
                    }
                    phase(watch, pid).ifPresent(progress);
                } catch (ExecutionException e) {
                    if (cancelled) {
                        return false;
                    }
                    throw e.getCause() instanceof SQLException sql ? sql : new SQLException(e.getCause());
                }
            }
        } catch (InterruptedException e) {
            statement.cancel();
            throw e;
        }
    }

    private static Optional<String> phase(Connection watch, int pid) throws SQLException {
        try (PreparedStatement query = watch.prepareStatement("""
                SELECT phase, tuples_done, tuples_total FROM pg_stat_progress_create_index WHERE pid = ?
                """)) {
            query.setInt(1, pid);
            try (ResultSet row = query.executeQuery()) {
                if (!row.next()) {
                    return Optional.empty();
                }
                long total = row.getLong(3);
                return Optional.of("index: " + row.getString(1)
                        + (total > 0 ? ", " + row.getLong(2) + " of " + total + " vectors" : ""));
            }
        }
    }

    /// Whether the set has an index that can be used: a concurrent build that broke off leaves one that cannot.
    private static boolean valid(Connection connection, VectorSet set) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(
                "SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass(?) AND indisvalid AND indisready")) {
            query.setString(1, index(set));
            try (ResultSet row = query.executeQuery()) {
                return row.next() && row.getLong(1) > 0;
            }
        }
    }

    private static int pid(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_backend_pid()")) {
            row.next();
            return row.getInt(1);
        }
    }

    private static String index(VectorSet set) {
        return set.table() + "_hnsw";
    }
}
