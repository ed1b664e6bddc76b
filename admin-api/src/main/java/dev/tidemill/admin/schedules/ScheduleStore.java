package dev.tidemill.admin.schedules;

import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.RowMapper;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The tables `schedules` and `schedule_fires`, as the platform's role, which sees all workspaces.
final class ScheduleStore {

    private static final String FIRE_COLUMNS =
            "workspace_id, schedule, fire, fire_time, outcome, run_id, message, times, attempts, due_at";

    private static final RowMapper<SavedSchedule> SCHEDULE = (row, number) -> new SavedSchedule(
            row.getObject("workspace_id", UUID.class),
            row.getString("name"),
            row.getString("definition"),
            row.getString("timing"),
            row.getBoolean("paused"),
            row.getBoolean("paused_in_file"));

    private static final RowMapper<Fire> FIRE = (row, number) -> {
        OffsetDateTime due = row.getObject("due_at", OffsetDateTime.class);
        long run = row.getLong("run_id");
        return new Fire(
                row.getObject("workspace_id", UUID.class),
                row.getString("schedule"),
                row.getString("fire"),
                row.getObject("fire_time", OffsetDateTime.class).toInstant(),
                Words.parse(Fire.Outcome.class, row.getString("outcome")),
                run == 0 ? null : run,
                row.getString("message"),
                row.getInt("times"),
                row.getInt("attempts"),
                due == null ? null : due.toInstant());
    };

    private final JdbcClient jdbc;

