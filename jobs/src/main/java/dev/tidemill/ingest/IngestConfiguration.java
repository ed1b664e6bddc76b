package dev.tidemill.ingest;

import dev.tidemill.chunk.ChunkProfile;
import dev.tidemill.embed.Embedder;
import dev.tidemill.embed.Embedders;
import dev.tidemill.embed.OnnxEmbedder;
import dev.tidemill.extract.Extractor;
import dev.tidemill.run.ItemsInHand;
import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.JobParameter;
import dev.tidemill.run.Runs;
import dev.tidemill.run.Steps;
import dev.tidemill.sets.SameModel;
import dev.tidemill.source.SourceItem;
import dev.tidemill.source.SourceType;
import dev.tidemill.source.Sources;
import dev.tidemill.store.Chunks;
import dev.tidemill.store.Documents;
import dev.tidemill.store.Originals;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Publisher;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Versions;
import dev.tidemill.store.Workspaces;
import java.nio.file.Path;
import java.util.List;
import org.springframework.batch.core.configuration.annotation.JobScope;
import org.springframework.batch.core.configuration.annotation.StepScope;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.step.Step;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The ingest job and its steps, in the order in which they run.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(IngestProperties.class)
public class IngestConfiguration {

    @Bean
    Job ingestJob(
            Steps steps,
            @Qualifier("discoverStep") Step discover,
            @Qualifier("goneStep") Step gone,
            @Qualifier("extractStep") Step extract,
            @Qualifier("embedStep") Step embed,
            @Qualifier("publishStep") Step publish,
            @Qualifier("indexStep") Step index) {
        return steps.job(Ingest.JOB)
                .start(discover)
                .next(gone)
                .next(extract)
                .next(embed)
                .next(publish)
                .next(index)
                .build();
    }

    @Bean
    Ingest ingest(Runs runs) {
        return new Ingest(runs);
    }

    @Bean
    JobDefinition ingestDefinition(
            @Qualifier("ingestJob") Job job,
            IngestProperties properties,
            ChunkProfile profile,
            Workspaces workspaces,
            JdbcClient jdbc,
            Spool spool,
            Projects projects,
            JdbcTemplate template,
            OnnxEmbedder embedder,
            Embedders embedders) {
        VectorSets sets = new VectorSets(workspaces, template);
        IngestPlanner planner = new IngestPlanner(
                projects,
                new Documents(workspaces, jdbc),
                new IngestMeasures(
                        workspaces,
                        jdbc,
                        properties.chunk().targetTokens(),
                        embedders.ofNewProjects().dimensions()),
                new Sources(properties.webLimits(), spool.folder()),
                properties,
                profile.id(),
                scope -> new StoredListing(
                        new Documents(workspaces, jdbc), new Originals(workspaces, jdbc), scope, profile.id(), spool));
        IngestReplay replay = new IngestReplay(projects, new Versions(workspaces, jdbc));
        return JobDefinition.of(job, "lists a source, extracts, chunks and embeds what is new or changed, publishes it")
                .parameter(JobParameter.text("project", "slug of the project to ingest into")
                        .orElse("default"))
                .parameter(JobParameter.choice("type", SourceType.ids(), "kind of source")
                        .orElse("directory"))
                .parameter(JobParameter.text("location", "name the folder or file on the server, or the address"))
                .parameter(JobParameter.flag("allowMassDelete", "retire missing documents however many they are"))
                .parameter(JobParameter.flag(
                        IngestParameters.STORED,
                        "cut what is stored anew by the present chunking profile, without looking at the source"))
                .parameter(JobParameter.text(
                                IngestParameters.MODEL,
                                "model of a project that has no vectors yet; without it the configured one")
                        .optional())
                .prepared(new IngestPreparation(projects, sets, embedders, profile)::prepare)
                .planned(planner::plan)
                .replayed(replay::replay)
                .configuredBy(properties, embedder.model().id(), embedder.fingerprint())
                .policy(properties.run())
                .build();
    }

    @Bean
    Step discoverStep(
            Steps steps, IngestProperties properties, DiscoverReader discoverReader, DiscoverWriter discoverWriter) {
        return steps.<SourceItem, Candidate>chunks(
                        Ingest.DISCOVER, properties.discover().commitDocuments())
                .items(discoverWriter)
                .reader(discoverReader)
                .processor(new HashProcessor(properties.extract().maxFile().toBytes()))
                .writer(discoverWriter)
                .build();
    }

    @Bean
    @StepScope
    DiscoverReader discoverReader(
            Spool spool,
            IngestProperties properties,
            Workspaces workspaces,
            JdbcClient jdbc,
            ChunkProfile profile,
            @Value("#{stepExecution}") StepExecution step) {
        IngestParameters parameters = IngestParameters.of(step);
        return new DiscoverReader(
                new Sources(properties.webLimits(), spool.folder()),
                () -> new StoredListing(
                        new Documents(workspaces, jdbc),
                        new Originals(workspaces, jdbc),
                        parameters.scope(),
                        profile.id(),
                        spool),
                parameters);
    }

    @Bean
    @StepScope
    DiscoverWriter discoverWriter(
            Workspaces workspaces,
            JdbcClient jdbc,
            ChunkProfile profile,
            @Value("#{stepExecution}") StepExecution step) {
        return new DiscoverWriter(
                workspaces,
                new Documents(workspaces, jdbc),
                new Originals(workspaces, jdbc),
                IngestParameters.of(step),
                profile.id());
    }

