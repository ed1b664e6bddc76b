package dev.tidemill.reembed;

import dev.tidemill.chunk.ChunkProfile;
import dev.tidemill.document.ContentHash;
import dev.tidemill.embed.Embedder;
import dev.tidemill.embed.Embedders;
import dev.tidemill.quality.Evaluator;
import dev.tidemill.quality.OpenQuestions;
import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.JobParameter;
import dev.tidemill.run.LookAheadReader;
import dev.tidemill.run.Steps;
import dev.tidemill.run.alerts.Outbox;
import dev.tidemill.search.QueryTraffic;
import dev.tidemill.search.QueryVectors;
import dev.tidemill.search.Searcher;
import dev.tidemill.sets.Asked;
import dev.tidemill.sets.SameModel;
import dev.tidemill.store.AskedQuestions;
import dev.tidemill.store.ChunkSearch;
import dev.tidemill.store.Evaluations;
import dev.tidemill.store.Evaluations.Answer;
import dev.tidemill.store.Evaluations.Open;
import dev.tidemill.store.GoldenSets;
import dev.tidemill.store.IndexBuilder;
import dev.tidemill.store.Projects;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Vectors.Embedded;
import dev.tidemill.store.Workspaces;
import java.util.Arrays;
import java.util.List;
import org.springframework.batch.core.configuration.annotation.StepScope;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.step.Step;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.item.ItemWriter;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The reembed job and its steps, in the order in which they run.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ReembedProperties.class)
public class ReembedConfiguration {

    private static final int CONFIG_HASH = 12;

    @Bean
    Job reembedJob(
            Steps steps,
            @Qualifier("reembedCreateStep") Step create,
            @Qualifier("reembedEmbedStep") Step embed,
            @Qualifier("reembedIndexStep") Step index,
            @Qualifier("reembedQuestionsStep") Step questions,
            @Qualifier("reembedEvaluateStep") Step evaluate,
            @Qualifier("reembedGateStep") Step gate,
            @Qualifier("reembedSwitchStep") Step change) {
        return steps.job(Reembed.JOB)
                .start(create)
                .next(embed)
                .next(index)
                .next(questions)
                .next(evaluate)
                .next(gate)
                .next(change)
                .build();
    }

    @Bean
    JobDefinition reembedDefinition(
            @Qualifier("reembedJob") Job job,
            ReembedProperties properties,
            Workspaces workspaces,
            Projects projects,
            JdbcTemplate template,
            JdbcClient jdbc,
            Embedders embedders,
            ChunkProfile profile) {
        ReembedPreparation preparation =
                new ReembedPreparation(projects, new VectorSets(workspaces, template), embedders, profile);
        ReembedPlanner planner = new ReembedPlanner(
                preparation, new Vectors(workspaces, template), new GoldenSets(workspaces, jdbc), properties);
        return JobDefinition.of(job, "embeds a project by another model beside the live vectors, measures, switches")
                .parameter(JobParameter.text(ReembedParameters.PROJECT, "slug of the project")
                        .orElse("default"))
                .parameter(JobParameter.text(ReembedParameters.MODEL, "the model to go to"))
                .parameter(JobParameter.choice(
                                ReembedParameters.TYPE,
                                Arrays.stream(VectorSet.Type.values())
                                        .map(VectorSet.Type::column)
                                        .toList(),
                                "what vectors are stored as")
                        .orElse(VectorSet.Type.HALFVEC.column()))
                .parameter(JobParameter.flag(ReembedParameters.HOLD, "leave the switch to an operator"))
                .parameter(JobParameter.flag(ReembedParameters.FORCE, "switch even when the gate refuses"))
                .prepared(preparation::prepare)
                .planned(planner::plan)
                .configuredBy(properties)
                .policy(properties.run())
                .build();
    }

    @Bean
    Step reembedCreateStep(
            Steps steps,
            ReembedProperties properties,
            Workspaces workspaces,
            JdbcTemplate template,
            Embedders embedders) {
        String hash = ContentHash.of(properties.toString()).hex().substring(0, CONFIG_HASH);
        return steps.tasklet(
                        Reembed.CREATE,
                        new CreateTasklet(workspaces, new VectorSets(workspaces, template), embedders, hash))
                .build();
    }

