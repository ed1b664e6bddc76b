package dev.tidemill.prune;

import dev.tidemill.run.Audit;
import dev.tidemill.run.Progress;
import dev.tidemill.store.Workspaces;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Writes into the audit what was removed, over all runs of the launch, and tells the operator.
final class AccountTasklet implements Tasklet {

    private final PruneParameters parameters;
    private final Workspaces workspaces;
    private final Remains remains;
    private final JdbcClient jdbc;

    AccountTasklet(PruneParameters parameters, Workspaces workspaces, Remains remains, JdbcClient jdbc) {
        this.parameters = parameters;
        this.workspaces = workspaces;
        this.remains = remains;
        this.jdbc = jdbc;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) {
        StepExecution step = contribution.getStepExecution();
        PruneScope scope = parameters.of(step);
        Map<String, Object> detail = new LinkedHashMap<>();
        for (PruneKind kind : PruneKind.values()) {
            long removed = written(step.getJobExecution().getJobInstanceId(), kind);
            if (removed > 0) {
                detail.put(kind.step(), removed);
            }
        }
        String removed = detail.isEmpty()
                ? "nothing to remove"
                : "removed "
                        + detail.entrySet().stream()
                                .map(entry -> entry.getValue() + " " + entry.getKey())
                                .collect(Collectors.joining(", "));
        detail.put("asOf", scope.asOf().toString());
        detail.put("run", step.getJobExecutionId());
        workspaces.run(
                scope.workspaceId(),
                () -> new Audit(jdbc)
                        .record(
                                scope.workspaceId(),
                                "job prune",
                                "prune.apply",
                                "workspace " + scope.workspaceId(),
                                detail));
        ExecutionContext job = step.getJobExecution().getExecutionContext();
        List<String> bloat = remains.bloat(scope.workspaceId());
        Progress.addMessage(
                job, removed + ReindexTasklet.told(step) + (bloat.isEmpty() ? "" : "; " + String.join("; ", bloat)));
        return RepeatStatus.FINISHED;
    }

    private long written(long instance, PruneKind kind) {
        return Objects.requireNonNullElse(
                jdbc.sql("""
                        SELECT sum(s.write_count)::bigint FROM batch_step_execution s
                        JOIN batch_job_execution e ON e.job_execution_id = s.job_execution_id
                        WHERE e.job_instance_id = :instance AND s.step_name = :step
                        """)
                        .param("instance", instance)
                        .param("step", kind.step())
                        .query((row, n) -> row.getLong(1))
                        .single(),
                0L);
    }
}
