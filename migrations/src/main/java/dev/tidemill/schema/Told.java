package dev.tidemill.schema;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.DatabaseChangeLog;
import liquibase.changelog.visitor.AbstractChangeExecListener;
import liquibase.database.Database;
import org.jspecify.annotations.Nullable;

/// What Liquibase tells of its change sets while it works: from the first statement of one until the row that notes it
/// is written or removed, and what it made of the schema with it, nothing is committed.
final class Told extends AbstractChangeExecListener {

    private final List<AppliedChange> applied = new ArrayList<>();
    private final DriftRecord record = new DriftRecord();
    private @Nullable ChangeSet failed;
    private long began;

    /// Before the first of them.
    void begin(Connection connection) throws SQLException {
        record.begin(connection);
    }

    List<AppliedChange> applied() {
        return List.copyOf(applied);
    }

    /// The change set that failed, if one did.
    @Nullable
    ChangeSet failed() {
        return failed;
    }

    @Override
    public void willRun(ChangeSet change, DatabaseChangeLog log, Database database, ChangeSet.RunStatus status) {
        began = System.nanoTime();
        OneCommit.of(database).hold();
    }

    @Override
    public void ran(ChangeSet change, DatabaseChangeLog log, Database database, ChangeSet.ExecType type) {
        applied.add(new AppliedChange(change.getId(), change.getFilePath(), (System.nanoTime() - began) / 1_000_000));
        noted(change, database);
    }

    @Override
    public void willRollback(ChangeSet change, DatabaseChangeLog log, Database database) {
        OneCommit.of(database).hold();
    }

    @Override
    public void rolledBack(ChangeSet change, DatabaseChangeLog log, Database database) {
        noted(change, database);
    }

    /// Liquibase commits as soon as this returns.
    private void noted(ChangeSet change, Database database) {
        OneCommit connection = OneCommit.of(database);
        try {
            record.changed(connection.getUnderlyingConnection(), change.isRunInTransaction());
        } catch (SQLException e) {
            throw new SchemaChangeFailed("What the schema is now cannot be written down: " + e.getMessage(), e);
        }
        connection.release();
    }

    @Override
    public void runFailed(ChangeSet culprit, DatabaseChangeLog log, Database database, Exception exception) {
        failed(culprit, database);
    }

    @Override
    public void rollbackFailed(ChangeSet culprit, DatabaseChangeLog log, Database database, Exception exception) {
        failed(culprit, database);
    }

    /// Liquibase has rolled its statements back by now.
    private void failed(ChangeSet culprit, Database database) {
        failed = culprit;
        OneCommit.of(database).release();
    }
}
