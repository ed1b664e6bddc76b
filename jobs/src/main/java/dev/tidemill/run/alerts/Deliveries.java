package dev.tidemill.run.alerts;

import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.RowMapper;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/// The tables of deliveries, in the caller's transaction of `Control`.
final class Deliveries {

    /// "alerts" in ASCII: decisions on who is told are made one at a time.
    private static final long ROUTING_LOCK = 0x616c_6572_7473L;

    private static final String DIGEST = "digest";

    private final JdbcClient jdbc;

    Deliveries(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    private static final RowMapper<Message.Told> TOLD = (row, number) -> new Message.Told(
            row.getObject("id", UUID.class),
            row.getObject("workspace_id", UUID.class),
            row.getObject("at", OffsetDateTime.class).toInstant(),
            row.getString("type"),
            Severity.of(row.getString("severity")),
            row.getString("dedupe_key"),
            row.getString("message"),
            JsonMapper.shared().readTree(row.getString("data")));

    private static OffsetDateTime time(Instant instant) {
        return instant.atOffset(ZoneOffset.UTC);
    }

    /// Events of which no channel was told yet, oldest first, for this transaction alone; empty while another one
    /// decides.
    List<Message.Told> unrouted(int limit) {
        boolean mine = jdbc.sql("SELECT pg_try_advisory_xact_lock(:lock)")
                .param("lock", ROUTING_LOCK)
                .query(Boolean.class)
                .single();
        if (!mine) {
            return List.of();
        }
        return jdbc.sql("""
                        SELECT workspace_id, id, at, type, severity, dedupe_key, message, data FROM events
                        WHERE routed_at IS NULL ORDER BY sequence LIMIT :limit
                        """).param("limit", limit).query(TOLD).list();
    }

    void routed(Message.Told event, Instant now) {
        jdbc.sql("UPDATE events SET routed_at = :now WHERE workspace_id = :workspace AND id = :id")
                .param("now", time(now))
                .param("workspace", event.workspaceId())
                .param("id", event.id())
                .update();
    }

    /// Puts an event before a channel: with those that wait there under the same key, a while after the last one of
    /// that key, or at once.
    ///
    /// @param digest null for a channel that is told at once
    void plan(Message.Told event, String channel, Instant now, Duration group, @Nullable Duration digest) {
        jdbc.sql("""
                        INSERT INTO alert_deliveries (workspace_id, event_id, channel, group_key, created_at, due_at)
                        SELECT :workspace, :event, :channel, :key, :now, coalesce(
                          (SELECT min(d.due_at) FROM alert_deliveries d WHERE d.channel = :channel AND d.group_key = :key
                             AND d.state = 'pending' AND d.message_id IS NULL),
                          CAST(:now AS timestamptz) + :digest * interval '1 millisecond',
                          greatest(:now, (SELECT max(d.created_at) + :group * interval '1 millisecond'
                             FROM alert_deliveries d WHERE d.channel = :channel AND d.group_key = :key)))
                        ON CONFLICT DO NOTHING
                        """)
                .param("workspace", event.workspaceId())
                .param("event", event.id())
                .param("channel", channel)
                .param("key", digest == null ? event.workspaceId() + "/" + event.dedupeKey() : DIGEST)
                .param("now", time(now))
                .param("digest", digest == null ? null : digest.toMillis(), Types.BIGINT)
                .param("group", group.toMillis())
                .update();
    }

    /// A message to try now, and when it was first meant to go.
    ///
    /// @param attempts tries before this one
    record Claim(Message message, String channel, int attempts, Instant since) {}

    /// Takes the message that is due longest, for a while. The first try gives it its id and closes it: later
    /// events of the same trouble make another message.
    Optional<Claim> claim(String channel, Instant now, Duration lease, boolean onlyCritical) {
        record Lead(
                UUID workspaceId, UUID eventId, @Nullable UUID messageId, String groupKey) {}
        Lead lead = jdbc.sql("""
                        SELECT d.workspace_id, d.event_id, d.message_id, d.group_key FROM alert_deliveries d
                        JOIN events e ON e.workspace_id = d.workspace_id AND e.id = d.event_id
                        WHERE d.channel = :channel AND d.state = 'pending' AND d.due_at <= :now
                          AND (d.claimed_until IS NULL OR d.claimed_until <= :now)
                          AND (NOT :onlyCritical OR e.severity = 'critical')
                        ORDER BY d.due_at, e.sequence LIMIT 1 FOR UPDATE OF d SKIP LOCKED
                        """)
                .param("channel", channel)
                .param("now", time(now))
                .param("onlyCritical", onlyCritical)
                .query((row, number) -> new Lead(
                        row.getObject("workspace_id", UUID.class),
                        row.getObject("event_id", UUID.class),
                        row.getObject("message_id", UUID.class),
                        row.getString("group_key")))
                .optional()
                .orElse(null);
        if (lead == null) {
            return Optional.empty();
        }
        UUID messageId = lead.messageId() == null ? UUID.randomUUID() : lead.messageId();
        record Row(UUID workspaceId, UUID eventId, int attempts, Instant createdAt) {}
        List<Row> rows = jdbc.sql("""
                        UPDATE alert_deliveries d SET message_id = :message, claimed_until = :until
                        FROM (SELECT workspace_id, event_id FROM alert_deliveries
                              WHERE channel = :channel AND state = 'pending' AND (message_id = :message
                                OR (message_id IS NULL AND :fresh AND group_key = :key AND due_at <= :now))
                              FOR UPDATE SKIP LOCKED) mine
                        WHERE d.channel = :channel AND d.workspace_id = mine.workspace_id AND d.event_id = mine.event_id
                        RETURNING d.workspace_id, d.event_id, d.attempts, d.created_at
                        """)
                .param("message", messageId)
                .param("until", time(now.plus(lease)))
                .param("channel", channel)
                .param("fresh", lead.messageId() == null)
                .param("key", lead.groupKey())
                .param("now", time(now))
                .query((row, number) -> new Row(
                        row.getObject("workspace_id", UUID.class),
                        row.getObject("event_id", UUID.class),
                        row.getInt("attempts"),
                        row.getObject("created_at", OffsetDateTime.class).toInstant()))
                .list();
        Row first = rows.stream().min(Comparator.comparing(Row::createdAt)).orElseThrow();
        return Optional.of(
                new Claim(new Message(messageId, events(messageId)), channel, first.attempts(), first.createdAt()));
    }

    private List<Message.Told> events(UUID messageId) {
        return jdbc.sql("""
                        SELECT e.workspace_id, e.id, e.at, e.type, e.severity, e.dedupe_key, e.message, e.data
                        FROM alert_deliveries d JOIN events e ON e.workspace_id = d.workspace_id AND e.id = d.event_id
                        WHERE d.message_id = :message ORDER BY e.sequence
                        """).param("message", messageId).query(TOLD).list();
    }

    /// Writes the outcome of a try down.
    ///
    /// @param next when it is tried again, null when it is not
    void tried(Claim claim, Answer answer, Instant at, Duration took, @Nullable Instant next) {
        String state = answer.arrived() ? "delivered" : next == null ? "given_up" : "pending";
        jdbc.sql("""
                        UPDATE alert_deliveries
                        SET state = :state, attempts = :attempts, claimed_until = NULL, due_at = coalesce(:next, due_at),
                            last_error = :error, ended_at = CASE WHEN :state = 'pending' THEN NULL ELSE CAST(:at AS timestamptz) END
                        WHERE message_id = :message AND channel = :channel AND state = 'pending'
                        """)
                .param("state", state)
                .param("attempts", claim.attempts() + 1)
                .param("next", next == null ? null : time(next), Types.TIMESTAMP_WITH_TIMEZONE)
                .param("error", answer.error(), Types.VARCHAR)
                .param("at", time(at))
                .param("message", claim.message().id())
                .param("channel", claim.channel())
                .update();
        List<UUID> workspaces = claim.message().events().stream()
                .map(Message.Told::workspaceId)
                .distinct()
                .toList();
        for (UUID workspace : workspaces) {
            jdbc.sql("""
                            INSERT INTO alert_attempts
                                (workspace_id, message_id, attempt, channel, at, delivered, status, latency_ms, error)
                            VALUES (:workspace, :message, :attempt, :channel, :at, :delivered, :status, :millis, :error)
                            ON CONFLICT DO NOTHING
                            """)
                    .param("workspace", workspace)
                    .param("message", claim.message().id())
                    .param("attempt", claim.attempts() + 1)
                    .param("channel", claim.channel())
                    .param("at", time(at))
                    .param("delivered", answer.arrived())
                    .param("status", answer.status(), Types.INTEGER)
                    .param("millis", took.toMillis())
                    .param("error", answer.error(), Types.VARCHAR)
                    .update();
        }
    }

    /// Takes a channel out of use, with what waits for it.
    void disable(String channel, String reason, Instant now) {
        jdbc.sql("INSERT INTO alert_channels (name, reason) VALUES (:name, :reason) ON CONFLICT DO NOTHING")
                .param("name", channel)
                .param("reason", reason)
                .update();
        jdbc.sql("""
                        UPDATE alert_deliveries SET state = 'given_up', ended_at = :now, last_error = :reason
                        WHERE channel = :name AND state = 'pending'
                        """)
                .param("now", time(now))
                .param("reason", "the channel is disabled: " + reason)
                .param("name", channel)
                .update();
    }

    /// Puts a channel back to use.
    boolean enable(String channel) {
        return jdbc.sql("DELETE FROM alert_channels WHERE name = :name")
                        .param("name", channel)
                        .update()
                == 1;
    }

    Optional<String> disabled(String channel) {
        return jdbc.sql("SELECT reason FROM alert_channels WHERE name = :name")
                .param("name", channel)
                .query(String.class)
                .optional();
    }

    long pending(String channel) {
        return jdbc.sql("SELECT count(*) FROM alert_deliveries WHERE channel = :name AND state = 'pending'")
                .param("name", channel)
                .query(Long.class)
                .single();
    }

    /// Forgets what is over and old.
    void forget(Instant before) {
        jdbc.sql("DELETE FROM alert_attempts WHERE at < :before")
                .param("before", time(before))
                .update();
        jdbc.sql("DELETE FROM events WHERE at < :before AND routed_at IS NOT NULL AND NOT open")
                .param("before", time(before))
                .update();
    }
}
