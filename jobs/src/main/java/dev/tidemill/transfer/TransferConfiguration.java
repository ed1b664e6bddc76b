package dev.tidemill.transfer;

import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.JobParameter;
import dev.tidemill.run.Steps;
import dev.tidemill.store.Projects;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.Workspaces;
import dev.tidemill.transfer.ExportParts.Part;
import dev.tidemill.transfer.Formats.Original;
import dev.tidemill.transfer.Formats.Vector;
import java.time.InstantSource;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.configuration.annotation.StepScope;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.scope.context.StepContext;
import org.springframework.batch.core.scope.context.StepSynchronizationManager;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.infrastructure.item.ItemWriter;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/// The export and the import of a project.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({ExportProperties.class, ImportProperties.class})
public class TransferConfiguration {

    /// The jobs' names in runs, dead letters, YAML and endpoints.
    public static final String EXPORT = "export";

    public static final String IMPORT = "import";

    @Bean
    Job exportJob(
            Steps steps,
            ExportParts exportParts,
            ExportProperties properties,
            Workspaces workspaces,
            PartsReader exportReader,
            ExportWriter exportWriter,
            ObjectProvider<InstantSource> clock) {
        return steps.job(EXPORT)
                .start(steps.tasklet("cut", (contribution, context) -> {
                            TransferParameters parameters = TransferParameters.of(contribution.getStepExecution());
                            workspaces.run(
                                    parameters.workspaceId(),
                                    () -> exportParts.plan(
                                            parameters.workspaceId(),
                                            parameters.projectId(),
                                            parameters.instance(),
                                            parameters.lines(),
                                            properties));
                            return RepeatStatus.FINISHED;
                        })
                        .build())
                .next(steps.<Part, Part>chunks("write", 1)
                        .reader(exportReader)
                        .writer(exportWriter)
                        .build())
                .next(steps.tasklet("seal", new SealTasklet(exportParts, clock.getIfAvailable(InstantSource::system)))
                        .build())
                .build();
    }

    @Bean
    JobDefinition exportDefinition(
            @Qualifier("exportJob") Job job, ExportProperties properties, TransferRequests requests) {
        return JobDefinition.of(job, "writes a project with its vectors into one portable file")
                .parameter(JobParameter.text("project", "slug of the project").orElse("default"))
                .parameter(JobParameter.text("file", "absolute path of the file to write, on the server"))
                .parameter(JobParameter.choice(
                                "format",
                                List.of("archive", "jsonl"),
                                "archive can be imported; jsonl is one line for each chunk, for other programs")
                        .orElse("archive"))
                .prepared(requests::prepareExport)
                .planned(requests::planExport)
                .configuredBy(properties)
                .policy(properties.run())
                .build();
    }

    @Bean
    ExportParts exportParts(Workspaces workspaces, JdbcTemplate template) {
        return new ExportParts(workspaces, template);
    }

    @Bean
    TransferRequests transferRequests(
            Workspaces workspaces, JdbcClient jdbc, JdbcTemplate template, Projects projects) {
        return new TransferRequests(workspaces, jdbc, projects, new VectorSets(workspaces, template));
    }

    @Bean
    @StepScope
    PartsReader exportReader(ExportParts exportParts, @Value("#{stepExecution}") StepExecution step) {
        return new PartsReader(exportParts, TransferParameters.of(step));
    }

    @Bean
    @StepScope
    ExportWriter exportWriter(
            ExportParts exportParts, Workspaces workspaces, @Value("#{stepExecution}") StepExecution step) {
        return new ExportWriter(exportParts, workspaces, TransferParameters.of(step));
    }

    /// Reads the parts that are still to be written.
    static class PartsReader implements org.springframework.batch.infrastructure.item.ItemStreamReader<Part> {
        private final ExportParts exportParts;
        private final TransferParameters parameters;
        private Iterator<Part> open = List.<Part>of().iterator();

        PartsReader(ExportParts exportParts, TransferParameters parameters) {
            this.exportParts = exportParts;
            this.parameters = parameters;
        }

        @Override
        public void open(org.springframework.batch.infrastructure.item.ExecutionContext context) {
            List<Part> parts = exportParts.open(parameters.workspaceId(), parameters.instance());
            dev.tidemill.run.Progress.total(context, parts.size());
            open = parts.iterator();
        }

        @Override
        public @Nullable Part read() {
            return open.hasNext() ? open.next() : null;
        }
    }

