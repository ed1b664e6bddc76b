package dev.tidemill.backup;

import dev.tidemill.backup.BackupRows.Finding;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What can be looked at in a copy without knowing what rows there must be.
final class Structure {

    private static final int NEAREST = 10;

    private final LiveDatabase copy;
    private final DrillProperties properties;

    Structure(LiveDatabase copy, DrillProperties properties) {
        this.copy = copy;
        this.properties = properties;
    }

    /// Something that looks, and fails as databases do.
    interface Look {
        Finding at(Connection connection) throws SQLException, IOException;
    }

    static Finding look(Connection connection, String check, Look look) {
        try {
            return look.at(connection);
        } catch (SQLException | IOException e) {
            return new Finding(check, false, "cannot be looked at: " + e.getMessage());
        }
    }

    List<Finding> everything() throws SQLException {
        List<Finding> findings = new ArrayList<>();
        try (Connection connection = copy.connectSeeingAll("tidemill drill")) {
            findings.add(look(connection, "constraints", this::constraints));
            if (properties.amcheck()) {
                findings.add(look(connection, "amcheck", this::amcheck));
            }
            findings.add(look(connection, "recall", this::recall));
        }
        return findings;
    }

    private Finding constraints(Connection connection) throws SQLException {
        List<String> wrong = BackupJob.column(connection, """
                SELECT conrelid::regclass || ' ' || conname || ' is not validated' FROM pg_constraint
                WHERE NOT convalidated AND connamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
                UNION ALL
                SELECT indexrelid::regclass || ' is not valid' FROM pg_index WHERE NOT indisvalid
                """);
        long all = LiveDatabase.number(
                connection, "SELECT count(*) FROM pg_constraint WHERE connamespace = 'public'::regnamespace");
        return new Finding(
                "constraints", wrong.isEmpty(), wrong.isEmpty() ? all + " validated" : String.join("; ", wrong));
    }

    private Finding amcheck(Connection connection) throws SQLException {
        if (LiveDatabase.text(connection, "SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'") == null) {
            return new Finding("amcheck", true, "left out: this PostgreSQL does not have the extension");
        }
        LiveDatabase.execute(connection, "RESET ROLE");
        LiveDatabase.execute(connection, "CREATE EXTENSION IF NOT EXISTS amcheck WITH SCHEMA public");
        List<String> wrong = new ArrayList<>();
        long indexes = 0;
        for (String index : BackupJob.column(connection, """
                SELECT i.indexrelid::oid::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                JOIN pg_am a ON a.oid = c.relam AND a.amname = 'btree'
                WHERE c.relnamespace NOT IN ('pg_catalog'::regnamespace) AND c.relkind = 'i' AND c.relpersistence = 'p'
                """)) {
            indexes++;
            try {
                LiveDatabase.text(connection, "SELECT bt_index_check(" + index + "::oid::regclass, true)::text");
            } catch (SQLException e) {
                wrong.add(String.valueOf(e.getMessage()));
            }
        }
        long tables = 0;
        for (String table : BackupJob.column(connection, """
                SELECT c.oid::regclass::text FROM pg_class c
                WHERE c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
                  AND c.relkind IN ('r', 'm') AND c.relpersistence = 'p' ORDER BY 1
                """)) {
            tables++;
            String damage = LiveDatabase.text(
                    connection,
                    "SELECT string_agg(msg, '; ') FROM (SELECT msg FROM verify_heapam(?::regclass) LIMIT 3) m",
                    table);
            if (damage != null) {
                wrong.add(table + ": " + damage);
            }
        }
        return new Finding(
                "amcheck",
                wrong.isEmpty(),
                wrong.isEmpty() ? indexes + " indexes and " + tables + " tables are sound" : String.join("; ", wrong));
    }

    private record VectorIndex(String index, String table, String column, String operator) {}

    /// The share of the truly nearest vectors that the index finds, for vectors taken from the table itself.
    private Finding recall(Connection connection) throws SQLException {
        List<VectorIndex> indexes = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement("""
                        SELECT format('%I.%I', n.nspname, c.relname) AS index, format('%I.%I', tn.nspname, t.relname) AS tab,
                               quote_ident(a.attname) AS col,
                               CASE WHEN o.opcname LIKE '%cosine%' THEN '<=>' WHEN o.opcname LIKE '%\\_ip\\_%' THEN '<#>'
                                    WHEN o.opcname LIKE '%\\_l1\\_%' THEN '<+>' ELSE '<->' END AS op
                        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                        JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
                        JOIN pg_am am ON am.oid = c.relam AND am.amname = 'hnsw'
                        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
                        JOIN pg_opclass o ON o.oid = i.indclass[0]
                        WHERE i.indpred IS NULL AND (o.opcname LIKE 'vector%' OR o.opcname LIKE 'halfvec%')
                        ORDER BY 1
                        """);
                ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                indexes.add(new VectorIndex(
                        rows.getString("index"), rows.getString("tab"), rows.getString("col"), rows.getString("op")));
            }
        }
        if (indexes.isEmpty()) {
            return new Finding("recall", true, "no vector index: search compares with every vector");
        }
        List<String> measured = new ArrayList<>();
        boolean well = true;
        for (VectorIndex index : indexes) {
            double recall = recall(connection, index);
            well &= recall >= properties.recall();
            measured.add(String.format(Locale.ROOT, "%s finds %.3f of the nearest", index.index(), recall));
        }
        return new Finding("recall", well, String.join("; ", measured));
    }

    private double recall(Connection connection, VectorIndex index) throws SQLException {
        LiveDatabase.execute(connection, "SET hnsw.ef_search = 200; SET plan_cache_mode = force_custom_plan");
        List<String> samples = BackupJob.column(
                connection,
                "SELECT " + index.column() + "::text FROM " + index.table() + " ORDER BY md5(" + index.column()
                        + "::text) LIMIT " + properties.recallSamples());
        double found = 0;
        for (String sample : samples) {
            List<String> byIndex =
                    nearest(connection, index, sample, "SET enable_seqscan = off; SET enable_indexscan = on");
            List<String> exact =
                    nearest(connection, index, sample, "SET enable_seqscan = on; SET enable_indexscan = off");
            long same = exact.stream().filter(byIndex::contains).count();
            found += exact.isEmpty() ? 1 : same / (double) exact.size();
        }
        LiveDatabase.execute(connection, "RESET enable_seqscan; RESET enable_indexscan");
        return samples.isEmpty() ? 1 : found / samples.size();
    }

    private static List<String> nearest(Connection connection, VectorIndex index, String sample, String settings)
            throws SQLException {
        LiveDatabase.execute(connection, settings);
        List<String> rows = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement("SELECT ctid::text FROM " + index.table()
                + " ORDER BY " + index.column() + " " + index.operator() + " '" + sample + "' LIMIT " + NEAREST)) {
            try (ResultSet found = statement.executeQuery()) {
                while (found.next()) {
                    rows.add(found.getString(1));
                }
            }
        }
        return rows;
    }
}
