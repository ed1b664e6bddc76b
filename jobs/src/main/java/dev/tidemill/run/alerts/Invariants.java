package dev.tidemill.run.alerts;

import dev.tidemill.run.LaunchRequest;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Checks in production what must never be, whatever fails: each check finds ids, and an id found is told once. In
/// the caller's transaction of `Control`.
public final class Invariants {

    /// What the recovery of a dead process may take until it counts as broken: lease, one look, and much reserve.
    private static final String GRACE = "interval '60 seconds'";

    private static final Map<String, String> CHECKS = new LinkedHashMap<>();

    static {
        CHECKS.put("running_without_lease", """
                SELECT l.job_instance_id FROM launches l LEFT JOIN job_leases j USING (job_instance_id)
                LEFT JOIN nodes n ON n.boot_id = j.boot_id
                WHERE l.state = 'running' AND (n.expires_at IS NULL OR n.expires_at <= clock_timestamp())
                  AND greatest(n.heartbeat_at, j.acquired_at, l.started_at) < clock_timestamp() - GRACE
                """);
        CHECKS.put("two_runs_on_one_subject", """
                SELECT max(job_instance_id) FROM launches WHERE state = 'running' GROUP BY workspace_id, subject HAVING count(*) > 1
                """);
        CHECKS.put("started_without_launch", """
                SELECT e.job_execution_id FROM batch_job_execution e LEFT JOIN launches l USING (job_instance_id)
                WHERE e.end_time IS NULL AND e.status IN ('STARTED', 'STOPPING') AND l.state IS DISTINCT FROM 'running'
                  AND e.last_updated < localtimestamp - GRACE
                """);
        CHECKS.put("two_executions_at_once", """
                SELECT job_instance_id FROM batch_job_execution WHERE end_time IS NULL
                GROUP BY job_instance_id HAVING count(*) > 1
                """);
        CHECKS.put("lease_without_run", """
                SELECT j.job_instance_id FROM job_leases j JOIN nodes n ON n.boot_id = j.boot_id AND n.expires_at > clock_timestamp()
                LEFT JOIN launches l USING (job_instance_id)
                WHERE l.state IS DISTINCT FROM 'running' AND j.acquired_at < clock_timestamp() - GRACE
                  AND coalesce(l.ended_at, '-infinity') < clock_timestamp() - GRACE
                """);
    }

    private final JdbcClient jdbc;
    private final Outbox outbox;
    private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();
    private final Set<String> known = new HashSet<>();

    Invariants(JdbcClient jdbc, Outbox outbox) {
        this.jdbc = jdbc;
        this.outbox = outbox;
        CHECKS.keySet().forEach(check -> counts.put(check, new LongAdder()));
    }

    /// What is checked.
    public static List<String> checks() {
        return List.copyOf(CHECKS.keySet());
    }

    /// How often a check was found violated by this process.
    public long count(String check) {
        LongAdder count = counts.get(check);
        return count == null ? 0 : count.sum();
    }

    void look() {
        Set<String> found = new HashSet<>();
        CHECKS.forEach((check, sql) -> {
            for (long id :
                    jdbc.sql(sql.replace("GRACE", GRACE)).query(Long.class).list()) {
                String key = "invariant/" + check + "/" + id;
                found.add(key);
                if (known.add(key)) {
                    adder(check).increment();
                }
                outbox.raise(new Event(
                        LaunchRequest.INSTALLATION,
                        "invariant.violated",
                        Severity.CRITICAL,
                        key,
                        "What must never be is: " + check.replace('_', ' ') + " (id " + id
                                + "). Please report it with the log",
                        Map.of("check", check, "id", id)));
            }
        });
        for (String key : jdbc.sql("SELECT dedupe_key FROM events WHERE open AND type = 'invariant.violated'")
                .query(String.class)
                .list()) {
            if (!found.contains(key)) {
                outbox.resolve(LaunchRequest.INSTALLATION, key, "It is well again: " + key);
            }
        }
        known.retainAll(found);
    }

    private LongAdder adder(String check) {
        return counts.computeIfAbsent(check, name -> new LongAdder());
    }
}
