package dev.tidemill.backup;

import dev.tidemill.backup.Manifest.Kind;
import dev.tidemill.backup.Manifest.Scope;
import dev.tidemill.backup.Tables.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Cuts a database into parts: the schema before and after the data, and the rows of each table by ranges of its
/// blocks. A row version that a snapshot sees stays where it is while the snapshot lives, so the ranges neither
/// overlap nor leave anything out.
final class PartPlan {

    private PartPlan() {}

    /// A part to be written.
    ///
    /// @param query what COPY reads, null for parts that hold no rows
    /// @param binary whether in the binary form
    record Todo(
            int number,
            String name,
            Kind kind,
            @Nullable String table,
            @Nullable String query,
            boolean binary) {

        /// The same one in another folder.
        Todo in(String folder) {
            return new Todo(number, folder + name.substring(name.lastIndexOf('/')), kind, table, query, binary);
        }
    }

    /// @param folder of the parts, a new one for each snapshot
    /// @param partBytes size that a part of rows should have, before compression
    static List<Todo> of(List<Table> tables, Scope scope, boolean questions, String folder, long partBytes) {
        List<Todo> parts = new ArrayList<>();
        if (scope == Scope.CLUSTER) {
            add(parts, folder, Kind.BASE, "base.tar", null, null, true);
        }
        if (scope.schema()) {
            add(parts, folder, Kind.PRE_DATA, "pre-data.sql", null, null, true);
        }
        if (scope.data()) {
            if (questions) {
                // First, as it takes long for its size and is done beside the others.
                add(parts, folder, Kind.QUESTIONS, "questions.json", null, null, true);
            }
            for (Table table : tables) {
                rows(parts, folder, table, partBytes);
            }
            add(parts, folder, Kind.SEQUENCES, "sequences.sql", null, null, true);
        }
        if (scope.schema()) {
            add(parts, folder, Kind.POST_DATA, "post-data.sql", null, null, true);
        }
        return parts;
    }

    private static void rows(List<Todo> parts, String folder, Table table, long partBytes) {
        long wanted = Math.clamp((table.bytes() + partBytes - 1) / partBytes, 1, Math.max(1, table.blocks()));
        long blocks = Math.max(1, (table.blocks() + wanted - 1) / wanted);
        String suffix = table.binary() ? ".copy" : ".txt";
        for (long from = 0, number = 1; from == 0 || from < table.blocks(); from += blocks, number++) {
            boolean last = from + blocks >= table.blocks();
            String name = plain(table.name()) + (wanted == 1 ? "" : "-" + number) + suffix;
            add(
                    parts,
                    folder,
                    Kind.ROWS,
                    name,
                    table.name(),
                    query(table, from, last ? -1 : from + blocks),
                    table.binary());
        }
    }

    /// @param to first block that is not in it, -1 for no end: the table may have grown since it was measured
    static String query(Table table, long from, long to) {
        String columns = String.join(", ", table.columns());
        List<String> conditions = new ArrayList<>();
        if (from > 0) {
            conditions.add("ctid >= '(" + from + ",0)'::tid");
        }
        if (to >= 0) {
            conditions.add("ctid < '(" + to + ",0)'::tid");
        }
        if (table.condition() != null) {
            conditions.add(table.condition());
        }
        return conditions.isEmpty()
                ? table.name() + " (" + columns + ")"
                : "(SELECT " + columns + " FROM " + table.name() + " WHERE " + String.join(" AND ", conditions) + ")";
    }

    private static void add(
            List<Todo> parts,
            String folder,
            Kind kind,
            String name,
            @Nullable String table,
            @Nullable String query,
            boolean binary) {
        int number = parts.size() + 1;
        parts.add(new Todo(
                number,
                folder + "/" + String.format(Locale.ROOT, "%04d", number) + "-" + name,
                kind,
                table,
                query,
                binary));
    }

    /// For file names.
    private static String plain(String table) {
        return table.replaceFirst("^public\\.", "").replaceAll("[^A-Za-z0-9_.-]", "_");
    }
}
