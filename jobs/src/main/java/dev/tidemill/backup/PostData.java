package dev.tidemill.backup;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The statements that come after the data, sorted by when they are needed: rows have to answer questions long before
/// everything is there. What does not depend on each other is done at the same time.
final class PostData {

    /// Rows from which on a table's keys and indexes are pieces of work of their own.
    static final long LARGE = 10_000;

    /// Notes that the planner's statistics were made; no statement of the backup has this number.
    private static final int ANALYZE = -1;

    /// `public.x`, `"Odd Schema"."Odd Table"`.
    private static final String NAME = "((?:\"[^\"]*\"|[^\\s\"(])+)";

    private static final Pattern INDEX =
            Pattern.compile("(?is)^CREATE (?:UNIQUE )?INDEX " + NAME + " ON (?:ONLY )?" + NAME + " USING (\\w+) .*");
    private static final Pattern CONSTRAINT =
            Pattern.compile("(?is)^ALTER TABLE (ONLY )?" + NAME + "\\s+ADD CONSTRAINT " + NAME + "\\s(.*)");

    private final List<Later> all = new ArrayList<>();
    private final Set<String> late;
    private final Set<String> costly = new HashSet<>();
    private final Map<String, Long> rows;

    private PostData(Map<String, Long> rows, Set<String> late) {
        this.rows = rows;
        this.late = late;
    }

    /// What a statement is about, in the order in which they are done.
    enum Stage {
        /// keys and indexes of the tables that answer questions
        KEYS,
        /// policies, triggers and all else on those
        RULES,
        /// keys and indexes of the other tables
        LATE_KEYS,
        /// policies, triggers and all else on those
        LATE_RULES,
        /// references between tables, not yet proved
        REFERENCES,
        /// the proof of the references, and statistics for the planner
        VALIDATION,
        /// the costly indexes, of vectors and of the words of large tables, beside the proofs
        COSTLY_INDEXES,
        /// what needs all of that
        LAST
    }

    /// A statement that comes after the data.
    ///
    /// @param number that notes it as done
    /// @param table that it is about, null where that does not matter
    /// @param method of an index, empty for other statements
    record Later(int number, Stage stage, @Nullable String table, String method, String sql) {}

    /// Statements that one connection does, one after another, in one transaction.
    record Work(List<Later> statements) {}

    /// @param rows of each table
    /// @param late tables that no question needs
    static PostData of(String script, Map<String, Long> rows, Set<String> late) throws SQLException {
        PostData data = new PostData(rows, late);
        List<String> statements = Draft.split(script);
        for (int i = 0; i < statements.size(); i++) {
            String sql = statements.get(i).replaceAll("(?m)^\\s*--.*$", "").strip();
            if (!sql.isEmpty() && !sql.startsWith("SET ") && !sql.contains("pg_catalog.set_config('search_path'")) {
                data.add(i, statements.size() + i, sql);
            }
        }
        data.analyze();
        return data;
    }

    /// Large tables and those with costly indexes are left to what [Statistics] saw, and the rest of them to the
    /// server's
    /// own autovacuum, which takes from no restore.
    private void analyze() {
        Set<String> indexed = all.stream()
                .filter(later -> later.stage() == Stage.COSTLY_INDEXES)
                .map(later -> String.valueOf(later.table()))
                .collect(Collectors.toSet());
        String tables = rows.keySet().stream()
                .filter(table -> !indexed.contains(table) && rowsOf(table) < LARGE)
                .sorted()
                .collect(Collectors.joining(", "));
        if (!tables.isEmpty()) {
            all.add(new Later(ANALYZE, Stage.VALIDATION, null, "", "ANALYZE " + tables));
        }
    }

    private void add(int number, int proof, String sql) {
        Matcher index = INDEX.matcher(sql);
        Matcher constraint = CONSTRAINT.matcher(sql);
        if (index.matches()) {
            String method = index.group(3).toLowerCase(java.util.Locale.ROOT);
            String table = index.group(2);
            // Without it a question reads the words of every row, as it compares with every vector.
            boolean words = !method.equals("btree") && !method.equals("hash") && rowsOf(table) >= LARGE;
            if (vectors(method) || words) {
                costly.add(index.group(1));
                all.add(new Later(number, Stage.COSTLY_INDEXES, table, method, sql));
            } else {
                all.add(new Later(number, keys(table), table, method, sql));
            }
        } else if (constraint.matches() && constraint.group(4).regionMatches(true, 0, "FOREIGN KEY", 0, 11)) {
            reference(number, proof, sql, constraint);
        } else if (constraint.matches()) {
            all.add(new Later(number, keys(constraint.group(2)), constraint.group(2), "", sql));
        } else {
            all.add(new Later(number, stage(sql), null, "", sql));
        }
    }

