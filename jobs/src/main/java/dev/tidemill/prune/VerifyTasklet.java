package dev.tidemill.prune;

import dev.tidemill.prune.Oblivion.Request;
import dev.tidemill.run.Progress;
import dev.tidemill.store.Workspaces;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Looks everywhere once more. Only where nothing is found is the receipt written; otherwise the run fails and says
/// where something is left.
final class VerifyTasklet implements Tasklet {

    private static final String BY_TEXT = "SELECT place, hits FROM find_traces($1) -- $1: the text; 0 rows is 0 traces";

    private final ForgetRequests requests;
    private final Workspaces workspaces;
    private final JdbcClient jdbc;
    private final Oblivion oblivion;
    private final Duration backups;
    private final @Nullable Path home;

    VerifyTasklet(
            ForgetRequests requests,
            Workspaces workspaces,
            JdbcClient jdbc,
            Oblivion oblivion,
            Duration backups,
            @Nullable Path home) {
        this.requests = requests;
        this.workspaces = workspaces;
        this.jdbc = jdbc;
        this.oblivion = oblivion;
        this.backups = backups;
        this.home = home;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) {
        StepExecution step = contribution.getStepExecution();
        UUID workspaceId = ForgetRequests.workspace(step);
        Request request = requests.of(step);
        List<UUID> held = oblivion.documents(workspaceId, request, true, null, 10);
        if (!held.isEmpty()) {
            throw new IllegalStateException("documents on legal hold hold it: "
                    + held.stream().map(UUID::toString).collect(Collectors.joining(", "))
                    + ". Release the hold, then resume the run");
        }
        workspaces.run(workspaceId, () -> {
            Map<String, Long> left = new LinkedHashMap<>(oblivion.left(workspaceId, request));
            left.putAll(Traces.inRows(jdbc, request.text()));
            if (home != null && request.ofText()) {
                for (Path folder : ScrubTasklet.folders(home)) {
                    Traces.inFiles(folder, request.text())
                            .forEach(file -> left.put("a file under " + folder.getFileName(), 1L));
                }
            }
            if (!left.isEmpty()) {
                throw new IllegalStateException("it is still found: "
                        + left.entrySet().stream()
                                .map(place -> place.getValue() + " in " + place.getKey())
                                .collect(Collectors.joining(", "))
                        + ". Names of projects and sources are yours to change; then resume the run");
            }
            oblivion.close(workspaceId, request, request.ofText() ? BY_TEXT : byId(request), backups);
        });
        Progress.message(
                step.getJobExecution().getExecutionContext(), "forgotten; receipt " + request.id() + ", 0 traces");
        return RepeatStatus.FINISHED;
    }

    private static String byId(Request request) {
        return """
            SELECT count(*) FROM chunks c JOIN forget_documents f ON f.workspace_id = c.workspace_id
            AND (f.document_id = c.document_id OR c.content_id = ANY (f.content_ids)) WHERE f.receipt_id = '%s'; \
            and for each table vectors_N and embedding_cache: SELECT count(*) FROM vectors_N v JOIN forget_documents f \
            ON v.content_id = ANY (f.content_ids) WHERE f.receipt_id = '%s'""".formatted(request.id(), request.id());
    }
}
