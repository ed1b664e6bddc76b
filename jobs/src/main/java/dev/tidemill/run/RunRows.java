package dev.tidemill.run;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Reads runs with all that belongs to them, in the caller's transaction: however many runs, the same few
/// statements. What may be seen is for the database to say.
final class RunRows {

    /// Runs whose duration the current one is compared with.
    private static final int COMPARED = 10;

    private final JdbcClient jdbc;
    private final StepRows steps;
    private final Jobs jobs;
    private final InstantSource clock;

    RunRows(JdbcClient jdbc, Jobs jobs, InstantSource clock) {
        this.jdbc = jdbc;
        this.steps = new StepRows(jdbc);
        this.jobs = jobs;
        this.clock = clock;
    }

    private record Row(
            UUID workspaceId,
            long id,
            String job,
            long launch,
            int attempt,
            String status,
            Instant created,
            @Nullable Instant start,
            @Nullable Instant end,
            @Nullable String message,
            RunState state,
            String subject,
            @Nullable String waitingFor,
            Instant dueAt,
            @Nullable String lastError,
            int failures,
            int deaths,
            String origin,
            String requestedBy,
            String reason,
            int priority,
            RunView.@Nullable Worker node,
            String configHash,
            String codeVersion) {}

    /// The runs of these ids that may be seen, newest first.
    List<RunView> views(List<Long> ids) {
        if (ids.isEmpty()) {
            return List.of();
        }
        Long[] runs = ids.toArray(Long[]::new);
        Instant now = clock.instant();
        List<Row> rows = rows(runs);
        Map<Long, Map<String, String>> parameters = parameters(runs);
        Map<Long, List<StepView>> stepsOfRun = steps.of(runs, now);
        Map<Long, List<Long>> chains = chains(rows);
        Map<String, @Nullable Long> medians = new HashMap<>();
        List<RunView> views = new ArrayList<>();
        for (Row row : rows) {
            List<StepView> own = stepsOfRun.getOrDefault(row.id(), List.of());
            views.add(new RunView(
                    row.id(),
                    row.job(),
                    row.status(),
                    parameters.getOrDefault(row.id(), Map.of()),
                    row.start() == null ? row.created() : row.start(),
                    row.end(),
                    own,
                    row.message(),
                    row.state(),
                    row.launch(),
                    row.attempt(),
                    chains.getOrDefault(row.launch(), List.of(row.id())),
                    row.subject(),
                    row.waitingFor(),
                    row.state() == RunState.RETRYING ? retry(row) : null,
                    row.origin(),
                    row.requestedBy(),
                    row.reason(),
                    row.priority(),
                    row.node(),
                    row.configHash(),
                    row.codeVersion(),
                    progress(row, own, now, medians)));
        }
        return views;
    }

    private List<Row> rows(Long[] runs) {
        return jdbc.sql("""
                        SELECT r.workspace_id, r.run_id, r.job, r.job_instance_id, r.attempt, r.origin, r.node, r.config_hash,
                               r.code_version, e.status, e.create_time, e.start_time, e.end_time, e.exit_message,
                               coalesce(c.serialized_context, c.short_context) AS context,
                               l.last_run_id = r.run_id AS last, l.state, l.stop_requested_at IS NOT NULL AS stop_requested,
                               l.refused, l.subject, l.waiting_for, l.due_at, l.last_error, l.failures, l.deaths,
                               l.requested_by, l.reason, l.priority,
                               extract(epoch FROM clock_timestamp() - n.heartbeat_at) AS heartbeat_age
                        FROM runs r
                        JOIN batch_job_execution e ON e.job_execution_id = r.run_id
                        JOIN launches l ON l.workspace_id = r.workspace_id AND l.job_instance_id = r.job_instance_id
                        LEFT JOIN batch_job_execution_context c ON c.job_execution_id = r.run_id
                        LEFT JOIN nodes n ON n.boot_id = r.boot_id
                        WHERE r.run_id = ANY (:runs)
                        ORDER BY r.run_id DESC
                        """)
                .param("runs", runs)
                .query((row, number) -> row(row))
                .list();
    }

    private static Row row(ResultSet row) throws SQLException {
        boolean last = row.getBoolean("last");
        RunState state = last
                ? RunState.ofLast(
                        Launches.State.of(row.getString("state")),
                        row.getBoolean("stop_requested"),
                        row.getLong("refused"))
                : RunState.ofEarlier(row.getString("status"));
        String node = row.getString("node");
        double age = row.getDouble("heartbeat_age");
        boolean ageKnown = !row.wasNull();
        String said = row.getString("exit_message");
        return new Row(
                row.getObject("workspace_id", UUID.class),
                row.getLong("run_id"),
                row.getString("job"),
                row.getLong("job_instance_id"),
                row.getInt("attempt"),
                row.getString("status"),
                Objects.requireNonNull(StepRows.instant(row, "create_time")),
                StepRows.instant(row, "start_time"),
                StepRows.instant(row, "end_time"),
                said == null || said.isBlank()
                        ? Context.of(row.getString("context"))
                                .text(Progress.MESSAGE)
                                .orElse(null)
                        : said,
                state,
                row.getString("subject"),
                last ? row.getString("waiting_for") : null,
                row.getObject("due_at", OffsetDateTime.class).toInstant(),
                row.getString("last_error"),
                row.getInt("failures"),
                row.getInt("deaths"),
                row.getString("origin"),
                row.getString("requested_by"),
                row.getString("reason"),
                row.getInt("priority"),
                node == null ? null : new RunView.Worker(node, ageKnown ? Math.max(0, Math.round(age)) : null),
                row.getString("config_hash"),
                row.getString("code_version"));
    }

