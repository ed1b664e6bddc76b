package dev.tidemill.run;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/// The runs of a workspace, as somebody in it may see them: every read is a transaction of that workspace, so that
/// the database shows no other.
public final class RunHistory {

    /// A search must not be felt by the runs.
    private static final int MOST_SECONDS = 5;

    private static final String QUERY_CANCELED = "57014";

    private final JdbcClient jdbc;
    private final TransactionTemplate transactions;
    private final RunRows rows;

    /// @param jdbc connections of the role that reads for callers
    /// @param transactionManager of the same connections
    public RunHistory(JdbcClient jdbc, PlatformTransactionManager transactionManager, Jobs jobs, InstantSource clock) {
        this.jdbc = jdbc;
        this.transactions = new TransactionTemplate(transactionManager);
        this.transactions.setReadOnly(true);
        // All statements of a look see one moment: a run that is gone on with between two of them would seem over.
        this.transactions.setIsolationLevel(TransactionDefinition.ISOLATION_REPEATABLE_READ);
        this.rows = new RunRows(jdbc, jobs, clock);
    }

    /// Runs, newest first.
    ///
    /// @param next what [RunQuery#before] is for the next page, null on the last one
    public record Page(List<RunView> runs, @Nullable Long next) {}

    public Page page(UUID workspaceId, RunQuery query) {
        return within(workspaceId, () -> {
            List<Long> ids = ids(RunSearch.of(workspaceId, query));
            boolean more = ids.size() > query.limit();
            List<Long> shown = more ? ids.subList(0, query.limit()) : ids;
            return new Page(rows.views(shown), more ? shown.getLast() : null);
        });
    }

    private List<Long> ids(RunSearch search) {
        return jdbc.sql(search.sql())
                .params(search.parameters())
                .query((row, number) -> row.getLong(1))
                .list();
    }

    public Optional<RunView> get(UUID workspaceId, long runId) {
        return within(workspaceId, () -> rows.views(List.of(runId)).stream().findFirst());
    }

    /// Whether a run is over, and since when.
    ///
    /// @param at after its last commit, by the clock of the database; null while it has not ended
    public record End(@Nullable Instant at) {}

