package dev.tidemill.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
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

    private final DataSource owner;

    /// Works as the owner.
    ///
    /// @param owner connections of the owner of the tables, outside of any pool
    public IndexBuilder(DataSource owner) {
        this.owner = owner;
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
            // Of the session: what is left of one that died goes with it.
            statement.execute("SELECT pg_advisory_lock(hashtextextended('" + index(set) + "', 0))");
            if (valid(connection, set)) {
                return true;
            }
            statement.execute("DROP INDEX IF EXISTS " + index(set));
            // It waits for transactions that began before it, for as long as those take.
            statement.execute("SET lock_timeout = 0");
            statement.execute("SET statement_timeout = 0");
            statement.execute("SET maintenance_work_mem = '" + means.memoryMegabytes() + "MB'");
            statement.execute("SET max_parallel_maintenance_workers = " + means.workers());
            int pid = pid(connection);
            boolean built = run(statement, pid, set, progress, stop);
            if (!built) {
                statement.execute("DROP INDEX IF EXISTS " + index(set));
            }
            return built;
        } catch (SQLException e) {
            SQLExceptionTranslator translator = new JdbcTemplate(owner).getExceptionTranslator();
            RuntimeException translated = translator.translate("building the index of " + set.table(), null, e);
            throw translated == null
                    ? new IllegalStateException(
                            "the index of " + set.table() + " cannot be built: " + e.getMessage(), e)
                    : translated;
        }
    }

    private boolean run(Statement statement, int pid, VectorSet set, Consumer<String> progress, BooleanSupplier stop)
            throws SQLException, InterruptedException {
        CompletableFuture<@Nullable Void> built = new CompletableFuture<>();
        Thread.ofVirtual().name("index-" + set.table()).start(() -> {
            try {
                statement.execute("CREATE INDEX CONCURRENTLY " + index(set) + " ON " + set.table()
                        + " USING hnsw (embedding " + set.type().column() + "_cosine_ops)");
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
