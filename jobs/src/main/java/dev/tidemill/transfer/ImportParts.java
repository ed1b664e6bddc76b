package dev.tidemill.transfer;

import dev.tidemill.store.Projects;
import dev.tidemill.store.TableStatistics;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.Workspaces;
import dev.tidemill.transfer.Formats.Original;
import dev.tidemill.transfer.Formats.Vector;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.springframework.batch.core.configuration.annotation.StepScope;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.item.ItemWriter;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import tools.jackson.databind.JsonNode;

/// The readers and writers of the steps of an import, each made for its step.
@Configuration(proxyBeanMethods = false)
class ImportParts {

    private static final int COMMIT_ORIGINALS = 20;

    /// Writes vectors into the sets that take them.
    static class VectorWriter implements ItemWriter<Vector> {
        private final ImportSteps steps;
        private final TransferParameters parameters;
        private final TargetSets targets;

        VectorWriter(ImportSteps steps, TransferParameters parameters, TargetSets targets) {
            this.steps = steps;
            this.parameters = parameters;
            this.targets = targets;
        }

        @Override
        public void write(Chunk<? extends Vector> chunk) {
            steps.storeVectors(parameters, targets, chunk);
        }
    }

    private static <T> PartReader<T> reader(
            Archives archives,
            StepExecution step,
            String kind,
            PartReader.Format<T> format,
            int items,
            ImportProperties properties) {
        TransferParameters parameters = TransferParameters.of(step);
        return new PartReader<>(
                () -> archives.open(parameters),
                kind,
                part -> true,
                part -> format,
                new PartReader.Bounds(items, properties.commitBytes().toBytes()));
    }

    @Bean
    @StepScope
    PartVerifier importVerifier(Archives archives, @Value("#{stepExecution}") StepExecution step) {
        TransferParameters parameters = TransferParameters.of(step);
        return new PartVerifier(() -> archives.open(parameters));
    }

    @Bean
    @StepScope
    PartReader<Original> importOriginals(
            Archives archives, ImportProperties properties, @Value("#{stepExecution}") StepExecution step) {
        return reader(archives, step, "originals", Formats.originals(), COMMIT_ORIGINALS, properties);
    }

    @Bean
    @StepScope
    PartReader<ImportedDocument> importDocuments(
            Archives archives, ImportProperties properties, @Value("#{stepExecution}") StepExecution step) {
        return reader(archives, step, "documents", Formats.documents(), properties.commitDocuments(), properties);
    }

    @Bean
    @StepScope
    PartReader<JsonNode> importQuestions(
            Archives archives, ImportProperties properties, @Value("#{stepExecution}") StepExecution step) {
        return reader(archives, step, "questions", Formats.lines(), properties.commitDocuments(), properties);
    }

    @Bean
    @StepScope
    PartReader<JsonNode> importSettings(
            Archives archives, ImportProperties properties, @Value("#{stepExecution}") StepExecution step) {
        return reader(archives, step, "configuration", Formats.lines(), properties.commitDocuments(), properties);
    }

    @Bean
    @StepScope
    PartReader<Vector> importVectors(
            Archives archives,
            ImportSteps importSteps,
            ImportProperties properties,
            @Value("#{stepExecution}") StepExecution step) {
        TransferParameters parameters = TransferParameters.of(step);
        List<Manifest.Set> from;
        try (Archive archive = archives.open(parameters)) {
            from = archive.manifest().vectorSets();
        }
        Map<Integer, VectorSet> to = importSteps.targets(parameters).byPlace();
        return new PartReader<>(
                () -> archives.open(parameters),
                "vectors",
                part -> to.containsKey(part.setPlace()),
                part -> Formats.vectors(
                        part.setPlace(),
                        from.get(part.setPlace()).type(),
                        Objects.requireNonNull(to.get(part.setPlace())).type()),
                new PartReader.Bounds(
                        properties.commitVectors(), properties.commitBytes().toBytes()));
    }

    @Bean
    @StepScope
    VectorWriter importVectorWriter(ImportSteps importSteps, @Value("#{stepExecution}") StepExecution step) {
        TransferParameters parameters = TransferParameters.of(step);
        return new VectorWriter(importSteps, parameters, importSteps.targets(parameters));
    }

    @Bean
    @StepScope
    ImportWriter importWriter(
            Workspaces workspaces,
            JdbcTemplate template,
            Projects projects,
            ImportProperties properties,
            ObjectProvider<TableStatistics> statistics,
            @Value("#{stepExecution}") StepExecution step) {
        TransferParameters parameters = TransferParameters.of(step);
        return new ImportWriter(
                workspaces,
                template,
                projects,
                parameters,
                new VectorSets(workspaces, template).active(parameters.workspaceId(), parameters.projectId()),
                properties.threads(),
                () -> statistics.ifAvailable(TableStatistics::refresh));
    }
}
