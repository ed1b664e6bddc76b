package dev.tidemill.backup;

import dev.tidemill.backup.PartPlan.Todo;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/// The rows on backups and drills in the live database, in the caller's transaction.
public final class BackupRows {

    private static final JsonMapper JSON = JsonMapper.shared();

    private final JdbcClient jdbc;

    BackupRows(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /// A backup that was begun.
    ///
    /// @param head what its manifest begins with
    record Begun(String id, int generation, String snapshot, String tablesHash, Manifest head, String state) {}

    /// A part, and what became of it: null while nothing has.
    record Kept(Todo todo, Manifest.@Nullable Part part) {}

    Optional<Begun> find(String id) {
        return jdbc.sql("SELECT id, generation, snapshot, tables_hash, head, state FROM backups WHERE id = :id")
                .param("id", id)
                .query((row, number) -> new Begun(
                        row.getString("id"),
                        row.getInt("generation"),
                        row.getString("snapshot"),
                        row.getString("tables_hash"),
                        JSON.readValue(row.getString("head"), Manifest.class),
                        row.getString("state")))
                .optional();
    }

    /// Begins a backup, or begins it anew with another snapshot: its parts are forgotten.
    void begin(Begun begun, String target, List<Todo> parts) {
        jdbc.sql("""
                        INSERT INTO backups AS b (id, scope, target, generation, snapshot, tables_hash, head, snapshot_at)
                        VALUES (:id, :scope, :target, :generation, :snapshot, :hash, CAST(:head AS jsonb), :at)
                        ON CONFLICT (id) DO UPDATE SET generation = excluded.generation, snapshot = excluded.snapshot,
                          tables_hash = excluded.tables_hash,
                          head = excluded.head, snapshot_at = excluded.snapshot_at, target = excluded.target
                        """)
                .param("id", begun.id())
                .param("scope", begun.head().scope().id())
                .param("target", target)
                .param("generation", begun.generation())
                .param("snapshot", begun.snapshot())
                .param("hash", begun.tablesHash())
                .param("head", JSON.writeValueAsString(begun.head()))
                .param("at", Timestamp.from(begun.head().snapshotAt()))
                .update();
        jdbc.sql("DELETE FROM backup_parts WHERE backup_id = :id")
                .param("id", begun.id())
                .update();
        for (Todo todo : parts) {
            jdbc.sql("INSERT INTO backup_parts (backup_id, number, part) VALUES (:id, :number, CAST(:part AS jsonb))")
                    .param("id", begun.id())
                    .param("number", todo.number())
                    .param("part", JSON.writeValueAsString(new Kept(todo, null)))
                    .update();
        }
    }

    /// The same backup goes on under another name of its snapshot.
    ///
    /// @param folder of the parts that are still to be made
    void renamed(String id, String snapshot, String folder) {
        jdbc.sql("UPDATE backups SET snapshot = :snapshot WHERE id = :id")
                .param("snapshot", snapshot)
                .param("id", id)
                .update();
        for (Kept kept : parts(id)) {
            if (kept.part() == null) {
                jdbc.sql(
                                "UPDATE backup_parts SET part = CAST(:part AS jsonb) WHERE backup_id = :id AND number = :number")
                        .param(
                                "part",
                                JSON.writeValueAsString(new Kept(kept.todo().in(folder), null)))
                        .param("id", id)
                        .param("number", kept.todo().number())
                        .update();
            }
        }
    }

    List<Kept> parts(String id) {
        return jdbc.sql("SELECT part FROM backup_parts WHERE backup_id = :id ORDER BY number")
                .param("id", id)
                .query((row, number) -> JSON.readValue(row.getString(1), Kept.class))
                .list();
    }

    void done(String id, Kept kept) {
        int updated = jdbc.sql("""
                        UPDATE backup_parts SET done = true, part = CAST(:part AS jsonb)
                        WHERE backup_id = :id AND number = :number
                        """)
                .param("part", JSON.writeValueAsString(kept))
                .param("id", id)
                .param("number", kept.todo().number())
                .update();
        if (updated != 1) {
            throw new IllegalStateException(
                    "backup " + id + " has no part " + kept.todo().number());
        }
    }

    void complete(Manifest manifest, int level) {
        jdbc.sql("""
                        UPDATE backups SET state = 'complete', completed_at = :at, bytes = :bytes, level = :level,
                          level_at = clock_timestamp() WHERE id = :id
                        """)
                .param("at", Timestamp.from(manifest.completedAt()))
                .param("bytes", manifest.bytes())
                .param("level", level)
                .param("id", manifest.id())
                .update();
        jdbc.sql("DELETE FROM backup_parts WHERE backup_id = :id")
                .param("id", manifest.id())
                .update();
    }

    /// A backup that this database knows nothing of, of before a restore for example, is not noted.
    void level(String id, int level) {
        jdbc.sql("UPDATE backups SET level = :level, level_at = clock_timestamp() WHERE id = :id")
                .param("level", level)
                .param("id", id)
                .update();
    }

    void expired(String id) {
        jdbc.sql("UPDATE backups SET state = 'expired' WHERE id = :id")
                .param("id", id)
                .update();
    }

    /// How things stand, for health.
    ///
    /// @param newest when the newest whole backup of everything showed the database, null for none
    /// @param verified when a backup was last restored and compared, null for never
    /// @param passed whether the last drill did, null before the first
    /// @param installed when this database was set up
    public record Standing(
            @Nullable Instant newest,
            @Nullable String newestId,
            int level,
            @Nullable Instant verified,
            @Nullable Boolean passed,
            @Nullable Instant drilled,
            @Nullable Double rtoSeconds,
            @Nullable Double rpoSeconds,
            @Nullable Instant installed) {}

    Standing standing() {
        return jdbc.sql("""
                        SELECT b.id, b.snapshot_at, coalesce(b.level, 0) AS level, d.passed, d.ended_at, d.rto_seconds, d.rpo_seconds,
                               (SELECT max(ended_at) FROM drills WHERE passed) AS verified,
                               (SELECT min(created_at) FROM organizations) AS installed
                        FROM (SELECT 1) AS one
                        LEFT JOIN LATERAL (SELECT * FROM backups WHERE state = 'complete' AND scope = 'full'
                                           ORDER BY completed_at DESC LIMIT 1) b ON true
                        LEFT JOIN LATERAL (SELECT * FROM drills ORDER BY ended_at DESC LIMIT 1) d ON true
                        """)
                .query((row, number) -> new Standing(
                        instant(row.getObject("snapshot_at", OffsetDateTime.class)),
                        row.getString("id"),
                        row.getInt("level"),
                        instant(row.getObject("verified", OffsetDateTime.class)),
                        (Boolean) row.getObject("passed"),
                        instant(row.getObject("ended_at", OffsetDateTime.class)),
                        (Double) row.getObject("rto_seconds"),
                        (Double) row.getObject("rpo_seconds"),
                        instant(row.getObject("installed", OffsetDateTime.class))))
                .single();
    }

    private static @Nullable Instant instant(@Nullable OffsetDateTime time) {
        return time == null ? null : time.toInstant();
    }

    /// Names of the servers that work on this database now.
    List<String> servers() {
        return jdbc.sql("SELECT name FROM nodes WHERE adopts AND expires_at > clock_timestamp() ORDER BY name")
                .query((row, number) -> row.getString(1))
                .list();
    }

    /// A drill as it is kept.
    ///
    /// @param level that the backup reached
    /// @param readableSeconds until its rows answered, the vector index not yet built
    /// @param rtoSeconds until everything was there
    /// @param rpoSeconds age of what the backup shows
    /// @param findings what was looked at, with what was found
    public record Drill(
            String backup,
            long runId,
            Instant startedAt,
            @Nullable Instant endedAt,
            boolean passed,
            int level,
            @Nullable Double readableSeconds,
            @Nullable Double rtoSeconds,
            @Nullable Double rpoSeconds,
            List<Finding> findings) {}

    /// Something that a drill looked at.
    public record Finding(String check, boolean well, String detail) {}

    /// Once for each launch, however often its end is told.
    void add(Drill drill, long instanceId) {
        jdbc.sql("""
                        INSERT INTO drills (backup_id, run_id, job_instance_id, started_at, passed, level, readable_seconds, rto_seconds,
                          rpo_seconds, findings)
                        VALUES (:backup, :run, :instance, :started, :passed, :level, :readable, :rto, :rpo, CAST(:findings AS jsonb))
                        ON CONFLICT (job_instance_id) DO NOTHING
                        """)
                .param("backup", drill.backup())
                .param("run", drill.runId())
                .param("instance", instanceId)
                .param("started", Timestamp.from(drill.startedAt()))
                .param("passed", drill.passed())
                .param("level", drill.level())
                .param("readable", drill.readableSeconds(), Types.DOUBLE)
                .param("rto", drill.rtoSeconds(), Types.DOUBLE)
                .param("rpo", drill.rpoSeconds(), Types.DOUBLE)
                .param("findings", JSON.writeValueAsString(drill.findings()))
                .update();
    }

    List<Drill> drills(int limit) {
        return jdbc.sql("SELECT * FROM drills ORDER BY ended_at DESC LIMIT :limit")
                .param("limit", limit)
                .query((row, number) -> new Drill(
                        row.getString("backup_id"),
                        row.getLong("run_id"),
                        row.getObject("started_at", OffsetDateTime.class).toInstant(),
                        row.getObject("ended_at", OffsetDateTime.class).toInstant(),
                        row.getBoolean("passed"),
                        row.getInt("level"),
                        (Double) row.getObject("readable_seconds"),
                        (Double) row.getObject("rto_seconds"),
                        (Double) row.getObject("rpo_seconds"),
                        List.of(JSON.readValue(row.getString("findings"), Finding[].class))))
                .list();
    }

    /// Seconds that the newest whole backups took for each gigabyte of the database, 0 where none is known.
    double secondsPerGigabyte() {
        return jdbc.sql("""
                        SELECT coalesce(avg(extract(epoch FROM completed_at - started_at) * 1e9
                                 / nullif((head ->> 'databaseBytes')::float8, 0)), 0)
                        FROM (SELECT * FROM backups WHERE state = 'complete' AND scope = 'full'
                              ORDER BY completed_at DESC LIMIT 5) b
                        """).query(Double.class).single();
    }
}