    ScheduleStore(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /// By the one clock that all nodes share.
    Instant now() {
        return jdbc.sql("SELECT clock_timestamp()")
                .query((row, number) -> row.getObject(1, OffsetDateTime.class).toInstant())
                .single();
    }

    List<SavedSchedule> all() {
        return jdbc.sql("SELECT * FROM schedules ORDER BY name").query(SCHEDULE).list();
    }

    Optional<SavedSchedule> find(String name) {
        return jdbc.sql("SELECT * FROM schedules WHERE name = :name")
                .param("name", name)
                .query(SCHEDULE)
                .optional();
    }

    void save(SavedSchedule saved, Timing.@Nullable After after) {
        jdbc.sql("""
                        INSERT INTO schedules (workspace_id, name, definition, timing, paused, paused_in_file,
                          after_job, after_schedule, after_outcome)
                        VALUES (:workspace, :name, :definition, :timing, :paused, :pausedInFile, :afterJob, :afterSchedule, :outcome)
                        ON CONFLICT (workspace_id, name) DO UPDATE SET definition = excluded.definition, timing = excluded.timing,
                          paused = excluded.paused, paused_in_file = excluded.paused_in_file, after_job = excluded.after_job,
                          after_schedule = excluded.after_schedule, after_outcome = excluded.after_outcome,
                          loaded_at = clock_timestamp()
                        """)
                .param("workspace", saved.workspaceId())
                .param("name", saved.name())
                .param("definition", saved.definition())
                .param("timing", saved.timing())
                .param("paused", saved.paused())
                .param("pausedInFile", saved.pausedInFile())
                .param("afterJob", after == null ? null : after.job(), java.sql.Types.VARCHAR)
                .param("afterSchedule", after == null ? null : after.schedule(), java.sql.Types.VARCHAR)
                .param("outcome", after == null ? null : Words.of(after.outcome()), java.sql.Types.VARCHAR)
                .update();
    }

    void setPaused(String name, boolean paused) {
        jdbc.sql("UPDATE schedules SET paused = :paused WHERE name = :name")
                .param("paused", paused)
                .param("name", name)
                .update();
    }

    void remove(SavedSchedule saved) {
        jdbc.sql("DELETE FROM schedules WHERE workspace_id = :workspace AND name = :name")
                .param("workspace", saved.workspaceId())
                .param("name", saved.name())
                .update();
    }

    /// Workspaces of a slug, by organization and slug.
    Map<String, UUID> workspaces(String slug) {
        return jdbc
                .sql("""
                        SELECT o.slug AS organization, w.workspace_id FROM workspaces w
                        JOIN organizations o ON o.id = w.organization_id
                        WHERE w.slug = :slug OR o.slug || '/' || w.slug = :slug
                        """)
                .param("slug", slug)
                .query((row, number) -> Map.entry(row.getString(1), row.getObject(2, UUID.class)))
                .list()
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    boolean decided(UUID workspaceId, String schedule, String fire) {
        return jdbc.sql("""
                        SELECT count(*) > 0 FROM schedule_fires
                        WHERE workspace_id = :workspace AND schedule = :schedule AND fire = :fire
                        """)
                .param("workspace", workspaceId)
                .param("schedule", schedule)
                .param("fire", fire)
                .query(Boolean.class)
                .single();
    }

    /// Of two that decide on the same time the first one has decided.
    void insert(Fire fire) {
        jdbc.sql("""
                        INSERT INTO schedule_fires (workspace_id, schedule, fire, fire_time, outcome, run_id, message, times, due_at)
                        VALUES (:workspace, :schedule, :fire, :time, :outcome, :run, :message, :times, :due)
                        ON CONFLICT (workspace_id, schedule, fire) DO NOTHING
                        """)
                .param("workspace", fire.workspaceId())
                .param("schedule", fire.schedule())
                .param("fire", fire.fire())
                .param("time", utc(fire.time()))
                .param("outcome", Words.of(fire.outcome()))
                .param("run", fire.runId(), java.sql.Types.BIGINT)
                .param("message", fire.message())
                .param("times", fire.times())
                .param("due", fire.dueAt() == null ? null : utc(fire.dueAt()), java.sql.Types.TIMESTAMP_WITH_TIMEZONE)
                .update();
    }

    /// Takes what is due into hand, for a minute: if nothing is heard of it by then, it is due again.
    List<Fire> claim(int limit) {
        return jdbc.sql("""
                        UPDATE schedule_fires f SET due_at = clock_timestamp() + interval '1 minute'
                        FROM (SELECT d.workspace_id, d.schedule, d.fire FROM schedule_fires d
                              LEFT JOIN schedules s ON s.workspace_id = d.workspace_id AND s.name = d.schedule
                              WHERE d.due_at <= clock_timestamp() AND s.paused IS NOT TRUE
                              ORDER BY d.due_at, d.fire_time LIMIT :limit FOR UPDATE OF d SKIP LOCKED) due
                        WHERE f.workspace_id = due.workspace_id AND f.schedule = due.schedule AND f.fire = due.fire
                        RETURNING f.workspace_id, f.schedule, f.fire, f.fire_time, f.outcome, f.run_id, f.message, f.times,
                          f.attempts, f.due_at
                        """).param("limit", limit).query(FIRE).list().stream()
                .sorted(java.util.Comparator.comparing(Fire::time))
                .toList();
    }

    void settle(Fire fire, Fire.Outcome outcome, @Nullable Long runId, String message) {
        jdbc.sql("""
                        UPDATE schedule_fires SET outcome = :outcome, run_id = :run, due_at = NULL,
                          message = CASE WHEN :message = '' THEN message ELSE :message END
                        WHERE workspace_id = :workspace AND schedule = :schedule AND fire = :fire
                        """)
                .param("outcome", Words.of(outcome))
                .param("run", runId, java.sql.Types.BIGINT)
                .param("message", message)
                .param("workspace", fire.workspaceId())
                .param("schedule", fire.schedule())
                .param("fire", fire.fire())
                .update();
    }

    /// @param wait until the next try, null when none is made any more
    void failed(Fire fire, String message, @Nullable Duration wait) {
        jdbc.sql("""
                        UPDATE schedule_fires SET outcome = 'failed', message = :message, attempts = attempts + 1,
                          due_at = clock_timestamp() + CAST(:millis AS bigint) * interval '1 millisecond'
                        WHERE workspace_id = :workspace AND schedule = :schedule AND fire = :fire
                        """)
                .param("message", message)
                .param("millis", wait == null ? null : wait.toMillis(), java.sql.Types.BIGINT)
                .param("workspace", fire.workspaceId())
                .param("schedule", fire.schedule())
                .param("fire", fire.fire())
                .update();
    }

    /// The newest time that was decided on, or when the schedule was loaded.
    Instant lastDecided(SavedSchedule saved) {
        return jdbc.sql("""
                        SELECT coalesce(
                          (SELECT max(fire_time) FROM schedule_fires
                           WHERE workspace_id = s.workspace_id AND schedule = s.name AND fire LIKE '____-__-__T%Z'), s.loaded_at)
                        FROM schedules s WHERE s.workspace_id = :workspace AND s.name = :name
                        """)
                .param("workspace", saved.workspaceId())
                .param("name", saved.name())
                .query((row, number) -> row.getObject(1, OffsetDateTime.class).toInstant())
                .single();
    }

    /// The newest, newest first.
    List<Fire> fires(UUID workspaceId, String schedule, int limit) {
        return jdbc.sql("SELECT " + FIRE_COLUMNS + """
                         FROM schedule_fires WHERE workspace_id = :workspace AND schedule = :schedule
                        ORDER BY fire_time DESC, fire DESC LIMIT :limit
                        """)
                .param("workspace", workspaceId)
                .param("schedule", schedule)
                .param("limit", limit)
                .query(FIRE)
                .list();
    }

    List<Fire> fires(UUID workspaceId, String schedule, Collection<String> fires) {
        return jdbc.sql("SELECT " + FIRE_COLUMNS + """
                         FROM schedule_fires
                        WHERE workspace_id = :workspace AND schedule = :schedule AND fire = ANY (:fires)
                        """)
                .param("workspace", workspaceId)
                .param("schedule", schedule)
                .param("fires", fires.toArray(String[]::new))
                .query(FIRE)
                .list();
    }

    long missed(UUID workspaceId, String schedule) {
        return jdbc.sql("""
                        SELECT coalesce(sum(times), 0) FROM schedule_fires
                        WHERE workspace_id = :workspace AND schedule = :schedule AND outcome = 'missed'
                        """)
                .param("workspace", workspaceId)
                .param("schedule", schedule)
                .query(Long.class)
                .single();
    }

    /// A launch, and where it stands.
    record Launch(String identity, String state, long runId) {}

    private static final RowMapper<Launch> LAUNCH =
            (row, number) -> new Launch(row.getString("identity"), row.getString("state"), row.getLong("run_id"));

    /// Launches of a schedule with any of the identities.
    List<Launch> launches(UUID workspaceId, String job, Collection<String> identities) {
        return jdbc.sql("""
                        SELECT identity, state, (SELECT max(job_execution_id) FROM batch_job_execution e
                          WHERE e.job_instance_id = l.job_instance_id) AS run_id
                        FROM launches l WHERE workspace_id = :workspace AND job = :job AND identity = ANY (:identities)
                        """)
                .param("workspace", workspaceId)
                .param("job", job)
                .param("identities", identities.toArray(String[]::new))
                .query(LAUNCH)
                .list();
    }

    /// Launches of times, the oldest first, later ones with a number behind their identity.
    Map<String, List<Launch>> launchesOf(UUID workspaceId, String job, String schedule, List<Instant> times) {
        return jdbc
                .sql("""
                        SELECT identity, state, (SELECT max(job_execution_id) FROM batch_job_execution e
                          WHERE e.job_instance_id = l.job_instance_id) AS run_id
                        FROM launches l WHERE workspace_id = :workspace AND job = :job
                          AND split_part(identity, '#', 1) = ANY (:identities)
                        ORDER BY job_instance_id
                        """)
                .param("workspace", workspaceId)
                .param("job", job)
                .param(
                        "identities",
                        times.stream()
                                .map(time -> Fire.identity(schedule, time.toString()))
                                .toArray(String[]::new))
                .query(LAUNCH)
                .list()
                .stream()
                .collect(Collectors.groupingBy(
                        launch -> launch.identity().split("#", 2)[0].substring(schedule.length() + 1)));
    }

    /// A time of the past has a launch now.
    void backfilled(SavedSchedule saved, Instant time, long runId, String message) {
        jdbc.sql("""
                        INSERT INTO schedule_fires (workspace_id, schedule, fire, fire_time, outcome, run_id, message)
                        VALUES (:workspace, :schedule, :fire, :time, 'launched', :run, :message)
                        ON CONFLICT (workspace_id, schedule, fire) DO UPDATE
                          SET outcome = 'launched', run_id = excluded.run_id, message = excluded.message, due_at = NULL
                        """)
                .param("workspace", saved.workspaceId())
                .param("schedule", saved.name())
                .param("fire", time.toString())
                .param("time", utc(time))
                .param("run", runId)
                .param("message", message)
                .update();
    }

    /// How many of a schedule's launches wait for their turn.
    long queued(UUID workspaceId, String origin) {
        return jdbc.sql("""
                        SELECT count(*) FROM launches
                        WHERE workspace_id = :workspace AND origin = :origin AND state IN ('queued', 'waiting')
                        """)
                .param("workspace", workspaceId)
                .param("origin", origin)
                .query(Long.class)
                .single();
    }

    /// How a run ended, of which a fire tells; null when it has no launch.
    @Nullable
    String state(long runId) {
        return jdbc.sql("""
                        SELECT l.state FROM launches l JOIN batch_job_execution e ON e.job_instance_id = l.job_instance_id
                        WHERE e.job_execution_id = :run
                        """).param("run", runId).query(String.class).optional().orElse(null);
    }

    /// Old ones, a bounded number at a time.
    int forget(Duration age) {
        return jdbc.sql("""
                        DELETE FROM schedule_fires WHERE (workspace_id, schedule, fire) IN (
                          SELECT workspace_id, schedule, fire FROM schedule_fires
                          WHERE decided_at < clock_timestamp() - :seconds * interval '1 second' AND due_at IS NULL
                          ORDER BY decided_at LIMIT 1000)
                        """).param("seconds", age.toSeconds()).update();
    }

    static OffsetDateTime utc(Instant time) {
        return time.atOffset(ZoneOffset.UTC);
    }
}
