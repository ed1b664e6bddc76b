package dev.tidemill.schema;

import java.sql.Connection;
import liquibase.database.Database;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.DatabaseException;

/// Commits a change set together with the row that notes it. Liquibase commits each on its own: a process killed
/// between the two would leave a database that no start gets past, as the statements are done and cannot be done again.
///
/// Where Liquibase commits the statements, nothing happens; its commit after the note commits both. What fails in
/// between is never committed, and the server takes it back. Statements that run outside of a transaction are committed
/// by the server one by one: they have to be such that can be run twice.
final class OneCommit extends JdbcConnection {

    private boolean held;

    OneCommit(Connection connection) {
        super(connection);
    }

    static OneCommit of(Database database) {
        return (OneCommit) database.getConnection();
    }

    /// From here on nothing is committed.
    void hold() {
        held = true;
    }

    /// What comes next is committed again.
    void release() {
        held = false;
    }

    @Override
    public void commit() throws DatabaseException {
        if (!held) {
            super.commit();
        }
    }
}
