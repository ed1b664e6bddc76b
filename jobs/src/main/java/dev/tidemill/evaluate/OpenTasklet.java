package dev.tidemill.evaluate;

import dev.tidemill.run.Progress;
import dev.tidemill.store.Evaluations;
import dev.tidemill.store.Evaluations.Opening;
import dev.tidemill.store.GoldenSets;
import dev.tidemill.store.GoldenSets.GoldenSet;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.Workspaces;
import java.util.List;
import java.util.Map;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;

/// Begins the evaluations of a launch.
final class OpenTasklet implements Tasklet {

    private final Workspaces workspaces;
    private final Projects projects;
    private final VectorSets sets;
    private final GoldenSets goldenSets;
    private final Evaluations evaluations;

    OpenTasklet(
            Workspaces workspaces, Projects projects, VectorSets sets, GoldenSets goldenSets, Evaluations evaluations) {
        this.workspaces = workspaces;
        this.projects = projects;
        this.sets = sets;
        this.goldenSets = goldenSets;
        this.evaluations = evaluations;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) {
        StepExecution step = contribution.getStepExecution();
        EvaluateParameters parameters = EvaluateParameters.of(step);
        workspaces.run(parameters.workspaceId(), () -> {
            List<String> slugs = parameters.canary()
                    ? evaluations.changedSinceAsked(parameters.workspaceId())
                    : List.of(parameters.project());
            if (slugs.isEmpty()) {
                Progress.message(
                        step.getJobExecution().getExecutionContext(),
                        "no project with a canary set has changed since it was last asked");
            }
            for (String slug : slugs) {
                Project project = projects.find(parameters.workspaceId(), slug).orElseThrow();
                VectorSet set = set(parameters, project);
                for (GoldenSet golden : goldenSets.list(project)) {
                    boolean wanted = parameters.canary()
                            ? golden.canary()
                            : parameters.goldenSet() == null || golden.name().equals(parameters.goldenSet());
                    if (wanted) {
                        open(parameters, project, set, golden);
                    }
                }
            }
        });
        return RepeatStatus.FINISHED;
    }

    private VectorSet set(EvaluateParameters parameters, Project project) {
        return (parameters.set() == null
                        ? sets.live(parameters.workspaceId(), project.id())
                        : sets.find(parameters.workspaceId(), parameters.set()))
                .filter(set -> set.state() != VectorSet.State.RETIRED)
                .orElseThrow(() -> new IllegalStateException(
                        "the vector set of project " + project.slug() + " is gone: start a new run"));
    }

    private void open(EvaluateParameters parameters, Project project, VectorSet set, GoldenSet golden) {
        evaluations.open(new Opening(
                parameters.workspaceId(),
                project.id(),
                parameters.launch(),
                parameters.runId(),
                set,
                golden.id(),
                golden.name(),
                parameters.mode(),
                parameters.canary(),
                Map.of("fingerprint", set.fingerprint(), "type", set.type().column())));
    }
}