    private Map<Long, Map<String, String>> parameters(Long[] runs) {
        Map<Long, Map<String, String>> parameters = new HashMap<>();
        jdbc.sql("""
                        SELECT job_execution_id, parameter_name, parameter_value FROM batch_job_execution_params
                        WHERE job_execution_id = ANY (:runs)
                        """).param("runs", runs).query(row -> {
            parameters
                    .computeIfAbsent(row.getLong(1), id -> new LinkedHashMap<>())
                    .put(row.getString(2), String.valueOf(row.getString(3)));
        });
        return parameters;
    }

    /// All runs of the launches that these runs are of.
    private Map<Long, List<Long>> chains(List<Row> rows) {
        Map<Long, List<Long>> chains = new HashMap<>();
        jdbc.sql("""
                        SELECT job_instance_id, run_id FROM runs
                        WHERE workspace_id = ANY (:workspaces) AND job_instance_id = ANY (:launches) ORDER BY run_id
                        """)
                .param(
                        "workspaces",
                        rows.stream().map(Row::workspaceId).distinct().toArray(UUID[]::new))
                .param("launches", rows.stream().map(Row::launch).distinct().toArray(Long[]::new))
                .query(row -> {
                    chains.computeIfAbsent(row.getLong(1), id -> new ArrayList<>())
                            .add(row.getLong(2));
                });
        return chains;
    }

    private RunView.Retry retry(Row row) {
        List<ErrorClass> kinds = jdbc.sql("""
                        SELECT error_class FROM run_failures WHERE workspace_id = :workspace AND run_id = :run ORDER BY number
                        """)
                .param("workspace", row.workspaceId())
                .param("run", row.id())
                .query((found, number) -> ErrorClass.valueOf(found.getString(1)))
                .list();
        if (!kinds.isEmpty()) {
            ErrorClass kind = kinds.stream()
                    .filter(one -> one != ErrorClass.UNKNOWN)
                    .findFirst()
                    .orElse(ErrorClass.UNKNOWN);
            JobDefinition job = jobs.find(row.job());
            int most = (job == null ? JobPolicy.defaults() : job.policy())
                    .backoff(kind)
                    .attempts();
            return new RunView.Retry(row.failures() + 1, most == 0 ? null : most, row.dueAt(), row.lastError());
        }
        return row.deaths() > 0
                ? new RunView.Retry(row.deaths() + 1, Conclusion.MOST_DEATHS, row.dueAt(), row.lastError())
                : new RunView.Retry(1, null, row.dueAt(), null);
    }

    private @Nullable RunProgress progress(
            Row row, List<StepView> own, Instant now, Map<String, @Nullable Long> medians) {
        if (row.end() != null || row.start() == null || own.isEmpty()) {
            return null;
        }
        String key = row.workspaceId() + row.job();
        if (!medians.containsKey(key)) {
            medians.put(key, medianSeconds(row.workspaceId(), row.job()));
        }
        StepView current = own.stream()
                .filter(StepView::running)
                .max(Comparator.comparing(step -> step.start() == null ? Instant.MIN : step.start()))
                .orElse(own.getLast());
        return new RunProgress(
                current.name(),
                current.progress(),
                Math.max(0, Duration.between(row.start(), now).toSeconds()),
                medians.get(key));
    }

    /// What the newest completed runs of a job took in the middle. Those that went on with another did part of the
    /// work only.
    private @Nullable Long medianSeconds(UUID workspaceId, String job) {
        List<Long> seconds = jdbc
                .sql("""
                        SELECT extract(epoch FROM e.end_time - e.start_time) FROM runs r
                        JOIN batch_job_execution e ON e.job_execution_id = r.run_id
                        WHERE r.workspace_id = :workspace AND r.job = :job AND r.attempt = 1 AND e.status = 'COMPLETED'
                          AND e.start_time IS NOT NULL AND e.end_time IS NOT NULL
                        ORDER BY r.run_id DESC LIMIT %d
                        """.formatted(COMPARED))
                .param("workspace", workspaceId)
                .param("job", job)
                .query((row, number) -> Math.round(row.getDouble(1)))
                .list()
                .stream()
                .sorted()
                .toList();
        return seconds.isEmpty()
                ? null
                : Long.valueOf((seconds.get((seconds.size() - 1) / 2) + seconds.get(seconds.size() / 2)) / 2);
    }
}
