package dev.tidemill.backup;

import dev.tidemill.backup.Manifest.Kind;
import dev.tidemill.backup.Manifest.Scope;
import dev.tidemill.backup.Tables.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Cuts a database into parts: the schema before and after the data, and the rows. Those of a large table are cut by
/// ranges of its blocks: a row version that a snapshot sees stays where it is while the snapshot lives, so the ranges
/// neither overlap nor leave anything out. Small tables share parts, as each part costs some milliseconds of its own.
final class PartPlan {

    /// A table up to this share of a part is a small one.
    private static final int SMALL = 4;

    /// What even an empty table counts for, so that no part has thousands of them.
    private static final long LEAST = 8192;

    private PartPlan() {}

    /// A part to be written.
    ///
    /// @param copies the rows to be read, none for parts that hold no rows
    record Todo(int number, String name, Kind kind, List<Copy> copies) {

        /// The same one in another folder.
        Todo in(String folder) {
            return new Todo(number, folder + name.substring(name.lastIndexOf('/')), kind, copies);
        }
    }

    /// Rows to be read of one table.
    ///
    /// @param query what COPY reads
    /// @param binary whether in the binary form
    record Copy(String table, String query, boolean binary) {}

    /// @param folder of the parts, a new one for each snapshot
    /// @param partBytes size that a part of rows should have, before compression
    static List<Todo> of(List<Table> tables, Scope scope, boolean questions, String folder, long partBytes) {
        List<Todo> parts = new ArrayList<>();
        if (scope == Scope.CLUSTER) {
            add(parts, folder, Kind.BASE, "base.tar", List.of());
        }
        if (scope.schema()) {
            add(parts, folder, Kind.PRE_DATA, "pre-data.sql", List.of());
        }
        if (scope.data()) {
            if (questions) {
                // First, as it takes long for its size and is done beside the others.
                add(parts, folder, Kind.QUESTIONS, "questions.json", List.of());
            }
            for (Table table : tables) {
                if (table.bytes() > partBytes / SMALL) {
                    rows(parts, folder, table, partBytes);
                }
            }
            bundles(
                    parts,
                    folder,
                    tables.stream()
                            .filter(table -> table.bytes() <= partBytes / SMALL)
                            .toList(),
                    partBytes);
            add(parts, folder, Kind.SEQUENCES, "sequences.sql", List.of());
        }
        if (scope.schema()) {
            add(parts, folder, Kind.POST_DATA, "post-data.sql", List.of());
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
            add(parts, folder, Kind.ROWS, name, List.of(copy(table, from, last ? -1 : from + blocks)));
        }
    }

    private static void bundles(List<Todo> parts, String folder, List<Table> small, long partBytes) {
        List<Copy> bundle = new ArrayList<>();
        long bytes = 0;
        int number = 1;
        for (Table table : small) {
            if (!bundle.isEmpty() && bytes + Math.max(LEAST, table.bytes()) > partBytes) {
                add(parts, folder, Kind.ROWS, "small-tables-" + number++ + ".bundle", bundle);
                bundle = new ArrayList<>();
                bytes = 0;
            }
            bundle.add(copy(table, 0, -1));
            bytes += Math.max(LEAST, table.bytes());
        }
        if (!bundle.isEmpty()) {
            add(parts, folder, Kind.ROWS, "small-tables-" + number + ".bundle", bundle);
        }
    }

    private static Copy copy(Table table, long from, long to) {
        return new Copy(table.name(), query(table, from, to), table.binary());
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

    private static void add(List<Todo> parts, String folder, Kind kind, String name, List<Copy> copies) {
        int number = parts.size() + 1;
        parts.add(
                new Todo(number, folder + "/" + String.format(Locale.ROOT, "%04d", number) + "-" + name, kind, copies));
    }

    /// For file names.
    static String plain(String table) {
        return table.replaceFirst("^public\\.", "").replaceAll("[^A-Za-z0-9_.-]", "_");
    }
}
