package dev.tidemill.ingest;

import dev.tidemill.chunk.ChunkProfile;
import dev.tidemill.embed.OnnxEmbedder;
import dev.tidemill.extract.Extractor;
import dev.tidemill.run.DeadLetters;
import dev.tidemill.run.RunListener;
import dev.tidemill.run.Runs;
import dev.tidemill.source.SourceItem;
import dev.tidemill.source.Sources;
import dev.tidemill.store.Chunks;
import dev.tidemill.store.Documents;
import dev.tidemill.store.Originals;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Publisher;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Vectors.Embedded;
import dev.tidemill.store.Versions;
import dev.tidemill.store.Workspaces;
import java.nio.file.Path;
import org.springframework.batch.core.configuration.annotation.JobScope;
import org.springframework.batch.core.configuration.annotation.StepScope;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.job.builder.JobBuilder;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.step.Step;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.core.step.builder.StepBuilder;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/// The ingest job and its steps, in the order in which they run.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(IngestProperties.class)
public class IngestConfiguration {

    @Bean
    Job ingestJob(
            JobRepository repository,
            RunListener listener,
            @Qualifier("discoverStep") Step discover,
            @Qualifier("goneStep") Step gone,
            @Qualifier("extractStep") Step extract,
            @Qualifier("embedStep") Step embed,
            @Qualifier("publishStep") Step publish,
            @Qualifier("indexStep") Step index) {
        return new JobBuilder(Ingest.JOB, repository)
                .listener(listener)
                .start(discover)
                .next(gone)
                .next(extract)
                .next(embed)
                .next(publish)
                .next(index)
                .build();
    }

    @Bean
    Ingest ingest(@Qualifier("ingestJob") Job job, Runs runs, Projects projects, OnnxEmbedder embedder) {
        return new Ingest(job, runs, projects, embedder);
    }

    @Bean
    Step discoverStep(
            JobRepository repository,
            PlatformTransactionManager transactionManager,
            IngestProperties properties,
            DiscoverReader discoverReader,
            DiscoverWriter discoverWriter) {
        return new StepBuilder(Ingest.DISCOVER, repository)
                .<SourceItem, Candidate>chunk(properties.discover().commitDocuments())
                .transactionManager(transactionManager)
                .reader(discoverReader)
                .processor(new HashProcessor(properties.extract().maxFile().toBytes()))
                .writer(discoverWriter)
                .build();
    }

    @Bean
    @StepScope
    DiscoverReader discoverReader(
            Spool spool, IngestProperties properties, @Value("#{stepExecution}") StepExecution step) {
        return new DiscoverReader(new Sources(properties.webLimits(), spool.folder()), IngestParameters.of(step));
    }

    @Bean
    @StepScope
    DiscoverWriter discoverWriter(
            Workspaces workspaces,
            JdbcClient jdbc,
            DeadLetters deadLetters,
            IngestProperties properties,
            ChunkProfile profile,
            @Value("#{stepExecution}") StepExecution step) {
        return new DiscoverWriter(
                workspaces,
                new Documents(workspaces, jdbc),
                new Originals(workspaces, jdbc),
                deadLetters,
                IngestParameters.of(step),
                profile.id(),
                new RefusalBudget(properties.refusals(), step));
    }

    @Bean
    Step goneStep(
            JobRepository repository,
            PlatformTransactionManager transactionManager,
            IngestProperties properties,
            Workspaces workspaces,
            JdbcClient jdbc) {
        return new StepBuilder(Ingest.GONE, repository)
                .tasklet(
                        new GoneTasklet(
                                workspaces,
                                new Documents(workspaces, jdbc),
                                new Publisher(jdbc),
                                properties.massDelete()),
                        transactionManager)
                .build();
    }

    @Bean
    Step extractStep(
            JobRepository repository,
            PlatformTransactionManager transactionManager,
            IngestProperties properties,
            ExtractReader extractReader,
            ExtractWriter extractWriter) {
        return new StepBuilder(Ingest.EXTRACT, repository)
                .<Outcome, Outcome>chunk(properties.extract().commitDocuments())
                .transactionManager(transactionManager)
                .reader(extractReader)
                .writer(extractWriter)
                .build();
    }

    @Bean
    @StepScope
    ExtractReader extractReader(
            Workspaces workspaces,
            JdbcClient jdbc,
            OnnxEmbedder embedder,
            ChunkProfile profile,
            Spool spool,
            IngestProperties properties,
            @Value("#{stepExecution}") StepExecution step) {
        IngestParameters parameters = IngestParameters.of(step);
        IngestProperties.Extract limits = properties.extract();
        Extractor extractor = new Extractor(limits.limits(), spool.folder(), limits.threads());
        return new ExtractReader(
                new Versions(workspaces, jdbc),
                parameters,
                extractor,
                new DocumentReader(
                        parameters.scope().workspaceId(),
                        new Originals(workspaces, jdbc),
                        extractor,
                        profile,
                        embedder::countTokens,
                        spool),
                limits);
    }

