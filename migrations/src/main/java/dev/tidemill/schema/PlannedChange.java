package dev.tidemill.schema;

import java.util.ArrayList;
import java.util.List;
import liquibase.change.Change;
import liquibase.changelog.ChangeSet;
import liquibase.database.Database;
import liquibase.sql.Sql;
import liquibase.sqlgenerator.SqlGeneratorFactory;
import liquibase.statement.SqlStatement;

/// A change set that is still to be applied.
///
/// @param file its place on the class path
/// @param transactional whether it leaves nothing behind when it fails
/// @param statements as they will be run
public record PlannedChange(String id, String file, boolean transactional, List<String> statements) {

    public PlannedChange {
        statements = List.copyOf(statements);
    }

    static List<PlannedChange> of(List<ChangeSet> changes, Database database) {
        return changes.stream()
                .map(change -> new PlannedChange(
                        change.getId(),
                        change.getFilePath(),
                        change.isRunInTransaction(),
                        sql(change.getChanges(), database)))
                .toList();
    }

    static List<String> sql(List<Change> changes, Database database) {
        List<String> statements = new ArrayList<>();
        for (Change change : changes) {
            for (SqlStatement statement : change.generateStatements(database)) {
                for (Sql sql : SqlGeneratorFactory.getInstance().generateSql(statement, database)) {
                    statements.add(sql.toSql().strip());
                }
            }
        }
        return statements;
    }
}
