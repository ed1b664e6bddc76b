package dev.tidemill.admin.schedules;

import java.time.Duration;
import org.springframework.jdbc.core.simple.JdbcClient;

/// How far the schedules are behind the clock. More than a minute while servers run means that nobody fires them.
public final class ScheduleLag {

    private final JdbcClient jdbc;

    ScheduleLag(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /// For how long the oldest due time has not been told, or not been launched; zero when nothing is due. Paused
    /// schedules do not count.
    public Duration lag() {
        double seconds = jdbc.sql("""
                        SELECT greatest(0, extract(epoch FROM clock_timestamp() - least(
                          (SELECT to_timestamp(min(next_fire_time) / 1000.0) FROM qrtz_triggers
                           WHERE sched_name = :scheduler AND next_fire_time > 0
                             AND trigger_state IN ('WAITING', 'ACQUIRED', 'BLOCKED', 'ERROR')),
                          (SELECT min(f.due_at) FROM schedule_fires f
                           JOIN schedules s ON s.workspace_id = f.workspace_id AND s.name = f.schedule
                           WHERE f.due_at IS NOT NULL AND f.outcome = 'waiting' AND NOT s.paused))))
                        """)
                .param("scheduler", SchedulesConfiguration.SCHEDULER)
                .query(Double.class)
                .single();
        return Duration.ofMillis((long) (seconds * 1000));
    }
}
