package dev.tidemill.reclaim;

import dev.tidemill.backup.Scratch;
import dev.tidemill.run.ChildRuns;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.Progress;
import dev.tidemill.run.RunView;
import dev.tidemill.schema.Schema;
import dev.tidemill.transfer.ExportProperties;
import dev.tidemill.transfer.ProjectFiles;
import dev.tidemill.transfer.ProjectFiles.Found;
import dev.tidemill.transfer.ProjectFiles.Piece;
import dev.tidemill.transfer.TransferConfiguration;
import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;

/// What a reclaim does once the workspace lies in scratch. Each step can be done again: what it did is in scratch, in
/// the files, or in the imports.
final class Reclaim {

    private final Scratch scratch;
    private final ExportProperties export;
    private final ChildRuns children;

    Reclaim(Scratch scratch, ExportProperties export, ChildRuns children) {
        this.scratch = scratch;
        this.export = export;
        this.children = children;
    }

    private ProjectFiles files(JobExecution execution) {
        return new ProjectFiles(
                scratch.source(execution),
                export,
                ReclaimParameters.of(execution).workspaceId(),
                scratch.folder(execution));
    }

    /// The projects that were asked for.
    private List<Found> projects(JobExecution execution) {
        ReclaimParameters parameters = ReclaimParameters.of(execution);
        List<Found> all = files(execution).projects();
        List<Found> wanted = parameters.project().isEmpty()
                ? all
                : all.stream()
                        .filter(found -> found.slug().equals(parameters.project()))
                        .toList();
        if (wanted.isEmpty()) {
            throw new IllegalStateException("backup " + parameters.backup() + " holds "
                    + (parameters.project().isEmpty() ? "no project" : "no project \"" + parameters.project() + "\"")
                    + " of workspace " + parameters.workspaceId()
                    + (all.isEmpty()
                            ? ""
                            : ": it holds " + all.stream().map(Found::slug).collect(Collectors.joining(", "))));
        }
        return wanted;
    }

    /// Brings the copy to this program's schema, which the backup may be older than.
    void upgrade(StepExecution step) {
        Schema.apply(scratch.source(step.getJobExecution()));
    }

    void cut(StepExecution step) throws IOException {
        ProjectFiles files = files(step.getJobExecution());
        for (Found project : projects(step.getJobExecution())) {
            files.cut(project);
        }
    }

    /// The parts that are still to be written, project by project.
    List<Piece> open(StepExecution step) {
        ProjectFiles files = files(step.getJobExecution());
        return projects(step.getJobExecution()).stream()
                .flatMap(project -> files.open(project).stream())
                .toList();
    }

    void write(StepExecution step, List<? extends Piece> pieces) {
        ProjectFiles files = files(step.getJobExecution());
        pieces.forEach(files::write);
    }

    void seal(StepExecution step) throws IOException {
        ProjectFiles files = files(step.getJobExecution());
        for (Found project : projects(step.getJobExecution())) {
            files.seal(project);
        }
    }

    /// Has the files imported one after another, and waits for each. An import belongs to the workspace that it
    /// writes to, and keeps out of the way of whatever else works there.
    RepeatStatus bring(StepContribution contribution) throws SQLException, InterruptedException {
        StepExecution step = contribution.getStepExecution();
        JobExecution execution = step.getJobExecution();
        ReclaimParameters parameters = ReclaimParameters.of(execution);
        scratch.bringWorkspace(execution, parameters.workspaceId());
        ProjectFiles files = files(execution);
        List<String> brought = new ArrayList<>();
        for (Found project : projects(execution)) {
            String slug = parameters.slug(project.slug());
            if (project.documents() == 0) {
                brought.add(slug + ": no published documents in the backup");
                continue;
            }
            RunView view = imported(step, parameters, slug, files.file(project).toString());
            if (ChildRuns.goesOn(view)) {
                Progress.message(
                        execution.getExecutionContext(),
                        "import into project " + slug + ": run " + view.id()
                                + (view.waitingFor() == null ? "" : ", waits for " + view.waitingFor()));
                children.await(step, view);
                return RepeatStatus.CONTINUABLE;
            }
            if (!ChildRuns.completed(view)) {
                throw new IllegalStateException("the import into project " + slug + " (run " + view.id()
                        + " of workspace " + parameters.workspaceId() + ") is "
                        + view.state().name().toLowerCase(Locale.ROOT) + ": " + view.message());
            }
            brought.add(String.valueOf(view.message())
                    + (view.refused() > 0 ? ", " + view.refused() + " were given up: see its dead letters" : "")
                    + " (run " + view.id() + ")");
        }
        contribution.incrementWriteCount(brought.size());
        Progress.message(execution.getExecutionContext(), String.join("; ", brought));
        return RepeatStatus.FINISHED;
    }

    /// The import of a file.
    private RunView imported(StepExecution step, ReclaimParameters parameters, String slug, String file) {
        JobExecution execution = step.getJobExecution();
        return children.follow(
                step,
                LaunchRequest.of(
                                parameters.workspaceId(),
                                TransferConfiguration.IMPORT,
                                Map.of("file", file, "project", slug, "onConflict", parameters.onConflict()),
                                "reclaim:" + execution.getId())
                        .whenBusy(LaunchRequest.WhenBusy.QUEUE)
                        .identifiedBy("reclaim-" + execution.getJobInstanceId() + "-" + slug));
    }
}
