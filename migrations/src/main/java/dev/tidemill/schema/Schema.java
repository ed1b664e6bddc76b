package dev.tidemill.schema;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.UpdateSummaryEnum;
import liquibase.UpdateSummaryOutputEnum;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.FastCheckService;
import liquibase.database.Database;
import liquibase.database.DatabaseFactory;
import liquibase.exception.LiquibaseException;
import liquibase.exception.PreconditionFailedException;
import liquibase.precondition.FailedPrecondition;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.ui.LoggerUIService;

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
        apply(owner, false);
    }

    /// As [#apply].
    ///
    /// @param outOfOrder whether change sets may be applied that come before some that were applied already, as two
    ///     branches of development can make them; a start never does
    public static void apply(DataSource owner, boolean outOfOrder) {
        update(owner, CHANGELOG, ALL, outOfOrder);
    }

    /// As [#apply], with a changelog of an application's own on the class path.
    public static void apply(DataSource owner, String changelog) {
        update(owner, changelog, ALL, false);
    }

    static void apply(DataSource owner, String changelog, boolean outOfOrder) {
        update(owner, changelog, ALL, outOfOrder);
    }

    /// As [#apply], of the platform under the jobs alone: for applications with jobs of their own and no documents.
    /// They need no pgvector.
    public static void applyPlatform(DataSource owner) {
        update(owner, PLATFORM, NO_DOCUMENTS, false);
    }

    /// As [#apply], and tells what was applied and how long each took: for a copy of the database, as a rehearsal.
    public static List<AppliedChange> rehearse(DataSource copy, boolean outOfOrder) {
        var told = new Told();
        update(copy, CHANGELOG, ALL, outOfOrder, told);
        return told.applied();
    }

    private static void update(DataSource owner, String changelog, LabelExpression labels, boolean outOfOrder) {
        update(owner, changelog, labels, outOfOrder, new Told());
    }

    private static void update(
            DataSource owner, String changelog, LabelExpression labels, boolean outOfOrder, Told told) {
        change(owner, changelog, told, (liquibase, connection) -> {
            History history = History.of(liquibase);
            history.refuseEdited();
            if (!outOfOrder) {
                history.refuseOutOfOrder(labels);
            }
            connection.setAutoCommit(true);
            Repair.dropInvalidIndexes(connection);
            told.begin(connection);
            liquibase.update(new Contexts(), labels);
            if (Drift.isKept(connection) && !Drift.isRecorded(connection)) {
                connection.setAutoCommit(false);
                Drift.record(connection);
                connection.commit();
            }
        });
    }

    /// Gives the state of the schema a name to roll back to.
    public static void tag(DataSource owner, String tag) {
        change(owner, CHANGELOG, new Told(), (liquibase, connection) -> liquibase.tag(tag));
    }

    /// Takes back all change sets that were applied since the schema got the tag, newest first. Their data is lost.
    ///
    /// @throws SchemaChangeFailed also when there is no such tag
    public static void rollBackTo(DataSource owner, String tag) {
        rollBackTo(owner, CHANGELOG, tag);
    }

    static void rollBackTo(DataSource owner, String changelog, String tag) {
        var told = new Told();
        change(owner, changelog, told, (liquibase, connection) -> {
            told.begin(connection);
            liquibase.rollback(tag, new Contexts(), ALL);
        });
    }

    /// Change sets that were applied since the schema got the tag, newest first.
    ///
    /// @throws SchemaChangeFailed when there is no such tag
    public static List<String> since(DataSource owner, String tag) {
        try (Connection connection = owner.getConnection();
                PreparedStatement statement = connection.prepareStatement("""
                        SELECT c.filename || '::' || c.id FROM databasechangelog c
                        WHERE c.orderexecuted > (SELECT max(t.orderexecuted) FROM databasechangelog t WHERE t.tag = ?)
                        ORDER BY c.orderexecuted DESC
                        """)) {
            if (!tags(connection).contains(tag)) {
                throw new SchemaChangeFailed(
                        "there is no tag \"" + tag + "\": known are " + String.join(", ", tags(connection)));
            }
            statement.setString(1, tag);
            List<String> names = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    names.add(rows.getString(1));
                }
            }
            return names;
        } catch (SQLException unreachable) {
            throw new SchemaChangeFailed("Cannot read the schema's state: " + unreachable.getMessage(), unreachable);
        }
    }

    private static List<String> tags(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(
                        "SELECT DISTINCT tag FROM databasechangelog WHERE tag IS NOT NULL ORDER BY 1")) {
            List<String> tags = new ArrayList<>();
            while (rows.next()) {
                tags.add(rows.getString(1));
            }
            return tags;
        }
    }

    /// What [#apply] would run now, as SQL. Changes nothing.
    public static List<PlannedChange> plan(DataSource owner) {
        try (Connection connection = owner.getConnection()) {
            Set<String> applied = applied(connection);
            return quietly(() -> {
                Database database = database(connection);
                return PlannedChange.of(
                        new Liquibase(CHANGELOG, new ClassLoaderResourceAccessor(), database)
                                .getDatabaseChangeLog().getChangeSets().stream()
                                        .filter(change -> !applied.contains(
                                                key(change.getFilePath(), change.getAuthor(), change.getId())))
                                        .toList(),
                        database);
            });
        } catch (SQLException unreachable) {
            throw new SchemaChangeFailed("Cannot read the schema's state: " + unreachable.getMessage(), unreachable);
        }
    }

    /// What was changed in the database past its change sets since they were last applied, each in one line.
    public static List<String> drift(DataSource owner) {
        try (Connection connection = owner.getConnection()) {
            List<String> found = new ArrayList<>(Drift.find(connection));
            Repair.invalidIndexes(connection)
                    .forEach(name ->
                            found.add("index " + name + " is not valid: the next apply drops it, and makes it anew"
                                    + " where a change set asks for it"));
            return found;
        } catch (SQLException unreachable) {
            throw new SchemaChangeFailed("Cannot read the schema's state: " + unreachable.getMessage(), unreachable);
        }
    }

    /// Whether there is anything in the database that a person has put there. Row-level security, which hides rows
    /// from the owner too, does not hide how large a table is.
    public static boolean holdsDocuments(DataSource owner) {
        try (Connection connection = owner.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row =
                        statement.executeQuery("SELECT coalesce(pg_relation_size(to_regclass('documents')), 0) > 0")) {
            return row.next() && row.getBoolean(1);
        } catch (SQLException unreachable) {
            throw new SchemaChangeFailed("Cannot read the database: " + unreachable.getMessage(), unreachable);
        }
    }

    /// Ids of change sets whose data is still to be filled in by the job migrate.
    public static List<String> openBackfills(DataSource owner) {
        try (Connection connection = owner.getConnection();
                Statement statement = connection.createStatement()) {
            try (ResultSet table = statement.executeQuery("SELECT to_regclass('backfills') IS NOT NULL")) {
                if (!table.next() || !table.getBoolean(1)) {
                    return List.of();
                }
            }
            List<String> open = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery("SELECT id FROM backfills WHERE state = 'open' ORDER BY id")) {
                while (rows.next()) {
                    open.add(rows.getString(1));
                }
            }
            return open;
        } catch (SQLException unreachable) {
            throw new SchemaChangeFailed("Cannot read the schema's state: " + unreachable.getMessage(), unreachable);
        }
    }

    /// Takes the last change sets back, newest first, by their own rollback statements. Their data is lost.
    ///
    /// @param count how many, at most
    public static void rollBack(DataSource owner, int count) {
        rollBack(owner, CHANGELOG, count);
    }

    static void rollBack(DataSource owner, String changelog, int count) {
        var told = new Told();
        change(owner, changelog, told, (liquibase, connection) -> {
            told.begin(connection);
            liquibase.rollback(count, null, new Contexts(), ALL);
        });
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

    private static void change(DataSource owner, String changelog, Told told, Work work) {
        try (Connection connection = owner.getConnection()) {
            lock(connection);
            quietly(() -> {
                Database database = database(connection);
                var liquibase = new Liquibase(changelog, new ClassLoaderResourceAccessor(), database);
                liquibase.setShowSummary(UpdateSummaryEnum.OFF);
                liquibase.setShowSummaryOutput(UpdateSummaryOutputEnum.LOG);
                liquibase.setChangeExecListener(told);
                // It remembers which databases lacked nothing, and they may have been restored or rolled back since.
                Scope.getCurrentScope().getSingleton(FastCheckService.class).clearCache();
                // Whoever left Liquibase's own lock behind is dead: the advisory lock is held by us.
                liquibase.forceReleaseLocks();
                work.on(liquibase, connection);
                return database;
            });
            unlock(connection);
        } catch (SQLException unreachable) {
            throw new SchemaChangeFailed(
                    "Cannot lock the database for a schema change: " + unreachable.getMessage(), unreachable);
        } catch (SchemaChangeFailed general) {
            ChangeSet culprit = told.failed();
            if (culprit == null) {
                throw general;
            }
            throw new SchemaChangeFailed(
                    "Change set " + culprit.getId() + " of " + culprit.getFilePath() + " failed: "
                            + rootMessage(general),
                    general);
        }
    }

    static <T> T quietly(Reading<T> reading) {
        Map<String, Object> scope = new HashMap<>();
        scope.put(Scope.Attr.ui.name(), new LoggerUIService());
        scope.put(Scope.Attr.logService.name(), new Slf4jLogs());
        scope.put("liquibase.analytics.enabled", false);
        try {
            return Scope.child(scope, reading::read);
        } catch (SchemaChangeFailed refused) {
            throw refused;
        } catch (Exception failed) { // what Scope.child declares
            throw new SchemaChangeFailed("The schema could not be changed: " + rootMessage(failed), failed);
        }
    }

    private static Database database(Connection connection) throws LiquibaseException {
        return DatabaseFactory.getInstance().findCorrectDatabaseImplementation(new OneCommit(connection));
    }

    private static void lock(Connection connection) throws SQLException {
        connection.setAutoCommit(true);
        try (Statement statement = connection.createStatement()) {
            // A server that is busy with a statement of a killed process notices, and lets go of the lock.
            statement.execute("""
                    DO $$ BEGIN
                      PERFORM set_config('client_connection_check_interval', '2s', false);
                    EXCEPTION WHEN undefined_object OR invalid_parameter_value OR feature_not_supported THEN
                      NULL;
                    END $$""");
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
        if (root instanceof PreconditionFailedException unmet) {
            return unmet.getFailedPreconditions().stream()
                    .map(FailedPrecondition::getMessage)
                    .collect(Collectors.joining("; "));
        }
        return String.valueOf(root.getMessage());
    }

    private interface Work {
        void on(Liquibase liquibase, Connection connection) throws LiquibaseException, SQLException;
    }

    interface Reading<T> {
        T read() throws LiquibaseException, SQLException;
    }
}
