package dev.tidemill.schema;

import dev.tidemill.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import liquibase.Liquibase;
import liquibase.change.Change;
import liquibase.changelog.ChangeSet;
import liquibase.database.Database;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.exception.LiquibaseException;
import liquibase.resource.ClassLoaderResourceAccessor;

/// Change sets that run outside of a transaction: a process may be killed after any of their statements, before the row
/// is written that notes them, and then they are run again.
final class Repeatable {

    /// What is known to do no harm a second time. A new kind is added here once someone has thought about it.
    private static final List<Pattern> KNOWN = List.of(
            Pattern.compile("CREATE (UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS .*", Pattern.DOTALL),
            Pattern.compile("DROP INDEX CONCURRENTLY IF EXISTS .*", Pattern.DOTALL),
            Pattern.compile("(REINDEX|VACUUM|ANALYZE)\\b.*", Pattern.DOTALL),
            Pattern.compile("ALTER TYPE \\S+ ADD VALUE IF NOT EXISTS .*", Pattern.DOTALL));

    private Repeatable() {}

    /// Statements, and those of the roll-back, that may not be run twice, each with the id of its change set.
    static List<String> offences(TestDatabase database, String changelog) throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            return Schema.quietly(() -> offences(connection, changelog));
        }
    }

    private static List<String> offences(Connection connection, String changelog) throws LiquibaseException {
        Database database =
                DatabaseFactory.getInstance().findCorrectDatabaseImplementation(new JdbcConnection(connection));
        List<String> offences = new ArrayList<>();
        for (ChangeSet set : new Liquibase(changelog, new ClassLoaderResourceAccessor(), database)
                .getDatabaseChangeLog()
                .getChangeSets()) {
            if (!set.isRunInTransaction()) {
                List<Change> changes = new ArrayList<>(set.getChanges());
                changes.addAll(set.getRollback().getChanges());
                PlannedChange.sql(changes, database).stream()
                        .filter(sql -> KNOWN.stream()
                                .noneMatch(known -> known.matcher(sql).matches()))
                        .forEach(sql -> offences.add(set.getId() + ": " + sql));
            }
        }
        return offences;
    }
}