    @Bean
    Step reembedEmbedStep(
            Steps steps,
            ReembedProperties properties,
            @Qualifier("reembedTextReader") TextReader reader,
            @Qualifier("reembedVectorWriter") ItemWriter<Embedded> writer) {
        return steps.<TextReader.Made, Embedded>chunks(
                        Reembed.EMBED, properties.embed().commitChunks())
                .keyed(TextReader.Made::key)
                .reader(reader)
                .processor(TextReader.Made::embedded)
                .writer(writer)
                .build();
    }

    @Bean
    @StepScope
    TextReader reembedTextReader(
            Workspaces workspaces,
            JdbcTemplate template,
            Embedders embedders,
            ObjectProvider<QueryTraffic> traffic,
            ReembedProperties properties,
            @Value("#{stepExecution}") StepExecution step) {
        ReembedParameters parameters = ReembedParameters.of(step);
        VectorSets sets = new VectorSets(workspaces, template);
        VectorSet set = set(sets, parameters);
        Embedder embedder = SameModel.checked(sets, parameters.workspaceId(), set, embedders);
        return new TextReader(
                new Vectors(workspaces, template),
                parameters,
                set,
                embedder,
                // Without a server in this process there are no queries to give way to.
                traffic.getIfAvailable(QueryTraffic::new),
                properties.embed());
    }

    /// A class of its own: a proxy of the scope hides a lambda's type.
    static class VectorWriter implements ItemWriter<Embedded> {

        private final Workspaces workspaces;
        private final Vectors vectors;
        private final ReembedParameters parameters;
        private final VectorSet set;

        VectorWriter(Workspaces workspaces, Vectors vectors, ReembedParameters parameters, VectorSet set) {
            this.workspaces = workspaces;
            this.vectors = vectors;
            this.parameters = parameters;
            this.set = set;
        }

        @Override
        public void write(Chunk<? extends Embedded> chunk) {
            workspaces.run(parameters.workspaceId(), () -> {
                if (!vectors.keep(parameters.workspaceId(), set)) {
                    throw new IllegalStateException("vector set " + set.id() + " was given up: start a new run");
                }
                vectors.writeHeld(parameters.workspaceId(), parameters.projectId(), set, List.copyOf(chunk.getItems()));
            });
        }
    }

    @Bean
    @StepScope
    VectorWriter reembedVectorWriter(
            Workspaces workspaces, JdbcTemplate template, @Value("#{stepExecution}") StepExecution step) {
        ReembedParameters parameters = ReembedParameters.of(step);
        return new VectorWriter(
                workspaces,
                new Vectors(workspaces, template),
                parameters,
                set(new VectorSets(workspaces, template), parameters));
    }

    private static VectorSet set(VectorSets sets, ReembedParameters parameters) {
        return sets.ofLaunch(parameters.workspaceId(), parameters.launch())
                .filter(set -> set.state() != VectorSet.State.RETIRED)
                .orElseThrow(() -> new IllegalStateException("the set of this launch is gone: start a new run"));
    }

    @Bean
    Step reembedIndexStep(
            Steps steps,
            ReembedProperties properties,
            Workspaces workspaces,
            Projects projects,
            JdbcTemplate template,
            JdbcClient jdbc,
            IndexBuilder builder,
            Embedders embedders) {
        return steps.tasklet(
                        Reembed.INDEX,
                        new BuildIndexTasklet(
                                workspaces,
                                projects,
                                new VectorSets(workspaces, template),
                                new Vectors(workspaces, template),
                                new GoldenSets(workspaces, jdbc),
                                builder,
                                embedders,
                                properties.index()))
                .build();
    }

    @Bean
    Step reembedQuestionsStep(
            Steps steps,
            ReembedProperties properties,
            Workspaces workspaces,
            Projects projects,
            JdbcTemplate template,
            JdbcClient jdbc) {
        return steps.tasklet(
                        Reembed.QUESTIONS,
                        new QuestionsTasklet(
                                workspaces,
                                projects,
                                new VectorSets(workspaces, template),
                                new GoldenSets(workspaces, jdbc),
                                new AskedQuestions(workspaces, jdbc),
                                new Evaluations(workspaces, jdbc),
                                properties.evaluate()))
                .build();
    }

