package dev.tidemill.backup;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The tables of a database as its catalog lists them, never from a list of ours: a job may have made one this
/// morning.
final class Tables {

    /// History of work, not knowledge: a workspace that is restored elsewhere begins without it.
    private static final Set<String> OF_THE_PLATFORM = Set.of(
            "launches",
            "runs",
            "run_failures",
            "plans",
            "schedules",
            "schedule_fires",
            "events",
            "alert_deliveries",
            "alert_attempts");

    /// Says to which schema level the data belong.
    private static final Set<String> OF_EVERY_WORKSPACE = Set.of("databasechangelog");

    /// What may be large and no question reads: originals, the cache of vectors, history. Loaded last.
    private static final Set<String> LATE = Set.of(
            "public.assets",
            "public.asked_questions",
            "public.audit_entries",
            "public.billing_events",
            "public.blob_parts",
            "public.dead_letters",
            "public.document_texts",
            "public.embedding_cache",
            "public.evaluation_answers",
            "public.events",
            "public.export_parts",
            "public.history",
            "public.usage_counters");

    private Tables() {}

    /// Whether no question needs the table.
    static boolean late(String table) {
        return LATE.contains(table) || table.startsWith("public.batch_");
    }

    /// Whether no question needs the part.
    static boolean late(Manifest.Part part) {
        return part.tables().stream().allMatch(content -> late(content.table()));
    }

    /// A table that holds rows.
    ///
    /// @param relation its plain name
    /// @param blocks of its heap; rows stored beside it not counted
    /// @param bytes with those
    /// @param condition which rows are meant, null for all
    record Table(
            String name,
            String relation,
            List<String> columns,
            boolean binary,
            int workspaceColumn,
            long blocks,
            long bytes,
            long rowsEstimated,
            @Nullable String condition) {}

    /// All tables of the database, those of extensions and of the server left out.
    static List<Table> all(Connection connection) throws SQLException {
        List<Table> tables = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement("""
                        SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relname,
                               pg_relation_size(c.oid) / current_setting('block_size')::bigint AS blocks,
                               pg_table_size(c.oid) AS bytes, greatest(c.reltuples, 0)::bigint AS rows,
                               a.names, a.binary, a.workspace
                        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                        CROSS JOIN LATERAL (
                          SELECT coalesce(array_agg(quote_ident(attname) ORDER BY attnum), '{}') AS names,
                                 coalesce(bool_and(t.typsend <> 0), true) AS binary,
                                 coalesce(array_position(array_agg(attname::text ORDER BY attnum), 'workspace_id') - 1, -1) AS workspace
                          FROM pg_attribute JOIN pg_type t ON t.oid = atttypid
                          WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') a
                        WHERE c.relkind = 'r' AND c.relpersistence IN ('p', 'u')
                          AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
                          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                                            AND d.deptype = 'e')
                        ORDER BY pg_table_size(c.oid) DESC, 1
                        """);
                ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                Array names = rows.getArray("names");
                tables.add(new Table(
                        rows.getString("name"),
                        rows.getString("relname"),
                        List.of((String[]) names.getArray()),
                        rows.getBoolean("binary"),
                        rows.getInt("workspace"),
                        rows.getLong("blocks"),
                        rows.getLong("bytes"),
                        rows.getLong("rows"),
                        null));
            }
        }
        return tables;
    }

    /// What one workspace consists of: its rows in every table that says whose they are, and of the tables that
    /// these refer to the rows referred to.
    static List<Table> of(Connection connection, UUID workspace) throws SQLException {
        List<Table> all = all(connection);
        Map<String, String> conditions = new LinkedHashMap<>();
        for (Table table : all) {
            if (table.workspaceColumn() >= 0 && !OF_THE_PLATFORM.contains(table.relation())) {
                conditions.put(table.name(), "workspace_id = '" + workspace + "'");
            } else if (OF_EVERY_WORKSPACE.contains(table.relation())) {
                conditions.put(table.name(), "true");
            }
        }
        referredTo(connection, conditions);
        return all.stream()
                .filter(table -> conditions.containsKey(table.name()))
                .map(table -> new Table(
                        table.name(),
                        table.relation(),
                        table.columns(),
                        table.binary(),
                        table.workspaceColumn(),
                        table.blocks(),
                        table.bytes(),
                        table.rowsEstimated(),
                        conditions.get(table.name())))
                .toList();
    }

    private record Reference(String from, String to, List<String> fromColumns, List<String> toColumns) {}

    /// Goes up the foreign keys until no further table comes to light.
    private static void referredTo(Connection connection, Map<String, String> conditions) throws SQLException {
        List<Reference> references = references(connection);
        Set<String> before = Set.of();
        while (!before.equals(conditions.keySet())) {
            before = Set.copyOf(conditions.keySet());
            Map<String, List<String>> found = new LinkedHashMap<>();
            for (Reference reference : references) {
                String condition = conditions.get(reference.from());
                if (condition != null && !before.contains(reference.to())) {
                    found.computeIfAbsent(reference.to(), to -> new ArrayList<>())
                            .add("(" + String.join(", ", reference.toColumns()) + ") IN (SELECT "
                                    + String.join(", ", reference.fromColumns()) + " FROM " + reference.from()
                                    + " WHERE " + condition + ")");
                }
            }
            found.forEach((table, ways) ->
                    conditions.put(table, ways.stream().collect(Collectors.joining(" OR ", "(", ")"))));
        }
    }

    private static List<Reference> references(Connection connection) throws SQLException {
        List<Reference> references = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement("""
                        SELECT format('%I.%I', fn.nspname, f.relname) AS child, format('%I.%I', tn.nspname, t.relname) AS parent,
                          (SELECT array_agg(quote_ident(attname) ORDER BY k.place) FROM unnest(c.conkey) WITH ORDINALITY k (num, place)
                           JOIN pg_attribute ON attrelid = c.conrelid AND attnum = k.num) AS child_columns,
                          (SELECT array_agg(quote_ident(attname) ORDER BY k.place) FROM unnest(c.confkey) WITH ORDINALITY k (num, place)
                           JOIN pg_attribute ON attrelid = c.confrelid AND attnum = k.num) AS parent_columns
                        FROM pg_constraint c
                        JOIN pg_class f ON f.oid = c.conrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
                        JOIN pg_class t ON t.oid = c.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
                        WHERE c.contype = 'f' AND c.conrelid <> c.confrelid
                        """);
                ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                references.add(new Reference(
                        rows.getString("child"),
                        rows.getString("parent"),
                        List.of((String[]) rows.getArray("child_columns").getArray()),
                        List.of((String[]) rows.getArray("parent_columns").getArray())));
            }
        }
        return references;
    }
}
