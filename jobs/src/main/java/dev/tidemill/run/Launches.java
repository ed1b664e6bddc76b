package dev.tidemill.run;

import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.RowMapper;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The table `launches`, in the caller's transaction of [Control].
final class Launches {

    private static final String COLUMNS = """
            workspace_id, job_instance_id, job, subject, state, origin, identity, request_hash, priority, requested_by, requested_on,
            failures, commits_at_failure, deaths, commits_at_death, waiting_for, due_at, stop_requested_at IS NOT NULL AS stop_requested,
            last_error, steps
            """;

    private final JdbcClient jdbc;

    Launches(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /// Where a launch stands.
    enum State {
        /// asked for, waits for its turn
        QUEUED,
        /// a process holds its lease and works
        RUNNING,
        /// will be tried again by itself when it is due
        WAITING,
        COMPLETED,
        STOPPED,
        FAILED,
        /// its process died so often that somebody has to look
        NEEDS_OPERATOR,
        ABANDONED;

        static State of(String column) {
            return valueOf(column.toUpperCase(java.util.Locale.ROOT));
        }

        String column() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }

        boolean ended() {
            return switch (this) {
                case QUEUED, RUNNING, WAITING -> false;
                case COMPLETED, STOPPED, FAILED, NEEDS_OPERATOR, ABANDONED -> true;
            };
        }
    }

    record Launch(
            UUID workspaceId,
            long instanceId,
            String job,
            String subject,
            State state,
            String origin,
            String identity,
            String requestHash,
            int priority,
            String requestedBy,
            UUID requestedOn,
            int failures,
            long commitsAtFailure,
            int deaths,
            long commitsAtDeath,
            @Nullable String waitingFor,
            OffsetDateTime dueAt,
            boolean stopRequested,
            @Nullable String lastError,
            List<String> steps) {}

    private static final RowMapper<Launch> LAUNCH = (row, number) -> new Launch(
            row.getObject("workspace_id", UUID.class),
            row.getLong("job_instance_id"),
            row.getString("job"),
            row.getString("subject"),
            State.of(row.getString("state")),
            row.getString("origin"),
            row.getString("identity"),
            row.getString("request_hash"),
            row.getInt("priority"),
            row.getString("requested_by"),
            row.getObject("requested_on", UUID.class),
            row.getInt("failures"),
            row.getLong("commits_at_failure"),
            row.getInt("deaths"),
            row.getLong("commits_at_death"),
            row.getString("waiting_for"),
            row.getObject("due_at", OffsetDateTime.class),
            row.getBoolean("stop_requested"),
            row.getString("last_error"),
            List.of((String[]) row.getArray("steps").getArray()));

    void insert(
            LaunchRequest request,
            String identity,
            String requestHash,
            String subject,
            long instanceId,
            int priority,
            Node node,
            String configHash,
            List<String> steps) {
        jdbc.sql("""
                        INSERT INTO launches (workspace_id, job_instance_id, job, subject, state, origin, identity, request_hash, priority,
                            requested_by, reason, requested_on, plan_id, config_hash, code_version, steps)
                        VALUES (:workspace, :instance, :job, :subject, 'queued', :origin, :identity, :hash, :priority,
                            :by, :reason, :node, :plan, :config, :version, :steps)
                        """)
                .param("workspace", request.workspaceId())
                .param("instance", instanceId)
                .param("job", request.job())
                .param("subject", subject)
                .param("origin", request.origin())
                .param("identity", identity)
                .param("hash", requestHash)
                .param("priority", priority)
                .param("by", request.requestedBy())
                .param("reason", request.reason())
                .param("node", node.bootId())
                .param("plan", request.planId())
                .param("config", configHash)
                .param("version", node.version())
                .param("steps", steps.toArray(String[]::new))
                .update();
    }

    Optional<Launch> byIdentity(UUID workspaceId, String job, String identity) {
        return jdbc.sql("SELECT " + COLUMNS + """
                        FROM launches WHERE workspace_id = :workspace AND job = :job AND identity = :identity
                        """)
                .param("workspace", workspaceId)
                .param("job", job)
                .param("identity", identity)
                .query(LAUNCH)
                .optional();
    }

    /// The launch of a job instance, locked until the transaction ends.
    Optional<Launch> lock(long instanceId) {
        return jdbc.sql("SELECT " + COLUMNS + " FROM launches WHERE job_instance_id = :instance FOR UPDATE")
                .param("instance", instanceId)
                .query(LAUNCH)
                .optional();
    }

    Optional<Launch> find(long instanceId) {
        return jdbc.sql("SELECT " + COLUMNS + " FROM launches WHERE job_instance_id = :instance")
                .param("instance", instanceId)
                .query(LAUNCH)
                .optional();
    }

    /// Launches of a subject that have not ended, oldest first.
    List<Launch> live(UUID workspaceId, String subject) {
        return jdbc.sql("SELECT " + COLUMNS + """
                        FROM launches
                        WHERE workspace_id = :workspace AND subject = :subject AND state IN ('queued', 'running', 'waiting')
                        ORDER BY job_instance_id
                        """)
                .param("workspace", workspaceId)
                .param("subject", subject)
                .query(LAUNCH)
                .list();
    }

    List<Launch> running() {
        return jdbc.sql("SELECT " + COLUMNS + " FROM launches WHERE state = 'running' ORDER BY job_instance_id")
                .query(LAUNCH)
                .list();
    }

