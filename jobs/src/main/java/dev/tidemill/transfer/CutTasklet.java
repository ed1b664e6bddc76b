package dev.tidemill.transfer;

import dev.tidemill.store.Workspaces;
import java.nio.file.Files;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;

/// Cuts a project into the parts of its export. A resumed export keeps them as long as the project is what it was:
/// parts
/// of two states of it would make a file whose documents lack originals or vectors.
final class CutTasklet implements Tasklet {

    private static final String GENERATION = "export.generation";

    private final ExportParts parts;
    private final ExportProperties properties;
    private final Archives archives;
    private final Workspaces workspaces;

    CutTasklet(ExportParts parts, ExportProperties properties, Archives archives, Workspaces workspaces) {
        this.parts = parts;
        this.properties = properties;
        this.archives = archives;
        this.workspaces = workspaces;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) {
        TransferParameters parameters = TransferParameters.of(contribution.getStepExecution());
        ExecutionContext kept =
                contribution.getStepExecution().getJobExecution().getExecutionContext();
        long generation = parts.generation(parameters.workspaceId(), parameters.projectId());
        boolean isCut = kept.getLong(GENERATION, -1) == generation;
        // Once the file is there, its parts are only to be removed.
        if (!isCut && Files.notExists(parameters.file())) {
            PartFiles.prepare(parameters, archives);
            workspaces.run(parameters.workspaceId(), () -> parts.plan(parameters, properties));
            kept.putLong(GENERATION, generation);
        }
        return RepeatStatus.FINISHED;
    }
}