    @Bean
    Job importJob(
            Steps steps,
            ImportProperties properties,
            ImportSteps importSteps,
            @Qualifier("importOriginals") PartReader<Original> originals,
            @Qualifier("importDocuments") PartReader<ImportedDocument> documents,
            @Qualifier("importVectors") PartReader<Vector> vectors,
            @Qualifier("importQuestions") PartReader<JsonNode> questions,
            ImportWriter importWriter) {
        return steps.job(IMPORT)
                .start(steps.tasklet("verify", (contribution, context) -> importSteps.verify(contribution))
                        .build())
                .next(steps.<Original, Original>chunks("originals", properties.commitDocuments())
                        .reader(originals)
                        .writer((ItemWriter<Original>) chunk -> importSteps.storeOriginals(here(), chunk))
                        .build())
                .next(steps.<ImportedDocument, ImportedDocument>chunks("documents", properties.commitDocuments())
                        .items(importWriter)
                        .reader(documents)
                        .writer(importWriter)
                        .build())
                .next(steps.<Vector, Vector>chunks("vectors", properties.commitVectors())
                        .reader(vectors)
                        .writer((ItemWriter<Vector>) chunk -> importSteps.storeVectors(here(), chunk))
                        .build())
                .next(steps.tasklet("publish", (contribution, context) -> importSteps.publish(contribution))
                        .build())
                .next(steps.<JsonNode, JsonNode>chunks("questions", properties.commitDocuments())
                        .reader(questions)
                        .writer((ItemWriter<JsonNode>) chunk -> importSteps.storeQuestions(here(), chunk))
                        .build())
                .next(steps.tasklet("index", (contribution, context) -> importSteps.index(contribution))
                        .build())
                .build();
    }

    /// The run whose step works on this thread.
    private static TransferParameters here() {
        StepContext context = StepSynchronizationManager.getContext();
        if (context == null) {
            throw new IllegalStateException("no step is at work on this thread");
        }
        return TransferParameters.of(context.getStepExecution());
    }

    @Bean
    JobDefinition importDefinition(
            @Qualifier("importJob") Job job, ImportProperties properties, TransferRequests requests) {
        return JobDefinition.of(job, "reads an exported project into this workspace, without embedding anything again")
                .parameter(JobParameter.text("file", "absolute path of the exported file, on the server"))
                .parameter(JobParameter.text(
                                "project", "slug of the project to import into; without it the exported one's")
                        .optional())
                .parameter(JobParameter.choice(
                                "onConflict",
                                List.of("refuse", "skip", "replace"),
                                "when the project has documents: refuse all, skip those that are there, or replace them")
                        .orElse("refuse"))
                .prepared(requests::prepareImport)
                .planned(requests::planImport)
                .configuredBy(properties)
                .policy(properties.run())
                .build();
    }

    @Bean
    ImportSteps importSteps(
            Workspaces workspaces, JdbcTemplate template, Projects projects, ImportProperties properties) {
        return new ImportSteps(workspaces, template, projects, new VectorSets(workspaces, template), properties);
    }

    @Bean
    @StepScope
    PartReader<Original> importOriginals(@Value("#{stepExecution}") StepExecution step) {
        return new PartReader<>(TransferParameters.of(step).file(), "originals", Formats.originals());
    }

    @Bean
    @StepScope
    PartReader<ImportedDocument> importDocuments(@Value("#{stepExecution}") StepExecution step) {
        return new PartReader<>(TransferParameters.of(step).file(), "documents", Formats.documents());
    }

    @Bean
    @StepScope
    PartReader<Vector> importVectors(@Value("#{stepExecution}") StepExecution step) {
        TransferParameters parameters = TransferParameters.of(step);
        try (Archive archive = Archive.open(parameters.file())) {
            Manifest.Set set = archive.manifest().set();
            return new PartReader<>(
                    parameters.file(), "vectors", Formats.vectors(set == null ? "halfvec" : set.type()));
        }
    }

    @Bean
    @StepScope
    PartReader<JsonNode> importQuestions(@Value("#{stepExecution}") StepExecution step) {
        return new PartReader<>(TransferParameters.of(step).file(), "questions", Formats.questions());
    }

    @Bean
    @StepScope
    ImportWriter importWriter(
            Workspaces workspaces,
            JdbcTemplate template,
            Projects projects,
            @Value("#{stepExecution}") StepExecution step) {
        return new ImportWriter(workspaces, template, projects, TransferParameters.of(step));
    }
}
