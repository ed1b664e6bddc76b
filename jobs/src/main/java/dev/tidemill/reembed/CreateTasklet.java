package dev.tidemill.reembed;

import dev.tidemill.embed.Embedder;
import dev.tidemill.embed.Embedders;
import dev.tidemill.embed.Probes;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.VectorSets.Shown;
import dev.tidemill.store.Workspaces;
import java.util.List;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;

/// Makes the set that the launch fills. What earlier launches left unfinished or held, and what has soaked long
/// enough, makes room first.
final class CreateTasklet implements Tasklet {

    private final Workspaces workspaces;
    private final VectorSets sets;
    private final Embedders embedders;
    private final String configHash;

    CreateTasklet(Workspaces workspaces, VectorSets sets, Embedders embedders, String configHash) {
        this.workspaces = workspaces;
        this.sets = sets;
        this.embedders = embedders;
        this.configHash = configHash;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) {
        ReembedParameters parameters = ReembedParameters.of(contribution.getStepExecution());
        Embedder embedder = embedders.byId(parameters.model());
        // Before the transaction: the model may be a service.
        List<float[]> probes = Probes.of(embedder);
        workspaces.run(parameters.workspaceId(), () -> {
            List<Shown> soaked = sets.soaked(parameters.workspaceId(), parameters.projectId());
            for (Shown old : sets.list(parameters.workspaceId(), parameters.projectId())) {
                VectorSet.State state = VectorSet.State.valueOf(old.state().toUpperCase(java.util.Locale.ROOT));
                boolean ofAnother = old.launchId() == null || old.launchId() != parameters.launch();
                boolean unfinished = state == VectorSet.State.BUILDING || state == VectorSet.State.HELD;
                if ((unfinished && ofAnother) || soaked.contains(old)) {
                    sets.retire(parameters.workspaceId(), parameters.projectId(), old.id(), false);
                }
            }
            sets.build(
                    parameters.workspaceId(),
                    parameters.projectId(),
                    parameters.launch(),
                    new VectorSets.Recipe(
                            embedder.id(),
                            embedder.fingerprint(),
                            embedder.dimensions(),
                            parameters.type(),
                            configHash,
                            probes));
        });
        return RepeatStatus.FINISHED;
    }
}