    @Bean
    Step goneStep(Steps steps, IngestProperties properties, Workspaces workspaces, JdbcClient jdbc) {
        return steps.tasklet(
                        Ingest.GONE,
                        new GoneTasklet(
                                workspaces,
                                new Documents(workspaces, jdbc),
                                new Publisher(jdbc),
                                properties.massDelete()))
                .build();
    }

    @Bean
    Step extractStep(
            Steps steps, IngestProperties properties, ExtractReader extractReader, ExtractWriter extractWriter) {
        return steps.<Outcome, Outcome.Extracted>chunks(
                        Ingest.EXTRACT, properties.extract().commitDocuments())
                .items(extractWriter)
                .reader(extractReader)
                .processor(Outcome::readable)
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
            ItemsInHand itemsInHand,
            IngestProperties properties,
            @Value("#{stepExecution}") StepExecution step) {
        IngestParameters parameters = IngestParameters.of(step);
        IngestProperties.Extract limits = properties.extract();
        Extractor extractor = new Extractor(limits.limits(), spool.folder(), limits.threads());
        return new ExtractReader(
                new Versions(workspaces, jdbc),
                parameters,
                extractor,
                new CarefulReader(
                        new DocumentReader(
                                parameters.scope().workspaceId(),
                                new Originals(workspaces, jdbc),
                                extractor,
                                profile,
                                embedder::countTokens,
                                spool),
                        itemsInHand,
                        parameters,
                        step),
                limits);
    }

    @Bean
    @JobScope
    EmbedAhead embedAhead(IngestProperties properties) {
        return new EmbedAhead(properties.embed().threads(), properties.embed().commitChunks());
    }

    @Bean
    @StepScope
    ExtractWriter extractWriter(
            Workspaces workspaces,
            JdbcTemplate template,
            JdbcClient jdbc,
            Embedders embedders,
            EmbedAhead ahead,
            ChunkProfile profile,
            @Value("#{stepExecution}") StepExecution step) {
        IngestParameters parameters = IngestParameters.of(step);
        VectorSet live = liveSet(new VectorSets(workspaces, template), parameters);
        return new ExtractWriter(
                workspaces,
                new Versions(workspaces, jdbc),
                new Chunks(template),
                new Vectors(workspaces, template),
                live,
                embedders.of(live.model(), live.fingerprint()),
                ahead,
                parameters,
                profile.id());
    }

    @Bean
    Step embedStep(Steps steps, IngestProperties properties, EmbedReader embedReader, EmbedWriter embedWriter) {
        return steps.<Made, Made>chunks(Ingest.EMBED, properties.embed().commitChunks())
                .reader(embedReader)
                .writer(embedWriter)
                .build();
    }

    @Bean
    @StepScope
    EmbedReader embedReader(
            Workspaces workspaces,
            JdbcTemplate template,
            Embedders embedders,
            EmbedAhead ahead,
            IngestProperties properties,
            @Value("#{stepExecution}") StepExecution step) {
        IngestParameters parameters = IngestParameters.of(step);
        VectorSets sets = new VectorSets(workspaces, template);
        liveSet(sets, parameters);
        List<EmbedReader.Target> targets =
                sets.active(parameters.scope().workspaceId(), parameters.scope().projectId()).stream()
                        .map(set -> new EmbedReader.Target(
                                set, SameModel.checked(sets, parameters.scope().workspaceId(), set, embedders)))
                        .toList();
        return new EmbedReader(new Vectors(workspaces, template), parameters, targets, ahead, properties.embed());
    }

    @Bean
    @StepScope
    EmbedWriter embedWriter(
            Workspaces workspaces,
            JdbcTemplate template,
            JdbcClient jdbc,
            IngestProperties properties,
            @Value("#{stepExecution}") StepExecution step) {
        IngestParameters parameters = IngestParameters.of(step);
        return new EmbedWriter(
                workspaces,
                new Vectors(workspaces, template),
                new Publisher(jdbc),
                parameters,
                properties.publish().commitDocuments());
    }

    private static VectorSet liveSet(VectorSets sets, IngestParameters parameters) {
        return sets.live(parameters.scope().workspaceId(), parameters.scope().projectId())
                .orElseThrow(() -> new IllegalStateException(
                        "the project has no live vector set: start the ingest again, which makes one"));
    }

    @Bean
    Step publishStep(Steps steps, IngestProperties properties, Workspaces workspaces, JdbcClient jdbc) {
        return steps.tasklet(
                        Ingest.PUBLISH,
                        new PublishTasklet(
                                workspaces,
                                new Publisher(jdbc),
                                properties.publish().commitDocuments()))
                .build();
    }

    @Bean
    Step indexStep(Steps steps, IngestProperties properties, Workspaces workspaces, JdbcTemplate template) {
        return steps.tasklet(
                        Ingest.INDEX,
                        new IndexTasklet(
                                workspaces,
                                new VectorSets(workspaces, template),
                                new Vectors(workspaces, template),
                                properties.index()))
                .build();
    }

    /// How texts are cut. A limit above the model's would make texts that it cannot embed.
    @Bean
    ChunkProfile chunkProfile(IngestProperties properties, Embedders embedders) {
        Embedder embedder = embedders.ofNewProjects();
        int most = embedder.maxTokens();
        if (properties.chunk().maxTokens() > most) {
            throw new IllegalArgumentException("ingest.chunk.max-tokens is "
                    + properties.chunk().maxTokens() + ": the model " + embedder.id() + " takes at most " + most);
        }
        return properties.chunk().profile();
    }

    @Bean
    Spool spool(@Value("${tidemill.spool:${java.io.tmpdir}/tidemill-spool}") Path root) {
        return new Spool(root);
    }
}