    /// Launches whose turn may have come, the most urgent first and none of a busy workspace before those of idle
    /// ones.
    List<Launch> due(int limit) {
        return jdbc.sql("SELECT " + COLUMNS + """
                        FROM launches l
                        LEFT JOIN (SELECT workspace_id AS busy, count(*) AS working FROM launches
                                   WHERE state = 'running' GROUP BY 1) w ON w.busy = l.workspace_id
                        WHERE state IN ('queued', 'waiting') AND due_at <= clock_timestamp()
                        ORDER BY priority DESC, coalesce(working, 0), due_at, job_instance_id
                        LIMIT :limit
                        """)
                .param("limit", limit)
                .query(LAUNCH)
                .list();
    }

    /// When the next launch that waits for its time is due, in milliseconds from now; empty when none waits.
    Optional<Duration> nextDue() {
        return jdbc.sql("""
                        SELECT extract(epoch FROM min(due_at) - clock_timestamp()) * 1000 FROM launches
                        WHERE state IN ('queued', 'waiting') AND due_at > clock_timestamp()
                        """)
                .query((row, number) -> {
                    double millis = row.getDouble(1);
                    return row.wasNull() ? Optional.<Duration>empty() : Optional.of(Duration.ofMillis((long) millis));
                })
                .single();
    }

    /// Running launches that nobody works on any more: no lease, or the lease of a process that is gone.
    List<Launch> orphans() {
        return jdbc.sql("SELECT " + COLUMNS + """
                        FROM launches l WHERE state = 'running' AND NOT EXISTS (
                          SELECT FROM job_leases j JOIN nodes n ON n.boot_id = j.boot_id
                          WHERE j.job_instance_id = l.job_instance_id AND n.expires_at > clock_timestamp())
                        ORDER BY job_instance_id
                        """).query(LAUNCH).list();
    }

    /// Of the given job instances, those that were asked to stop.
    List<Long> stopRequested(Long[] instances) {
        return jdbc.sql("""
                        SELECT job_instance_id FROM launches
                        WHERE job_instance_id = ANY (:instances) AND stop_requested_at IS NOT NULL
                        """)
                .param("instances", instances)
                .query((row, number) -> row.getLong(1))
                .list();
    }

    void queue(long instanceId) {
        update(instanceId, """
                state = 'queued', due_at = clock_timestamp(), waiting_for = NULL, stop_requested_at = NULL, ended_at = NULL,
                failures = 0, commits_at_failure = -1, deaths = 0, commits_at_death = -1
                """);
    }

    void started(long instanceId) {
        update(
                instanceId,
                "state = 'running', waiting_for = NULL, started_at = coalesce(started_at, clock_timestamp())");
    }

    void waitingFor(long instanceId, String what) {
        jdbc.sql("""
                        UPDATE launches SET waiting_for = :what
                        WHERE job_instance_id = :instance AND waiting_for IS DISTINCT FROM :what
                        """).param("what", what).param("instance", instanceId).update();
    }

    /// To be tried again by itself.
    void waiting(long instanceId, Duration wait, @Nullable String why) {
        jdbc.sql("""
                        UPDATE launches
                        SET state = 'waiting', due_at = clock_timestamp() + :millis * interval '1 millisecond',
                            last_error = coalesce(:why, last_error), waiting_for = NULL
                        WHERE job_instance_id = :instance
                        """)
                .param("millis", wait.toMillis())
                .param("why", why, java.sql.Types.VARCHAR)
                .param("instance", instanceId)
                .update();
    }

    void failed(long instanceId, int failures, long commits) {
        jdbc.sql("""
                        UPDATE launches SET failures = :failures, commits_at_failure = :commits
                        WHERE job_instance_id = :instance
                        """)
                .param("failures", failures)
                .param("commits", commits)
                .param("instance", instanceId)
                .update();
    }

    void died(long instanceId, int deaths, long commits) {
        jdbc.sql("""
                        UPDATE launches SET deaths = :deaths, commits_at_death = :commits
                        WHERE job_instance_id = :instance
                        """)
                .param("deaths", deaths)
                .param("commits", commits)
                .param("instance", instanceId)
                .update();
    }

    void ended(long instanceId, State state, @Nullable String error) {
        jdbc.sql("""
                        UPDATE launches
                        SET state = :state, ended_at = clock_timestamp(), last_error = :error, waiting_for = NULL,
                            stop_requested_at = NULL
                        WHERE job_instance_id = :instance
                        """)
                .param("state", state.column())
                .param("error", error, java.sql.Types.VARCHAR)
                .param("instance", instanceId)
                .update();
        find(instanceId).ifPresent(launch -> reopenLetters(launch.workspaceId(), launch.job()));
    }

    /// Opens letters again whose replay is over without the item having been tried: nothing of the job is under way
    /// any more.
    void reopenLetters(UUID workspaceId, String job) {
        jdbc.sql("""
                        UPDATE dead_letters SET state = 'open'
                        WHERE workspace_id = :workspace AND job = :job AND state = 'replaying'
                          AND NOT EXISTS (SELECT FROM launches l WHERE l.workspace_id = :workspace AND l.job = :job
                                          AND l.state IN ('queued', 'running', 'waiting'))
                        """).param("workspace", workspaceId).param("job", job).update();
    }

    void requestStop(long instanceId) {
        update(instanceId, "stop_requested_at = coalesce(stop_requested_at, clock_timestamp())");
    }

    private void update(long instanceId, String assignments) {
        int rows = jdbc.sql("UPDATE launches SET " + assignments + " WHERE job_instance_id = :instance")
                .param("instance", instanceId)
                .update();
        if (rows != 1) {
            throw new IllegalStateException("the launch of job instance " + instanceId + " is gone");
        }
    }
}
