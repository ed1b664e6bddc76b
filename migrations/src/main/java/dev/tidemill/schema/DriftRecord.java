package dev.tidemill.schema;

import dev.tidemill.schema.Drift.Place;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Writes down what each change set made of the schema, in the transaction that notes the change set. What somebody
/// changed past them is none of that and stays a difference, however many change sets come after it.
final class DriftRecord {

    /// What there was before the next change set, null where nothing was ever written down.
    private @Nullable Map<Place, String> before;

    /// Before the first change set.
    void begin(Connection connection) throws SQLException {
        before = Drift.isRecorded(connection) ? Drift.look(connection) : null;
    }

    /// After each one that was applied or taken back.
    ///
    /// @param whole whether all that it changed is in this transaction: else what a killed process did of it
    ///     cannot be told from what was changed by hand, and all that there is counts as made by change sets
    void changed(Connection connection, boolean whole) throws SQLException {
        if (!Drift.isKept(connection)) {
            before = null;
            return;
        }
        Map<Place, String> now = Drift.look(connection);
        if (before == null || !whole) {
            Drift.record(connection);
        } else {
            write(connection, before, now);
        }
        before = now;
    }

    private static void write(Connection connection, Map<Place, String> before, Map<Place, String> now)
            throws SQLException {
        Set<Place> places = new HashSet<>(before.keySet());
        places.addAll(now.keySet());
        places.removeIf(place -> Objects.equals(before.get(place), now.get(place)));
        try (PreparedStatement delete =
                        connection.prepareStatement("DELETE FROM schema_objects WHERE kind = ? AND name = ?");
                PreparedStatement insert = connection.prepareStatement(
                        "INSERT INTO schema_objects (kind, name, definition) VALUES (?, ?, ?)")) {
            for (Place place : places) {
                delete.setString(1, place.kind());
                delete.setString(2, place.name());
                delete.addBatch();
                String definition = now.get(place);
                if (definition != null) {
                    insert.setString(1, place.kind());
                    insert.setString(2, place.name());
                    insert.setString(3, definition);
                    insert.addBatch();
                }
            }
            delete.executeBatch();
            insert.executeBatch();
        }
    }
}
