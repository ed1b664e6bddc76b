package dev.tidemill.run;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/// The statement that finds one page of runs. It names only the conditions that were asked for, so that each has
/// the plan that fits, and walks the runs of the workspace from the newest.
final class RunSearch {

    private final StringBuilder conditions = new StringBuilder();
    private final Map<String, Object> parameters = new HashMap<>();
    private final Set<String> joins = new LinkedHashSet<>();
    private final int limit;

    private RunSearch(int limit) {
        this.limit = limit;
    }

    static RunSearch of(UUID workspaceId, RunQuery query) {
        RunSearch search = new RunSearch(query.limit());
        search.parameters.put("workspace", workspaceId);
        if (query.before() != null) {
            search.and("r.run_id < :before", "before", query.before());
        }
        if (query.job() != null) {
            search.and("r.job = :job", "job", query.job());
        }
        if (query.origin() != null) {
            search.and("r.origin = :origin", "origin", query.origin());
        }
        if (query.from() != null) {
            search.and("r.requested_at >= :from", "from", time(query.from()));
        }
        if (query.to() != null) {
            search.and("r.requested_at < :to", "to", time(query.to()));
        }
        if (query.status() != null) {
            search.and("e.status = :status", "status", query.status());
            search.execution();
        }
        if (query.state() != null) {
            search.conditions.append(" AND ").append(query.state().condition());
            search.execution();
            search.launch();
        }
        query.parameters().forEach(search::parameter);
        if (query.text() != null) {
            search.text(query.text());
        }
        return search;
    }

    private static OffsetDateTime time(Instant instant) {
        return instant.atOffset(ZoneOffset.UTC);
    }

    private void and(String condition, String name, Object value) {
        conditions.append(" AND ").append(condition);
        parameters.put(name, value);
    }

    /// Looked up for each run: a page is small, so a join of the whole tables would be work for nothing.
    private void execution() {
        joins.add("""
                CROSS JOIN LATERAL (SELECT * FROM batch_job_execution x WHERE x.job_execution_id = r.run_id OFFSET 0) e
                """);
    }

    private void launch() {
        joins.add("""
                CROSS JOIN LATERAL (
                  SELECT * FROM launches x
                  WHERE x.workspace_id = r.workspace_id AND x.job_instance_id = r.job_instance_id OFFSET 0) l
                """);
    }

    private void parameter(String name, String value) {
        int number = parameters.size();
        parameters.put("name" + number, name);
        and("""
                EXISTS (
                  SELECT FROM batch_job_execution_params p
                  WHERE p.job_execution_id = r.run_id AND p.parameter_name = :name%1$d
                    AND md5(p.parameter_value) = md5(:value%1$d) AND p.parameter_value = :value%1$d)
                """.formatted(number), "value" + number, value);
    }

    /// Sub-selects that give a value, as EXISTS would be answered by reading the whole table once.
    private void text(String text) {
        execution();
        launch();
        and("""
                (r.job ILIKE :text OR l.subject ILIKE :text OR l.reason ILIKE :text OR l.requested_by ILIKE :text
                  OR l.last_error ILIKE :text OR e.exit_message ILIKE :text
                  OR (SELECT bool_or(p.parameter_value ILIKE :text) FROM batch_job_execution_params p
                      WHERE p.job_execution_id = r.run_id)
                  OR (SELECT bool_or(f.message ILIKE :text) FROM run_failures f
                      WHERE f.workspace_id = r.workspace_id AND f.run_id = r.run_id))
                """, "text", "%" + text.replaceAll("[\\\\%_]", "\\\\$0") + "%");
    }

    /// One more than the page holds: so it is known whether there is a next one.
    String sql() {
        return "SELECT r.run_id FROM runs r " + String.join(" ", joins) + " WHERE r.workspace_id = :workspace"
                + conditions + " ORDER BY r.run_id DESC LIMIT " + (limit + 1);
    }

    Map<String, Object> parameters() {
        return parameters;
    }
}