    @Bean
    Step reembedEvaluateStep(
            Steps steps,
            ReembedProperties properties,
            @Qualifier("reembedQuestionReader") LookAheadReader<Open, Asked> reader,
            @Qualifier("reembedAnswerWriter") ItemWriter<Answer> writer) {
        return steps.<Asked, Answer>chunks(
                        Reembed.EVALUATE, properties.evaluate().commitQuestions())
                .keyed(Asked::key)
                .reader(reader)
                .processor(Asked::answer)
                .writer(writer)
                .build();
    }

    @Bean
    @StepScope
    LookAheadReader<Open, Asked> reembedQuestionReader(
            Workspaces workspaces,
            Projects projects,
            JdbcClient jdbc,
            Embedders embedders,
            ReembedProperties properties,
            ObjectProvider<QueryTraffic> traffic,
            @Value("#{stepExecution}") StepExecution step) {
        ReembedParameters parameters = ReembedParameters.of(step);
        Searcher searcher = new Searcher(
                workspaces,
                projects,
                new ChunkSearch(jdbc),
                new QueryVectors((model, fingerprint, question) ->
                        embedders.of(model, fingerprint).embedQuery(question)));
        Evaluator evaluator = new Evaluator(searcher);
        OpenQuestions open = new OpenQuestions(
                new Evaluations(workspaces, jdbc),
                parameters.workspaceId(),
                parameters.launch(),
                properties.evaluate().sample());
        QueryTraffic queries = traffic.getIfAvailable(QueryTraffic::new);
        return new LookAheadReader<>(
                Reembed.EVALUATE,
                open::count,
                open::next,
                question -> queries.behind(
                        properties.embed().giveWay(), () -> Asked.of(evaluator, parameters.workspaceId(), question)),
                properties.evaluate().threads(),
                properties.evaluate().commitQuestions());
    }

    /// As for [VectorWriter].
    static class AnswerWriter implements ItemWriter<Answer> {

        private final Workspaces workspaces;
        private final Evaluations evaluations;
        private final ReembedParameters parameters;

        AnswerWriter(Workspaces workspaces, Evaluations evaluations, ReembedParameters parameters) {
            this.workspaces = workspaces;
            this.evaluations = evaluations;
            this.parameters = parameters;
        }

        @Override
        public void write(Chunk<? extends Answer> chunk) {
            workspaces.run(
                    parameters.workspaceId(), () -> evaluations.record(parameters.workspaceId(), chunk.getItems()));
        }
    }

    @Bean
    @StepScope
    AnswerWriter reembedAnswerWriter(
            Workspaces workspaces, JdbcClient jdbc, @Value("#{stepExecution}") StepExecution step) {
        return new AnswerWriter(workspaces, new Evaluations(workspaces, jdbc), ReembedParameters.of(step));
    }

    @Bean
    Step reembedGateStep(
            Steps steps,
            ReembedProperties properties,
            Workspaces workspaces,
            JdbcTemplate template,
            JdbcClient jdbc,
            ObjectProvider<Outbox> outbox) {
        return steps.tasklet(
                        Reembed.GATE,
                        new GateTasklet(
                                workspaces,
                                new VectorSets(workspaces, template),
                                new Vectors(workspaces, template),
                                new Evaluations(workspaces, jdbc),
                                outbox.getIfAvailable(),
                                properties))
                .build();
    }

    @Bean
    Step reembedSwitchStep(
            Steps steps,
            ReembedProperties properties,
            Workspaces workspaces,
            JdbcTemplate template,
            Embedders embedders) {
        return steps.tasklet(
                        Reembed.SWITCH,
                        new SwitchTasklet(
                                workspaces,
                                new VectorSets(workspaces, template),
                                new Vectors(workspaces, template),
                                embedders,
                                properties))
                .build();
    }
}