    @Bean
    @JobScope
    EmbedAhead embedAhead(OnnxEmbedder embedder, IngestProperties properties) {
        return new EmbedAhead(embedder, properties.embed().threads());
    }

    @Bean
    @StepScope
    ExtractWriter extractWriter(
            Workspaces workspaces,
            JdbcTemplate template,
            JdbcClient jdbc,
            Projects projects,
            DeadLetters deadLetters,
            EmbedAhead ahead,
            IngestProperties properties,
            ChunkProfile profile,
            @Value("#{stepExecution}") StepExecution step) {
        IngestParameters parameters = IngestParameters.of(step);
        return new ExtractWriter(
                workspaces,
                new Versions(workspaces, jdbc),
                new Chunks(template),
                new Vectors(workspaces, template),
                liveSet(projects, parameters),
                ahead,
                deadLetters,
                parameters,
                profile.id(),
                new RefusalBudget(properties.refusals(), step));
    }

    @Bean
    Step embedStep(
            JobRepository repository,
            PlatformTransactionManager transactionManager,
            IngestProperties properties,
            EmbedReader embedReader,
            EmbedWriter embedWriter) {
        return new StepBuilder(Ingest.EMBED, repository)
                .<Embedded, Embedded>chunk(properties.embed().commitChunks())
                .transactionManager(transactionManager)
                .reader(embedReader)
                .writer(embedWriter)
                .build();
    }

    @Bean
    @StepScope
    EmbedReader embedReader(
            Workspaces workspaces,
            JdbcTemplate template,
            Projects projects,
            OnnxEmbedder embedder,
            EmbedAhead ahead,
            IngestProperties properties,
            @Value("#{stepExecution}") StepExecution step) {
        IngestParameters parameters = IngestParameters.of(step);
        return new EmbedReader(
                new Vectors(workspaces, template),
                parameters,
                liveSet(projects, parameters),
                embedder,
                ahead,
                properties.embed());
    }

    @Bean
    @StepScope
    EmbedWriter embedWriter(
            Workspaces workspaces,
            JdbcTemplate template,
            JdbcClient jdbc,
            Projects projects,
            IngestProperties properties,
            @Value("#{stepExecution}") StepExecution step) {
        IngestParameters parameters = IngestParameters.of(step);
        return new EmbedWriter(
                workspaces,
                new Vectors(workspaces, template),
                new Publisher(jdbc),
                parameters,
                liveSet(projects, parameters),
                properties.publish().commitDocuments());
    }

    private static VectorSet liveSet(Projects projects, IngestParameters parameters) {
        return projects
                .activeSets(parameters.scope().workspaceId(), parameters.scope().projectId())
                .stream()
                .filter(set -> set.state().equals("live"))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "the project has no live vector set: start the ingest again, which makes one"));
    }

    @Bean
    Step publishStep(
            JobRepository repository,
            PlatformTransactionManager transactionManager,
            IngestProperties properties,
            Workspaces workspaces,
            JdbcClient jdbc) {
        return new StepBuilder(Ingest.PUBLISH, repository)
                .tasklet(
                        new PublishTasklet(
                                workspaces,
                                new Publisher(jdbc),
                                properties.publish().commitDocuments()),
                        transactionManager)
                .build();
    }

    @Bean
    Step indexStep(
            JobRepository repository,
            PlatformTransactionManager transactionManager,
            IngestProperties properties,
            Workspaces workspaces,
            Projects projects,
            JdbcTemplate template) {
        return new StepBuilder(Ingest.INDEX, repository)
                .tasklet(
                        new IndexTasklet(workspaces, projects, new Vectors(workspaces, template), properties.index()),
                        transactionManager)
                .build();
    }

    /// How texts are cut. A limit above the model's would make texts that it cannot embed.
    @Bean
    ChunkProfile chunkProfile(IngestProperties properties, OnnxEmbedder embedder) {
        int most = embedder.model().maxTokens();
        if (properties.chunk().maxTokens() > most) {
            throw new IllegalArgumentException(
                    "ingest.chunk.max-tokens is " + properties.chunk().maxTokens() + ": the model "
                            + embedder.model().id() + " takes at most " + most);
        }
        return properties.chunk().profile();
    }

    @Bean
    Spool spool(@Value("${tidemill.spool:${java.io.tmpdir}/tidemill-spool}") Path root) {
        return new Spool(root);
    }
}
