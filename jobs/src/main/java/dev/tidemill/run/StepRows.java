package dev.tidemill.run;

import dev.tidemill.run.StepProgress.Part;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Reads the steps of runs, in the caller's transaction.
final class StepRows {

    /// Between the name of a divided step and that of its part.
    private static final String PARTITION = ":";

    private final JdbcClient jdbc;

    StepRows(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /// A step execution with what its context says.
    private record Row(
            long runId,
            String name,
            String status,
            long read,
            long written,
            long filtered,
            long skipped,
            long committed,
            long rolledBack,
            @Nullable Instant start,
            @Nullable Instant end,
            @Nullable String message,
            Context context) {

        Part part() {
            Pace pace = context.text(Progress.PACE).map(Pace::parse).orElse(null);
            return new Part(
                    context.number(Progress.BEFORE),
                    written + filtered + skipped,
                    context.number(Progress.TOTAL),
                    pace,
                    end == null);
        }

        StepView view(List<StepView> partitions, StepProgress progress) {
            return new StepView(
                    name,
                    status,
                    read,
                    written,
                    context.number(Progress.REFUSED),
                    context.number(Progress.TOTAL),
                    filtered,
                    skipped,
                    committed,
                    rolledBack,
                    start,
                    end,
                    message,
                    progress,
                    partitions);
        }
    }

    /// The steps of each run, parts below the step that they are of.
    Map<Long, List<StepView>> of(Long[] runs, Instant now) {
        Map<Long, SequencedMap<String, List<Row>>> byRun = new LinkedHashMap<>();
        jdbc.sql("""
                        SELECT s.job_execution_id, s.step_name, s.status, s.read_count, s.write_count, s.filter_count,
                               s.read_skip_count + s.write_skip_count + s.process_skip_count AS skipped, s.commit_count,
                               s.rollback_count, s.start_time, s.end_time, s.exit_message,
                               coalesce(c.serialized_context, c.short_context) AS context
                        FROM batch_step_execution s LEFT JOIN batch_step_execution_context c USING (step_execution_id)
                        WHERE s.job_execution_id = ANY (:runs) ORDER BY s.step_execution_id
                        """)
                .param("runs", runs)
                .query((row, number) -> row(row))
                .list()
                .forEach(row -> byRun.computeIfAbsent(row.runId(), id -> new LinkedHashMap<>())
                        .computeIfAbsent(divided(row.name()), name -> new ArrayList<>())
                        .add(row));
        Map<Long, List<StepView>> views = new LinkedHashMap<>();
        byRun.forEach((run, steps) -> views.put(
                run, steps.values().stream().map(rows -> view(rows, now)).toList()));
        return views;
    }

    private static String divided(String name) {
        int border = name.indexOf(PARTITION);
        return border < 0 ? name : name.substring(0, border);
    }

    private static StepView view(List<Row> rows, Instant now) {
        Row whole = rows.getFirst();
        List<Row> parts =
                rows.stream().filter(row -> row.name().contains(PARTITION)).toList();
        if (parts.isEmpty()) {
            return whole.view(List.of(), StepProgress.of(List.of(whole.part()), now));
        }
        return whole.view(
                parts.stream()
                        .map(part -> part.view(List.of(), StepProgress.of(List.of(part.part()), now)))
                        .toList(),
                StepProgress.of(parts.stream().map(Row::part).toList(), now));
    }

    private static Row row(ResultSet row) throws SQLException {
        String message = row.getString("exit_message");
        return new Row(
                row.getLong("job_execution_id"),
                row.getString("step_name"),
                row.getString("status"),
                row.getLong("read_count"),
                row.getLong("write_count"),
                row.getLong("filter_count"),
                row.getLong("skipped"),
                row.getLong("commit_count"),
                row.getLong("rollback_count"),
                instant(row, "start_time"),
                instant(row, "end_time"),
                message == null || message.isBlank() ? null : message,
                Context.of(row.getString("context")));
    }

    /// The job repository writes times of the zone of its process.
    static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
        LocalDateTime time = row.getObject(column, LocalDateTime.class);
        return time == null ? null : time.atZone(ZoneId.systemDefault()).toInstant();
    }
}
