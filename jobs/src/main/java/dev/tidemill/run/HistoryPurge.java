package dev.tidemill.run;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.function.BooleanSupplier;

/// Deletes what the platform remembers of long ago: ended launches with their runs and failures, plans nobody can
/// apply any more, dead letters that are settled. Chunks keep the id of the run that wrote them, but what that id
/// stands for is gone then.
public final class HistoryPurge {

    private static final int BATCH = 200;

    /// The launches that may go; `:horizon` is never within the life of a live one.
    private static final String OLD_LAUNCHES = """
            FROM launches
            WHERE state IN ('completed', 'stopped', 'failed', 'needs_operator', 'abandoned') AND ended_at < :horizon
            """;

    private static final String OLD_LETTERS = """
            FROM dead_letters
            WHERE state IN ('resolved', 'ignored') AND coalesce(resolved_at, decided_at) < :horizon
            """;

    private static final String OLD_PLANS = "FROM plans WHERE expires_at < :horizon";

    private static final String RUNS_OF =
            "SELECT job_execution_id FROM batch_job_execution WHERE job_instance_id = ANY (:instances)";

    private final Control control;

    HistoryPurge(Control control) {
        this.control = control;
    }

    /// Rows by kind.
    ///
    /// @param runs executions of the launches
    /// @param failures exceptions of the runs
    public record Counts(long launches, long runs, long failures, long plans, long letters) {

        Counts plus(Counts other) {
            return new Counts(
                    launches + other.launches,
                    runs + other.runs,
                    failures + other.failures,
                    plans + other.plans,
                    letters + other.letters);
        }

        long all() {
            return launches + runs + failures + plans + letters;
        }
    }

    /// What [#purge] would delete now.
    public Counts count(Instant horizon) {
        return control.call(() -> new Counts(
                count("SELECT count(*) " + OLD_LAUNCHES, horizon),
                count(
                        "SELECT count(*) FROM batch_job_execution WHERE job_instance_id IN (SELECT job_instance_id "
                                + OLD_LAUNCHES + ")",
                        horizon),
                count(
                        "SELECT count(*) FROM run_failures WHERE run_id IN (SELECT job_execution_id FROM batch_job_execution"
                                + " WHERE job_instance_id IN (SELECT job_instance_id " + OLD_LAUNCHES + "))",
                        horizon),
                count("SELECT count(*) " + OLD_PLANS, horizon),
                count("SELECT count(*) " + OLD_LETTERS, horizon)));
    }

    private long count(String sql, Instant horizon) {
        return control.jdbc()
                .sql(sql)
                .param("horizon", time(horizon))
                .query(Long.class)
                .single();
    }

    private static OffsetDateTime time(Instant horizon) {
        return horizon.atOffset(ZoneOffset.UTC);
    }

    /// Deletes what ended before the horizon, some rows in each transaction.
    ///
    /// @param stopped asked between the transactions
    public Counts purge(Instant horizon, BooleanSupplier stopped) {
        Counts all = new Counts(0, 0, 0, 0, 0);
        while (!stopped.getAsBoolean()) {
            Counts some = control.call(() -> launches(horizon)
                    .plus(new Counts(0, 0, 0, rows(OLD_PLANS, "plans", horizon), 0))
                    .plus(new Counts(0, 0, 0, 0, rows(OLD_LETTERS, "dead_letters", horizon))));
            if (some.all() == 0) {
                break;
            }
            all = all.plus(some);
        }
        return all;
    }

    private long rows(String from, String table, Instant horizon) {
        return control.jdbc()
                .sql("DELETE FROM " + table + " WHERE ctid = ANY (ARRAY(SELECT ctid " + from
                        + " LIMIT :batch FOR UPDATE SKIP LOCKED))")
                .param("horizon", time(horizon))
                .param("batch", BATCH)
                .update();
    }

    private Counts launches(Instant horizon) {
        // Locked, so that none is resumed while it is being deleted.
        List<Long> ids = control.jdbc()
                .sql("SELECT job_instance_id " + OLD_LAUNCHES + " LIMIT :batch FOR UPDATE SKIP LOCKED")
                .param("horizon", time(horizon))
                .param("batch", BATCH)
                .query((row, number) -> row.getLong(1))
                .list();
        if (ids.isEmpty()) {
            return new Counts(0, 0, 0, 0, 0);
        }
        return deleteLaunches(ids);
    }

    /// Deletes ended launches with all that belongs to them, in the caller's transaction and as its role.
    ///
    /// @param ids job instances; that they have ended is the caller's to know
    public Counts deleteLaunches(List<Long> ids) {
        Long[] instances = ids.toArray(Long[]::new);
        long failures = delete("DELETE FROM run_failures WHERE run_id IN (" + RUNS_OF + ")", instances);
        delete(
                "DELETE FROM batch_step_execution_context WHERE step_execution_id IN (SELECT step_execution_id FROM"
                        + " batch_step_execution WHERE job_execution_id IN (" + RUNS_OF + "))",
                instances);
        delete("DELETE FROM batch_step_execution WHERE job_execution_id IN (" + RUNS_OF + ")", instances);
        delete("DELETE FROM batch_job_execution_context WHERE job_execution_id IN (" + RUNS_OF + ")", instances);
        delete("DELETE FROM batch_job_execution_params WHERE job_execution_id IN (" + RUNS_OF + ")", instances);
        long runs = delete("DELETE FROM batch_job_execution WHERE job_instance_id = ANY (:instances)", instances);
        // Takes the launch, its lease and its items in hand with it.
        delete("DELETE FROM batch_job_instance WHERE job_instance_id = ANY (:instances)", instances);
        return new Counts(ids.size(), runs, failures, 0, 0);
    }

    private long delete(String sql, Long[] instances) {
        return control.jdbc().sql(sql).param("instances", instances).update();
    }
}
