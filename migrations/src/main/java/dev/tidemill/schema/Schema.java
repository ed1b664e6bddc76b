package dev.tidemill.schema;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.sql.DataSource;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.UpdateSummaryEnum;
import liquibase.UpdateSummaryOutputEnum;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.changelog.visitor.AbstractChangeExecListener;
import liquibase.database.Database;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.LiquibaseException;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.ui.LoggerUIService;
import org.jspecify.annotations.Nullable;

/// Brings a database to the schema of this program.
public final class Schema {

    private static final String CHANGELOG = "db/changelog/master.yaml";

    /// The platform under the jobs, without any table of documents.
    private static final String PLATFORM = "db/changelog/platform.yaml";

    private static final LabelExpression ALL = new LabelExpression();
    private static final LabelExpression NO_DOCUMENTS = new LabelExpression("!documents");

    /// The advisory lock of schema changes, "tidemill" in ASCII.
    private static final long LOCK = 0x7469_6465_6d69_6c6cL;

    private Schema() {}

    /// Applies what is missing, one process at a time; the others wait and then find nothing to do.
    ///
    /// @param owner connects as the owner of the tables
    /// @throws SchemaChangeFailed naming the change set; those before it stay applied
    public static void apply(DataSource owner) {
        change(owner, CHANGELOG, liquibase -> liquibase.update(new Contexts(), ALL));
    }

    /// As [#apply], of the platform under the jobs alone: for applications with jobs of their own and no documents.
    /// They need no pgvector.
    public static void applyPlatform(DataSource owner) {
        change(owner, PLATFORM, liquibase -> liquibase.update(new Contexts(), NO_DOCUMENTS));
    }

    /// Takes the last change sets back, newest first, by their own rollback statements. Their data is lost.
    ///
    /// @param count how many, at most
    public static void rollBack(DataSource owner, int count) {
        change(owner, CHANGELOG, liquibase -> liquibase.rollback(count, null, new Contexts(), ALL));
    }

    /// Every change set of this program in order, with what the database has of them. Changes nothing.
    public static List<Change> status(DataSource owner) {
        try (Connection connection = owner.getConnection()) {
            Set<String> applied = applied(connection);
            return quietly(() -> new Liquibase(CHANGELOG, new ClassLoaderResourceAccessor(), database(connection))
                            .getDatabaseChangeLog()
                            .getChangeSets())
                    .stream()
                    .map(change -> new Change(
                            change.getId(),
                            change.getAuthor(),
                            change.getFilePath(),
                            applied.contains(key(change.getFilePath(), change.getAuthor(), change.getId()))))
                    .toList();
        } catch (SQLException unreachable) {
            throw new SchemaChangeFailed("Cannot read the schema's state: " + unreachable.getMessage(), unreachable);
        }
    }

    private static void change(DataSource owner, String changelog, Work work) {
        var failed = new FailedChange();
        try (Connection connection = owner.getConnection()) {
            lock(connection);
            quietly(() -> {
                Database database = database(connection);
                var liquibase = new Liquibase(changelog, new ClassLoaderResourceAccessor(), database);
                liquibase.setShowSummary(UpdateSummaryEnum.OFF);
                liquibase.setShowSummaryOutput(UpdateSummaryOutputEnum.LOG);
                liquibase.setChangeExecListener(failed);
                // Whoever left Liquibase's own lock behind is dead: the advisory lock is held by us.
                liquibase.forceReleaseLocks();
                work.on(liquibase);
                return database;
            });
            unlock(connection);
        } catch (SQLException unreachable) {
            throw new SchemaChangeFailed(
                    "Cannot lock the database for a schema change: " + unreachable.getMessage(), unreachable);
        } catch (SchemaChangeFailed general) {
            ChangeSet culprit = failed.changeSet;
            if (culprit == null) {
                throw general;
            }
            throw new SchemaChangeFailed(
                    "Change set " + culprit.getId() + " of " + culprit.getFilePath() + " failed: "
                            + rootMessage(general),
                    general);
        }
    }

    private static <T> T quietly(Reading<T> reading) {
        Map<String, Object> scope = new HashMap<>();
        scope.put(Scope.Attr.ui.name(), new LoggerUIService());
        scope.put(Scope.Attr.logService.name(), new Slf4jLogs());
        scope.put("liquibase.analytics.enabled", false);
        try {
            return Scope.child(scope, reading::read);
        } catch (Exception failed) { // what Scope.child declares
            throw new SchemaChangeFailed("The schema could not be changed: " + rootMessage(failed), failed);
        }
    }

    private static Database database(Connection connection) throws LiquibaseException {
        return DatabaseFactory.getInstance().findCorrectDatabaseImplementation(new JdbcConnection(connection));
    }

    private static void lock(Connection connection) throws SQLException {
        connection.setAutoCommit(true);
        try (Statement statement = connection.createStatement()) {
            // Another process may be building an index; a short server-wide limit is meant for queries.
            statement.execute("SET lock_timeout = '10min'");
            statement.execute("SELECT pg_advisory_lock(" + LOCK + ")");
            // The change sets themselves wait behind long readers, but not so long that all writers queue up behind
            // them.
            statement.execute("SET lock_timeout = '60s'");
        }
    }

    /// Only after success: a failed connection is closed, which ends the session and its locks.
    private static void unlock(Connection connection) throws SQLException {
        connection.setAutoCommit(true);
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_advisory_unlock(" + LOCK + ")");
            statement.execute("RESET lock_timeout");
        }
    }

    private static Set<String> applied(Connection connection) throws SQLException {
        Set<String> applied = new HashSet<>();
        try (Statement statement = connection.createStatement()) {
            try (ResultSet table = statement.executeQuery("SELECT to_regclass('databasechangelog') IS NOT NULL")) {
                if (!table.next() || !table.getBoolean(1)) {
                    return applied;
                }
            }
            try (ResultSet rows = statement.executeQuery("SELECT filename, author, id FROM databasechangelog")) {
                while (rows.next()) {
                    applied.add(key(rows.getString(1), rows.getString(2), rows.getString(3)));
                }
            }
        }
        return applied;
    }

    private static String key(String file, String author, String id) {
        return file + "::" + author + "::" + id;
    }

    private static String rootMessage(Throwable failed) {
        Throwable root = failed;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage());
    }

    private interface Work {
        void on(Liquibase liquibase) throws LiquibaseException;
    }

    private interface Reading<T> {
        T read() throws LiquibaseException;
    }

    private static final class FailedChange extends AbstractChangeExecListener {

        private @Nullable ChangeSet changeSet;

        @Override
        public void runFailed(ChangeSet failed, DatabaseChangeLog log, Database database, Exception exception) {
            changeSet = failed;
        }

        @Override
        public void rollbackFailed(ChangeSet failed, DatabaseChangeLog log, Database database, Exception exception) {
            changeSet = failed;
        }
    }
}
