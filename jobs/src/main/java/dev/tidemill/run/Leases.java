package dev.tidemill.run;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Who may write for which job instance, in the caller's transaction of [Control].
final class Leases {

    private static final Logger log = LoggerFactory.getLogger(Leases.class);

    private final JdbcClient jdbc;
    private final DataSource dataSource;
    private final Node node;

    /// @param dataSource whose login role may end the connections of dead processes
    Leases(JdbcClient jdbc, DataSource dataSource, Node node) {
        this.jdbc = jdbc;
        this.dataSource = dataSource;
        this.node = node;
    }

    private record Other(
            UUID bootId,
            String name,
            @Nullable String place,
            long pid,
            @Nullable Instant startedAt,
            boolean expired) {}

    /// Whether others take this process for alive. A lease of one that they do not is theirs for the taking.
    boolean alive() {
        return jdbc.sql("SELECT EXISTS (SELECT FROM nodes WHERE boot_id = :me AND expires_at > clock_timestamp())")
                .param("me", node.bootId())
                .query(Boolean.class)
                .single();
    }

    /// Takes the lease of a job instance where it is free or its holder is dead. A transaction of the holder that
    /// is about to commit holds the row's lock: this waits for its outcome.
    Optional<Fences.Lease> take(long instanceId) {
        return jdbc.sql("""
                        INSERT INTO job_leases AS l (job_instance_id, boot_id) VALUES (:instance, :me)
                        ON CONFLICT (job_instance_id) DO UPDATE
                        SET fence = l.fence + 1, boot_id = excluded.boot_id, acquired_at = clock_timestamp()
                        WHERE l.boot_id IS NULL OR l.boot_id = excluded.boot_id OR NOT EXISTS (
                          SELECT FROM nodes n WHERE n.boot_id = l.boot_id AND n.expires_at > clock_timestamp())
                        RETURNING fence
                        """)
                .param("instance", instanceId)
                .param("me", node.bootId())
                .query(Long.class)
                .optional()
                .map(fence -> new Fences.Lease(instanceId, fence));
    }

    /// Whether a living process holds the lease of a job instance.
    boolean held(long instanceId) {
        return jdbc.sql("""
                        SELECT count(*) > 0 FROM job_leases l JOIN nodes n USING (boot_id)
                        WHERE l.job_instance_id = :instance AND n.expires_at > clock_timestamp()
                        """).param("instance", instanceId).query(Boolean.class).single();
    }

    /// Whether this process holds the lease of a job instance, and others take it for alive.
    boolean holds(long instanceId) {
        return jdbc.sql("""
                        SELECT count(*) > 0 FROM job_leases l JOIN nodes n USING (boot_id)
                        WHERE l.job_instance_id = :instance AND l.boot_id = :me AND n.expires_at > clock_timestamp()
                        """)
                .param("instance", instanceId)
                .param("me", node.bootId())
                .query(Boolean.class)
                .single();
    }

    void release(Fences.Lease lease) {
        jdbc.sql("UPDATE job_leases SET boot_id = NULL WHERE job_instance_id = :instance AND fence = :fence")
                .param("instance", lease.jobInstanceId())
                .param("fence", lease.fence())
                .update();
    }

    /// Frees a lease of this process without knowing its fence.
    void free(long instanceId) {
        jdbc.sql("UPDATE job_leases SET boot_id = NULL WHERE job_instance_id = :instance AND boot_id = :me")
                .param("instance", instanceId)
                .param("me", node.bootId())
                .update();
    }

    /// Whether the next run of a job instance is to note what it takes in hand.
    void careful(long instanceId, boolean careful) {
        jdbc.sql("UPDATE job_leases SET careful = :careful WHERE job_instance_id = :instance AND careful <> :careful")
                .param("careful", careful)
                .param("instance", instanceId)
                .update();
    }

    /// Chunks that a job instance has committed, over all its runs.
    long commits(long instanceId) {
        return jdbc.sql("""
                        SELECT coalesce(sum(s.commit_count), 0) FROM batch_step_execution s
                        JOIN batch_job_execution e USING (job_execution_id) WHERE e.job_instance_id = :instance
                        """).param("instance", instanceId).query(Long.class).single();
    }

    /// Whether a process that could start this launch lives: the one that took the request, or any that adopts.
    boolean someoneWillStart(UUID requestedOn) {
        return jdbc.sql("""
                        SELECT count(*) > 0 FROM nodes
                        WHERE (boot_id = :node OR adopts) AND expires_at > clock_timestamp()
                        """).param("node", requestedOn).query(Boolean.class).single();
    }

    /// Processes that are gone and still hold leases: their leases end now instead of when they expire.
    ///
    /// @return boot ids of all that were found dead
    List<UUID> findDead() {
        List<Other> others = jdbc.sql("""
                        SELECT n.boot_id, n.name, n.place, n.pid, n.process_started_at,
                               n.expires_at <= clock_timestamp() AS expired
                        FROM nodes n
                        WHERE n.boot_id <> :me AND (n.expires_at > clock_timestamp()
                          OR EXISTS (SELECT FROM job_leases l WHERE l.boot_id = n.boot_id))
                        """)
                .param("me", node.bootId())
                .query((row, number) -> {
                    OffsetDateTime started = row.getObject("process_started_at", OffsetDateTime.class);
                    return new Other(
                            row.getObject("boot_id", UUID.class),
                            row.getString("name"),
                            row.getString("place"),
                            row.getLong("pid"),
                            started == null ? null : started.toInstant(),
                            row.getBoolean("expired"));
                })
                .list();
        List<UUID> dead = new ArrayList<>();
        for (Other other : others) {
            if (other.expired() || node.knowsGone(other.place(), other.pid(), other.startedAt())) {
                dead.add(other.bootId());
                if (!other.expired()) {
                    log.info("process {} is gone: its leases end now", other.name());
                }
                jdbc.sql("UPDATE nodes SET expires_at = '-infinity' WHERE boot_id = :node AND expires_at > '-infinity'")
                        .param("node", other.bootId())
                        .update();
            }
        }
        return dead;
    }

    /// Ends the connections of dead processes to any database of the server. One of them may hang between its last
    /// statement and its commit and hold a lease's row; and what it left open must not keep locks, nor commit.
    void disconnect(List<UUID> dead) {
        if (dead.isEmpty()) {
            return;
        }
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement = connection.prepareStatement("""
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE pid <> pg_backend_pid() AND application_name LIKE '%' || ?
                        """)) {
            for (UUID node : dead) {
                statement.setString(1, Node.connectionMark(node));
                statement.execute();
            }
        } catch (SQLException e) {
            log.warn("connections of dead processes could not be ended, they end by themselves: {}", e.getMessage());
        }
    }

    /// Forgets processes that ended long ago.
    void forget() {
        jdbc.sql("""
                        DELETE FROM nodes n WHERE heartbeat_at < clock_timestamp() - interval '1 day'
                          AND NOT EXISTS (SELECT FROM job_leases l WHERE l.boot_id = n.boot_id)
                        """).update();
    }
}