    /// The end of a run of the workspace, empty when it has no such run.
    public Optional<End> end(UUID workspaceId, long runId) {
        return within(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT r.ended_at, e.end_time, l.state = 'running' AND l.last_run_id = r.run_id AS at_work
                        FROM runs r
                        JOIN batch_job_execution e ON e.job_execution_id = r.run_id
                        JOIN launches l ON l.workspace_id = r.workspace_id AND l.job_instance_id = r.job_instance_id
                        WHERE r.workspace_id = :workspace AND r.run_id = :run
                        """)
                        .param("workspace", workspaceId)
                        .param("run", runId)
                        .query((row, number) -> end(row))
                        .optional());
    }

    private static End end(ResultSet row) throws SQLException {
        OffsetDateTime noted = row.getObject("ended_at", OffsetDateTime.class);
        if (noted != null) {
            return new End(noted.toInstant());
        }
        // A run whose process has written its end is over once that was concluded; runs of long ago have only that
        // time.
        return new End(row.getBoolean("at_work") ? null : StepRows.instant(row, "end_time"));
    }

    /// A run and what ended it and the other runs of its launch.
    public record Detail(RunView run, List<RunFailure> failures) {}

    public Optional<Detail> detail(UUID workspaceId, long runId) {
        return within(
                workspaceId,
                () -> rows.views(List.of(runId)).stream()
                        .findFirst()
                        .map(run -> new Detail(run, failures(workspaceId, run.runs()))));
    }

    private List<RunFailure> failures(UUID workspaceId, List<Long> runs) {
        return jdbc.sql("""
                        SELECT run_id, number, step, at, error_class, exception, message, stack FROM run_failures
                        WHERE workspace_id = :workspace AND run_id = ANY (:runs) ORDER BY run_id, number
                        """)
                .param("workspace", workspaceId)
                .param("runs", runs.toArray(Long[]::new))
                .query((row, number) -> new RunFailure(
                        row.getLong("run_id"),
                        row.getInt("number"),
                        row.getString("step"),
                        row.getObject("at", OffsetDateTime.class),
                        row.getString("error_class"),
                        row.getString("exception"),
                        row.getString("message"),
                        row.getString("stack")))
                .list();
    }

    /// How two runs differ, empty when one of them is not there.
    public Optional<RunDiff> diff(UUID workspaceId, long one, long other) {
        Map<Long, RunView> views = within(workspaceId, () -> rows.views(List.of(one, other))).stream()
                .collect(Collectors.toMap(RunView::id, view -> view));
        RunView left = views.get(one);
        RunView right = views.get(other);
        return left == null || right == null ? Optional.empty() : Optional.of(RunDiff.of(left, right));
    }

    /// What is at work or about to be, and for each run that is followed the newest one of its launch.
    ///
    /// @param live newest runs of launches that have not ended
    /// @param followed by the id that was asked for; one that is not there is missing
    public record Now(List<RunView> live, Map<Long, RunView> followed) {}

    /// Reads the newest state of runs.
    ///
    /// @param allLive whether all launches that have not ended are told
    public Now now(UUID workspaceId, boolean allLive, Set<Long> followed) {
        return within(workspaceId, () -> {
            Map<Long, Long> newest = newest(workspaceId, followed);
            Set<Long> live = allLive ? live(workspaceId) : Set.of();
            Set<Long> wanted = new LinkedHashSet<>(live);
            wanted.addAll(newest.values());
            Map<Long, RunView> views =
                    rows.views(List.copyOf(wanted)).stream().collect(Collectors.toMap(RunView::id, view -> view));
            Map<Long, RunView> found = new HashMap<>();
            newest.forEach((asked, id) -> {
                RunView view = views.get(id);
                if (view != null) {
                    found.put(asked, view);
                }
            });
            return new Now(
                    views.values().stream()
                            .filter(view -> live.contains(view.id()))
                            .toList(),
                    found);
        });
    }

    private Map<Long, Long> newest(UUID workspaceId, Set<Long> runs) {
        Map<Long, Long> newest = new HashMap<>();
        if (!runs.isEmpty()) {
            jdbc.sql("""
                            SELECT r.run_id, l.last_run_id FROM runs r
                            JOIN launches l ON l.workspace_id = r.workspace_id AND l.job_instance_id = r.job_instance_id
                            WHERE r.workspace_id = :workspace AND r.run_id = ANY (:runs)
                            """)
                    .param("workspace", workspaceId)
                    .param("runs", runs.toArray(Long[]::new))
                    .query(row -> {
                        newest.put(row.getLong(1), row.getLong(2));
                    });
        }
        return newest;
    }

    private Set<Long> live(UUID workspaceId) {
        return new LinkedHashSet<>(
                jdbc.sql("""
                        SELECT last_run_id FROM launches
                        WHERE workspace_id = :workspace AND state IN ('queued', 'running', 'waiting')
                          AND last_run_id IS NOT NULL
                        ORDER BY last_run_id DESC LIMIT 1000
                        """).param("workspace", workspaceId).query(Long.class).list());
    }

    @SuppressWarnings("NullAway") // the template hands back what the work returned, which is never null
    private <T> T within(UUID workspaceId, Supplier<T> work) {
        try {
            return transactions.execute(status -> {
                jdbc.sql("SELECT set_config('tidemill.workspace_id', :workspace, true),"
                                + " set_config('statement_timeout', :timeout, true)")
                        .param("workspace", workspaceId.toString())
                        .param("timeout", MOST_SECONDS + "s")
                        .query((row, number) -> row.getString(1))
                        .single();
                return work.get();
            });
        } catch (DataAccessException e) {
            if (e.getMostSpecificCause() instanceof SQLException sql && QUERY_CANCELED.equals(sql.getSQLState())) {
                throw new InvalidParameter(
                        "from",
                        "the search took longer than " + MOST_SECONDS + " s: narrow it with job, state, from or to");
            }
            throw e;
        }
    }
}
