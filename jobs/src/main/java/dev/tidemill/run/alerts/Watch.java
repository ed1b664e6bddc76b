package dev.tidemill.run.alerts;

import dev.tidemill.run.LaunchRequest;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Notices what no transaction tells by itself: processes that are gone, dead letters that pile up. In the caller's
/// transaction of `Control`.
final class Watch {

    private final JdbcClient jdbc;
    private final Outbox outbox;
    private final long deadLetters;

    Watch(JdbcClient jdbc, Outbox outbox, long deadLetters) {
        this.jdbc = jdbc;
        this.outbox = outbox;
        this.deadLetters = deadLetters;
    }

    void look() {
        nodes();
        deadLetters();
    }

    private record Lost(UUID bootId, String name, String version) {}

    /// Servers only: a command that ends early is seen by who typed it.
    private void nodes() {
        List<Lost> lost = jdbc.sql("""
                        UPDATE nodes SET lost_at = clock_timestamp()
                        WHERE adopts AND expires_at <= clock_timestamp() AND stopped_at IS NULL AND lost_at IS NULL
                        RETURNING boot_id, name, version
                        """)
                .query((row, number) ->
                        new Lost(row.getObject("boot_id", UUID.class), row.getString("name"), row.getString("version")))
                .list();
        for (Lost node : lost) {
            outbox.raise(new Event(
                    LaunchRequest.INSTALLATION,
                    "node.lost",
                    Severity.ERROR,
                    "node/" + node.bootId(),
                    "The server " + node.name() + " is gone without a good-bye; others go on with its runs",
                    Map.of("node", node.name(), "version", node.version())));
        }
        List<Lost> back = jdbc.sql("""
                        UPDATE nodes SET lost_at = NULL
                        WHERE lost_at IS NOT NULL AND expires_at > clock_timestamp()
                        RETURNING boot_id, name, version
                        """)
                .query((row, number) ->
                        new Lost(row.getObject("boot_id", UUID.class), row.getString("name"), row.getString("version")))
                .list();
        for (Lost node : back) {
            outbox.resolve(
                    LaunchRequest.INSTALLATION, "node/" + node.bootId(), "The server " + node.name() + " is back");
        }
    }

    private record Growth(UUID workspaceId, String job, long count) {}

    private void deadLetters() {
        List<Growth> growing = jdbc.sql("""
                        SELECT workspace_id, job, count(*) AS count FROM dead_letters
                        WHERE resolved_at IS NULL AND first_seen_at > now() - interval '1 hour'
                        GROUP BY workspace_id, job HAVING count(*) >= :most
                        """)
                .param("most", deadLetters)
                .query((row, number) -> new Growth(
                        row.getObject("workspace_id", UUID.class), row.getString("job"), row.getLong("count")))
                .list();
        for (Growth growth : growing) {
            outbox.raise(new Event(
                    growth.workspaceId(),
                    "dead_letters.growing",
                    Severity.WARNING,
                    "dead_letters/" + growth.job(),
                    growth.job() + " gave up on " + growth.count() + " items within an hour",
                    Map.of("job", growth.job(), "count", growth.count())));
        }
        List<Growth> calm = jdbc.sql("""
                        SELECT e.workspace_id, e.data ->> 'job' AS job, 0 AS count FROM events e
                        WHERE e.open AND e.type = 'dead_letters.growing' AND (
                          SELECT count(*) FROM dead_letters d WHERE d.workspace_id = e.workspace_id AND d.job = e.data ->> 'job'
                            AND d.resolved_at IS NULL AND d.first_seen_at > now() - interval '1 hour') < :most
                        """)
                .param("most", deadLetters)
                .query((row, number) -> new Growth(
                        row.getObject("workspace_id", UUID.class), row.getString("job"), row.getLong("count")))
                .list();
        for (Growth growth : calm) {
            outbox.resolve(
                    growth.workspaceId(),
                    "dead_letters/" + growth.job(),
                    growth.job() + " no longer gives up on unusually many items");
        }
    }
}
