package dev.tidemill.reembed;

import dev.tidemill.search.SearchMode;
import dev.tidemill.store.AskedQuestions;
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
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;

/// Begins the evaluations of the new set and of the live one: every golden set in every mode, and a sample of real
/// questions.
final class QuestionsTasklet implements Tasklet {

    private final Workspaces workspaces;
    private final Projects projects;
    private final VectorSets sets;
    private final GoldenSets goldenSets;
    private final AskedQuestions asked;
    private final Evaluations evaluations;
    private final ReembedProperties.Evaluate settings;

    QuestionsTasklet(
            Workspaces workspaces,
            Projects projects,
            VectorSets sets,
            GoldenSets goldenSets,
            AskedQuestions asked,
            Evaluations evaluations,
            ReembedProperties.Evaluate settings) {
        this.workspaces = workspaces;
        this.projects = projects;
        this.sets = sets;
        this.goldenSets = goldenSets;
        this.asked = asked;
        this.evaluations = evaluations;
        this.settings = settings;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) {
        ReembedParameters parameters = ReembedParameters.of(contribution.getStepExecution());
        workspaces.run(parameters.workspaceId(), () -> {
            Project project = projects.find(parameters.workspaceId(), parameters.project())
                    .orElseThrow();
            VectorSet built = sets.ofLaunch(parameters.workspaceId(), parameters.launch())
                    .orElseThrow(() -> new IllegalStateException("the set of this launch is gone: start a new run"));
            VectorSet live = sets.live(parameters.workspaceId(), project.id()).orElseThrow();
            for (VectorSet set : List.of(live, built)) {
                for (GoldenSet golden : goldenSets.list(project)) {
                    settings.modes().forEach(mode -> open(parameters, set, golden.id(), golden.name(), mode));
                }
                if (settings.sample() > 0
                        && !asked.last(parameters.workspaceId(), project.id(), 1)
                                .isEmpty()) {
                    open(parameters, set, Evaluations.SAMPLE, "", SearchMode.HYBRID.id());
                }
            }
        });
        return RepeatStatus.FINISHED;
    }

    private void open(ReembedParameters parameters, VectorSet set, long goldenId, String golden, String mode) {
        evaluations.open(new Opening(
                parameters.workspaceId(),
                parameters.projectId(),
                parameters.launch(),
                parameters.runId(),
                set,
                goldenId,
                golden,
                mode,
                false,
                Map.of("fingerprint", set.fingerprint(), "type", set.type().column())));
    }
}