    /// References are made without proof and proved later, beside the vector indexes. Those of partitioned tables,
    /// which
    /// stand without ONLY, cannot be.
    private void reference(int number, int proof, String sql, Matcher constraint) {
        String table = constraint.group(2);
        if (constraint.group(1) == null || sql.endsWith("NOT VALID")) {
            all.add(new Later(number, Stage.REFERENCES, table, "", sql));
            return;
        }
        all.add(new Later(number, Stage.REFERENCES, table, "", sql + " NOT VALID"));
        all.add(new Later(
                proof,
                Stage.VALIDATION,
                table,
                "",
                "ALTER TABLE " + table + " VALIDATE CONSTRAINT " + constraint.group(3)));
    }

    private Stage keys(String table) {
        return late.contains(table) ? Stage.LATE_KEYS : Stage.KEYS;
    }

    private Stage stage(String sql) {
        if (sql.matches("(?is)^(COMMENT ON|REFRESH|CREATE EVENT TRIGGER|ALTER EVENT TRIGGER) .*")
                || costly.stream().anyMatch(sql::contains)) {
            return Stage.LAST;
        }
        return late.stream().anyMatch(sql::contains) ? Stage.LATE_RULES : Stage.RULES;
    }

    /// Every statement, in the order of the stages.
    List<Later> all() {
        return all.stream()
                .sorted(Comparator.comparing(Later::stage).thenComparing(Later::number))
                .toList();
    }

    /// The statements of a stage that are not done yet, as one piece of work.
    List<Later> left(Stage stage, Set<Integer> done) {
        return left(EnumSet.of(stage), done);
    }

    private List<Later> left(Set<Stage> stages, Set<Integer> done) {
        return all().stream()
                .filter(later -> stages.contains(later.stage()) && !done.contains(later.number()))
                .toList();
    }

    /// What is not done yet of these stages, in pieces that can be done at the same time, the longest first. Two never
    /// wait for each other in a circle: each piece touches one large table, or small ones that no other does.
    List<Work> work(Set<Stage> stages, Set<Integer> done) {
        List<Later> large = new ArrayList<>();
        List<Later> small = new ArrayList<>();
        Map<String, List<Later>> proofs = new LinkedHashMap<>();
        for (Later later : left(stages, done)) {
            if (later.stage() == Stage.VALIDATION) {
                proofs.computeIfAbsent(String.valueOf(later.table()), table -> new ArrayList<>())
                        .add(later);
            } else if (later.stage() == Stage.COSTLY_INDEXES || rowsOf(later) >= LARGE) {
                large.add(later);
            } else {
                small.add(later);
            }
        }
        large.sort(Comparator.<Later>comparingInt(PostData::turn)
                .thenComparing(
                        Comparator.comparingLong((Later later) -> rowsOf(later)).reversed()));
        List<Work> work =
                large.stream().map(later -> new Work(List.of(later))).collect(Collectors.toCollection(ArrayList::new));
        if (!small.isEmpty()) {
            work.add(new Work(small));
        }
        proofs.values().stream()
                .sorted(Comparator.comparingLong((List<Later> of) -> rowsOf(of.getFirst()))
                        .reversed())
                .forEach(of -> work.add(new Work(of)));
        return work;
    }

    /// Keys lock their table against each other and against indexes, so they go first; of indexes those on vectors and
    /// on
    /// words take longest.
    private static int turn(Later later) {
        return switch (later.method()) {
            case "" -> 0;
            case "hnsw", "ivfflat" -> 1;
            case "btree" -> 3;
            default -> 2;
        };
    }

    static boolean vectors(String method) {
        return method.equals("hnsw") || method.equals("ivfflat");
    }

    private long rowsOf(Later later) {
        return rowsOf(String.valueOf(later.table()));
    }

    private long rowsOf(String table) {
        return rows.getOrDefault(table, 0L);
    }
}
