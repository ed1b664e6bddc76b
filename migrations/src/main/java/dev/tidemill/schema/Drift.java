package dev.tidemill.schema;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What was changed in a database past its change sets. What they make of the schema is written down by [DriftRecord];
/// the tables of vector sets come and go with their jobs and are none of it.
final class Drift {

    private static final String OURS = "!~ '^databasechangelog' AND %1$s !~ '^vectors_[0-9]+'";

    private static final String OBJECTS = """
            SELECT 'column' AS kind, c.relname || '.' || a.attname AS name,
                   concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END,
                     nullif('DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), 'DEFAULT ')) AS definition
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND c.relname %OURS_C%
            UNION ALL
            SELECT 'constraint', t.relname || '.' || k.conname, pg_get_constraintdef(k.oid)
            FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
            WHERE k.connamespace = 'public'::regnamespace AND t.relname %OURS_T%
            UNION ALL
            SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename %OURS_TABLE%
            UNION ALL
            SELECT 'policy', tablename || '.' || policyname, concat_ws(' ', roles::text, cmd, qual, with_check)
            FROM pg_policies WHERE schemaname = 'public' AND tablename %OURS_TABLE%
            UNION ALL
            SELECT 'row security', c.relname, CASE WHEN c.relrowsecurity THEN 'on' ELSE 'off' END
                   || CASE WHEN c.relforcerowsecurity THEN ', forced' ELSE '' END
            FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname %OURS_C%
            UNION ALL
            SELECT 'trigger', t.relname || '.' || g.tgname, pg_get_triggerdef(g.oid)
            FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid
            WHERE NOT g.tgisinternal AND t.relnamespace = 'public'::regnamespace AND t.relname %OURS_T%
            UNION ALL
            SELECT 'routine', p.oid::regprocedure::text, md5(pg_get_functiondef(p.oid))
            FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p') AND NOT EXISTS (
              SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e')
            """.replace("%OURS_C%", OURS.formatted("c.relname"))
            .replace("%OURS_TABLE%", OURS.formatted("tablename"))
            .replace("%OURS_T%", OURS.formatted("t.relname"));

    private Drift() {}

    /// Writes down what there is, in the caller's transaction.
    static void record(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("DELETE FROM schema_objects");
            statement.execute("INSERT INTO schema_objects (kind, name, definition) " + OBJECTS);
        }
    }

    /// What there is now, by kind and name.
    static Map<Place, String> look(Connection connection) throws SQLException {
        Map<Place, String> objects = new HashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(OBJECTS)) {
            while (rows.next()) {
                objects.put(new Place(rows.getString(1), rows.getString(2)), rows.getString(3));
            }
        }
        return objects;
    }

    /// An object of the schema.
    record Place(String kind, String name) {}

    static boolean isRecorded(Connection connection) throws SQLException {
        if (!isKept(connection)) {
            return false;
        }
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT EXISTS (SELECT FROM schema_objects)")) {
            return rows.next() && rows.getBoolean(1);
        }
    }

    /// Whether there is a table for it: not yet in an empty database.
    static boolean isKept(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT to_regclass('schema_objects') IS NOT NULL")) {
            return rows.next() && rows.getBoolean(1);
        }
    }

    /// What is missing, more or other than was written down, each in one line.
    static List<String> find(Connection connection) throws SQLException {
        List<String> found = new ArrayList<>();
        if (!isRecorded(connection)) {
            return found;
        }
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("""
                        SELECT coalesce(o.kind, n.kind) AS kind, coalesce(o.name, n.name) AS name, o.definition AS before,
                               n.definition AS now
                        FROM schema_objects o FULL JOIN (%s) n ON n.kind = o.kind AND n.name = o.name
                        WHERE o.definition IS DISTINCT FROM n.definition ORDER BY 1, 2
                        """.formatted(OBJECTS))) {
            while (rows.next()) {
                String what = rows.getString("kind") + " " + rows.getString("name");
                String before = rows.getString("before");
                String now = rows.getString("now");
                if (now == null) {
                    found.add(what + " is missing: it was " + before);
                } else if (before == null) {
                    found.add(what + " is none of ours: " + now);
                } else {
                    found.add(what + " was " + before + " and is " + now);
                }
            }
            return found;
        }
    }
}
