package dev.tidemill.prune;

import dev.tidemill.store.IndexBloat;
import dev.tidemill.store.Workspaces;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Looks for what its retention is over for. Changes nothing.
final class Remains {

    /// A share of dead rows from which on searches suffer.
    private static final int BLOATED_PERCENT = 20;

    /// An index this many times as large as it needs to be is told. One that was filled row by row takes little more
    /// than one that was built at once.
    private static final double BLOATED_TIMES = 1.5;

    private final Workspaces workspaces;
    private final JdbcClient jdbc;

    Remains(Workspaces workspaces, JdbcClient jdbc) {
        this.workspaces = workspaces;
        this.jdbc = jdbc;
    }

    /// How much there is of a kind.
    ///
    /// @param hash another one when it is other rows
    record Tally(long items, long bytes, String hash) {}

    /// Documents of a project that would go, and that it has.
    record Share(UUID projectId, String project, long documents, long doomed) {}

    Tally tally(PruneScope scope, PruneKind kind) {
        return workspaces.call(
                scope.workspaceId(),
                () -> judging(kind.tally())
                        .params(scope.parameters())
                        .query(Tally.class)
                        .single());
    }

    List<String> examples(PruneScope scope, PruneKind kind, int limit) {
        return workspaces.call(
                scope.workspaceId(),
                () -> judging(kind.examples())
                        .params(with(scope, "limit", limit))
                        .query(String.class)
                        .list());
    }

    long count(PruneScope scope, PruneKind kind) {
        return workspaces.callAlone(
                scope.workspaceId(),
                () -> judging(kind.remaining())
                        .params(scope.parameters())
                        .query(Long.class)
                        .single());
    }

    /// The next ones in the order of their keys.
    ///
    /// @param after key of the last one seen, empty for none
    List<Doomed> page(PruneScope scope, PruneKind kind, String after, int limit) {
        Map<String, @Nullable Object> parameters = with(scope, "limit", limit);
        parameters.put("cursor", after);
        return workspaces.callAlone(
                scope.workspaceId(),
                () -> judging(kind.page(after.isEmpty()))
                        .params(parameters)
                        .query(Doomed.class)
                        .list());
    }

    /// Those of the keys that may still go, in the caller's transaction.
    List<String> still(PruneScope scope, PruneKind kind, List<String> keys) {
        withoutCompiling();
        return jdbc.sql(kind.still())
                .params(with(scope, "keys", keys.toArray(String[]::new)))
                .query((row, n) -> row.getString(1))
                .list();
    }

    private JdbcClient.StatementSpec judging(String sql) {
        withoutCompiling();
        return jdbc.sql(sql);
    }

    /// Statements of many joins look costly enough to the planner to be compiled, which then takes longer than they do.
    private void withoutCompiling() {
        jdbc.sql("SELECT set_config('jit', 'off', true)").query(String.class).single();
    }

    private static Map<String, @Nullable Object> with(PruneScope scope, String name, Object value) {
        Map<String, @Nullable Object> all = new HashMap<>(scope.parameters());
        all.put(name, value);
        return all;
    }

    /// What share of each project's documents would go.
    List<Share> shares(PruneScope scope) {
        Map<UUID, Long> doomed = new HashMap<>();
        PruneScope unguarded = scope.holding(List.of());
        workspaces.run(scope.workspaceId(), () -> {
            for (PruneKind kind : PruneKind.values()) {
                if (kind.guarded()) {
                    judging(kind.projects())
                            .params(unguarded.parameters())
                            .query((row, n) -> {
                                doomed.merge(row.getObject(1, UUID.class), row.getLong(2), Long::sum);
                                return 0;
                            })
                            .list();
                }
            }
        });
        List<Share> shares = new ArrayList<>();
        doomed.forEach((project, documents) -> shares.add(workspaces.call(
                scope.workspaceId(),
                () -> jdbc.sql("""
                        SELECT p.id AS project_id, p.slug AS project, CAST(:doomed AS bigint) AS doomed,
                               (SELECT count(*) FROM documents d
                                WHERE d.workspace_id = p.workspace_id AND d.project_id = p.id) AS documents
                        FROM projects p WHERE p.workspace_id = :workspace AND p.id = :project
                        """)
                        .param("doomed", documents)
                        .param("workspace", scope.workspaceId())
                        .param("project", project)
                        .query(Share.class)
                        .single())));
        return shares;
    }

    /// Tables of which so much is dead, and indexes so much larger than they need to be, that searches suffer, each
    /// with what to do.
    List<String> bloat(UUID workspaceId) {
        return workspaces.call(workspaceId, () -> {
            List<String> all = new ArrayList<>(dead(workspaceId));
            new IndexBloat(jdbc)
                    .of(workspaceId).stream()
                            .filter(index -> index.times() >= BLOATED_TIMES)
                            .map(index -> String.format(
                                    Locale.ROOT,
                                    "the index %s takes %.1f times what its %d vectors need: REINDEX INDEX CONCURRENTLY %s,"
                                            + " or let prune do it (reindex in job-configs/prune.yaml)",
                                    index.name(),
                                    index.times(),
                                    index.vectors(),
                                    index.name()))
                            .forEach(all::add);
            return all;
        });
    }

    private List<String> dead(UUID workspaceId) {
        return jdbc.sql("""
                        SELECT t.relname, round(100.0 * t.n_dead_tup / (t.n_live_tup + t.n_dead_tup))::integer AS percent
                        FROM pg_stat_user_tables t
                        WHERE t.schemaname = 'public' AND t.n_dead_tup > 1000
                          AND 100.0 * t.n_dead_tup >= :percent * (t.n_live_tup + t.n_dead_tup)
                          AND (t.relname IN ('chunks', 'lexemes', 'past_vectors') OR t.relname IN (
                            SELECT 'vectors_' || s.id FROM vector_sets s WHERE s.workspace_id = :workspace))
                        ORDER BY 1
                        """)
                .param("percent", BLOATED_PERCENT)
                .param("workspace", workspaceId)
                .query((row, n) -> row.getInt("percent") + " % of the rows of " + row.getString("relname")
                        + " are dead: where autovacuum does not come soon, VACUUM " + row.getString("relname"))
                .list();
    }
}
