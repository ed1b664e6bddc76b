package dev.tidemill.transfer;

import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.JobParameter;
import dev.tidemill.run.LookAheadReader;
import dev.tidemill.run.Steps;
import dev.tidemill.store.Projects;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.Workspaces;
import dev.tidemill.transfer.ExportParts.Part;
import dev.tidemill.transfer.Formats.Original;
import dev.tidemill.transfer.Formats.Vector;
import dev.tidemill.transfer.PartFiles.Written;
import java.time.InstantSource;
import java.util.Iterator;
import java.util.List;
import org.springframework.batch.core.configuration.annotation.StepScope;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.scope.context.StepContext;
import org.springframework.batch.core.scope.context.StepSynchronizationManager;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.infrastructure.item.ItemWriter;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/// The export and the import of a project.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({ExportProperties.class, ImportProperties.class})
@Import(ImportParts.class)
public class TransferConfiguration {

    /// The jobs' names in runs, dead letters, YAML and endpoints.
    public static final String EXPORT = "export";

    public static final String IMPORT = "import";

    private static final JobParameter SETS = JobParameter.choice(
            "sets", List.of("all", "live"), "vector sets: all that are complete, or only the one that answers");

    @Bean
    Job exportJob(
            Steps steps,
            ExportParts exportParts,
            ExportProperties properties,
            Archives archives,
            Workspaces workspaces,
            LookAheadReader<Part, Written> exportReader,
            ObjectProvider<InstantSource> clock) {
        return steps.job(EXPORT)
                .start(steps.taskletInEveryRun("cut", new CutTasklet(exportParts, properties, archives, workspaces))
                        .build())
                .next(steps.<Written, Written>chunks("write", 1)
                        .reader(exportReader)
                        .writer((ItemWriter<Written>) chunk -> {
                            TransferParameters parameters = here();
                            chunk.forEach(written ->
                                    exportParts.done(parameters.workspaceId(), parameters.instance(), written));
                        })
                        .allowStartIfComplete(true)
                        .build())
                .next(steps.tasklet(
                                "seal",
                                new SealTasklet(exportParts, archives, clock.getIfAvailable(InstantSource::system)))
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
                                TransferParameters.Format.parameters(),
                                "archive can be imported; jsonl is one line for each chunk, parquet a folder of tables, for"
                                        + " other programs")
                        .orElse("archive"))
                .parameter(SETS.orElse("all"))
                .parameter(JobParameter.text(
                                Passphrase.PARAMETER,
                                "encrypts the file: where the passphrase is, file:/path/on/the/server or env:TIDEMILL_PASSPHRASE")
                        .optional())
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
    Archives exportedArchives() {
        return new Archives(System.getenv());
    }

    @Bean
    TransferRequests transferRequests(
            Workspaces workspaces, JdbcClient jdbc, JdbcTemplate template, Projects projects, Archives archives) {
        return new TransferRequests(
                workspaces,
                jdbc,
                projects,
                new VectorSets(workspaces, template),
                new ExportParts(workspaces, template),
                archives);
    }

    /// Writes the parts that are still to be written, some at a time.
    @Bean
    @StepScope
    LookAheadReader<Part, Written> exportReader(
            ExportParts exportParts,
            ExportProperties properties,
            Archives archives,
            @Value("#{stepExecution}") StepExecution step) {
        TransferParameters parameters = TransferParameters.of(step);
        PartFiles files = PartFiles.open(exportParts, parameters, archives);
        List<Part> open = exportParts.open(parameters.workspaceId(), parameters.instance());
        Iterator<List<Part>> pages = List.of(open).iterator();
        return new LookAheadReader<>(
                EXPORT,
                open::size,
                () -> pages.hasNext() ? pages.next() : List.of(),
                files::write,
                properties.threads(),
                properties.threads());
    }

    @Bean
    Job importJob(
            Steps steps,
            ImportSteps importSteps,
            ProjectSettings settings,
            PartVerifier verifier,
            @Qualifier("importOriginals") PartReader<Original> originals,
            @Qualifier("importVectors") PartReader<Vector> vectors,
            @Qualifier("importDocuments") PartReader<ImportedDocument> documents,
            @Qualifier("importQuestions") PartReader<JsonNode> questions,
            @Qualifier("importSettings") PartReader<JsonNode> configuration,
            ImportParts.VectorWriter importVectorWriter,
            ImportWriter importWriter) {
        return steps.job(IMPORT)
                .start(steps.<Manifest.Part, Manifest.Part>chunks("verify", 1)
                        .reader(verifier)
                        .writer(chunk -> {})
                        .build())
                .next(steps.tasklet("sets", (contribution, context) -> importSteps.makeSets(contribution))
                        .build())
                .next(steps.<Original>groups("originals")
                        .reader(originals)
                        .writer((ItemWriter<Original>) chunk -> importSteps.storeOriginals(here(), chunk))
                        .build())
                .next(steps.<Vector>groups("vectors")
                        .reader(vectors)
                        .writer(importVectorWriter)
                        .build())
                .next(steps.<ImportedDocument>groups("documents")
                        .items(importWriter)
                        .reader(documents)
                        .writer(importWriter)
                        .build())
                .next(steps.<JsonNode>groups("configuration")
                        .reader(configuration)
                        .writer((ItemWriter<JsonNode>) chunk -> settings.store(here(), chunk))
                        .build())
                .next(steps.<JsonNode>groups("questions")
                        .reader(questions)
                        .writer((ItemWriter<JsonNode>) chunk -> settings.storeQuestions(here(), chunk))
                        .build())
                .next(steps.tasklet("index", (contribution, context) -> importSteps.index(contribution))
                        .build())
                .next(steps.tasklet("conclude", (contribution, context) -> importSteps.conclude(contribution))
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
                .parameter(SETS.orElse("all"))
                .parameter(JobParameter.text(
                                Passphrase.PARAMETER,
                                "where the passphrase of an encrypted file is: file:/path/on/the/server or env:TIDEMILL_PASSPHRASE")
                        .optional())
                .prepared(requests::prepareImport)
                .planned(requests::planImport)
                .configuredBy(properties)
                .policy(properties.run())
                .build();
    }

    @Bean
    ImportSteps importSteps(
            Workspaces workspaces, JdbcTemplate template, Archives archives, ImportProperties properties) {
        return new ImportSteps(workspaces, template, new VectorSets(workspaces, template), archives, properties);
    }

    @Bean
    ProjectSettings projectSettings(Workspaces workspaces, JdbcClient jdbc, Projects projects) {
        return new ProjectSettings(workspaces, jdbc, projects);
    }
}
