package dev.tidemill.schema;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.change.CheckSum;
import liquibase.changelog.ChangeSet;
import liquibase.changelog.RanChangeSet;
import liquibase.exception.LiquibaseException;

/// The change sets of the program beside those that a database had: what was applied stays as it was, and new ones come
/// at the end.
final class History {

    private final List<ChangeSet> changes;
    private final Map<String, RanChangeSet> ran = new HashMap<>();

    private History(List<ChangeSet> changes, List<RanChangeSet> applied) {
        this.changes = changes;
        applied.forEach(one -> ran.put(key(one.getChangeLog(), one.getAuthor(), one.getId()), one));
    }

    static History of(Liquibase liquibase) throws LiquibaseException {
        return new History(
                liquibase.getDatabaseChangeLog().getChangeSets(),
                liquibase.getDatabase().getRanChangeSetList());
    }

    private static String key(String file, String author, String id) {
        return file + "::" + author + "::" + id;
    }

    private static String name(ChangeSet change) {
        return change.getFilePath() + "::" + change.getId();
    }

    private boolean has(ChangeSet change) {
        return ran.containsKey(key(change.getFilePath(), change.getAuthor(), change.getId()));
    }

    /// @throws SchemaChangeFailed naming the first change set that is not what was applied
    void refuseEdited() {
        for (ChangeSet change : changes) {
            RanChangeSet applied = ran.get(key(change.getFilePath(), change.getAuthor(), change.getId()));
            CheckSum then = applied == null ? null : applied.getLastCheckSum();
            if (then != null && !change.isCheckSumValid(then)) {
                throw new SchemaChangeFailed(name(change) + " was edited after it was applied (checksum " + then
                        + " then): put it back as it was, and make a new change set for what is to be different");
            }
        }
    }

    /// @throws SchemaChangeFailed naming the first change set that comes too late
    void refuseOutOfOrder(LabelExpression labels) {
        ChangeSet late = null;
        for (ChangeSet change : changes) {
            if (!labels.matches(change.getLabels())) {
                continue;
            }
            if (!has(change)) {
                late = late == null ? change : late;
            } else if (late != null) {
                throw new SchemaChangeFailed(name(late) + " is not applied, but " + name(change)
                        + ", which comes after it, is: give it a later number, or apply it out of order with"
                        + " './tidemill migrate apply --out-of-order'");
            }
        }
    }
}
