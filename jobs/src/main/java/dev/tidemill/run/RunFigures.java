package dev.tidemill.run;

import java.util.HashMap;
import java.util.Map;

/// Figures on the runs of all processes, from the database: they survive a restart, and every server tells the
/// same.
public final class RunFigures {

    private final Control control;

    public RunFigures(Control control) {
        this.control = control;
    }

    /// How things stand.
    ///
    /// @param lastSuccess by job, seconds since 1970
    /// @param deadLetters by job, open ones
    /// @param launches by state
    /// @param leaseAge seconds since the last heartbeat of the process behind a running launch, the longest; 0 when
    ///     none runs
    /// @param orphanAge seconds for which a running launch has been without a living process, the longest; 0 when
    ///     none is
    public record Figures(
            Map<String, Double> lastSuccess,
            Map<String, Long> deadLetters,
            Map<String, Long> launches,
            double leaseAge,
            double orphanAge,
            Postgres postgres) {}

    /// The database itself.
    ///
    /// @param hits blocks found in the shared buffers since the statistics were reset
    /// @param reads blocks that had to be read
    /// @param deadRows rows that a vacuum has to take away
    /// @param connections of all clients to this database
    public record Postgres(double bytes, double hits, double reads, double deadRows, double connections) {}

    private record Ages(double lease, double orphan) {}

    public Figures now() {
        return control.call(() -> {
            Map<String, Double> lastSuccess = new HashMap<>();
            control.jdbc().sql("""
                            SELECT job, extract(epoch FROM max(ended_at)) AS at FROM launches
                            WHERE state = 'completed' GROUP BY job
                            """).query(row -> {
                lastSuccess.put(row.getString("job"), row.getDouble("at"));
            });
            Ages ages = control.jdbc()
                    .sql("""
                            SELECT coalesce(max(extract(epoch FROM clock_timestamp() - seen)), 0) AS lease,
                                   coalesce(max(extract(epoch FROM clock_timestamp() - seen)) FILTER (WHERE NOT alive), 0) AS orphan
                            FROM (SELECT coalesce(n.heartbeat_at, j.acquired_at, l.started_at, l.requested_at) AS seen,
                                         coalesce(n.expires_at > clock_timestamp(), false) AS alive
                                  FROM launches l LEFT JOIN job_leases j USING (job_instance_id)
                                  LEFT JOIN nodes n ON n.boot_id = j.boot_id WHERE l.state = 'running') r
                            """)
                    .query((row, number) -> new Ages(row.getDouble("lease"), row.getDouble("orphan")))
                    .single();
            return new Figures(
                    lastSuccess,
                    counts("SELECT job, count(*) FROM dead_letters WHERE resolved_at IS NULL GROUP BY job"),
                    counts("SELECT state, count(*) FROM launches WHERE state <> 'completed' GROUP BY state"),
                    ages.lease(),
                    ages.orphan(),
                    postgres());
        });
    }

    private Postgres postgres() {
        return control.jdbc()
                .sql("""
                        SELECT pg_database_size(datid) AS bytes, blks_hit, blks_read, numbackends,
                               (SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables) AS dead
                        FROM pg_stat_database WHERE datname = current_database()
                        """)
                .query((row, number) -> new Postgres(
                        row.getDouble("bytes"),
                        row.getDouble("blks_hit"),
                        row.getDouble("blks_read"),
                        row.getDouble("dead"),
                        row.getDouble("numbackends")))
                .single();
    }

    private Map<String, Long> counts(String sql) {
        Map<String, Long> counts = new HashMap<>();
        control.jdbc().sql(sql).query(row -> {
            counts.put(row.getString(1), row.getLong(2));
        });
        return counts;
    }
}
