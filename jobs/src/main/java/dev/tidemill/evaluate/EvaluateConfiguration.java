package dev.tidemill.evaluate;

import dev.tidemill.embed.Embedders;
import dev.tidemill.quality.Evaluator;
import dev.tidemill.quality.OpenQuestions;
import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.JobParameter;
import dev.tidemill.run.LookAheadReader;
import dev.tidemill.run.Steps;
import dev.tidemill.run.alerts.Outbox;
import dev.tidemill.search.QueryVectors;
import dev.tidemill.search.SearchMode;
import dev.tidemill.search.Searcher;
import dev.tidemill.sets.Asked;
import dev.tidemill.sets.SetAudit;
import dev.tidemill.store.ChunkSearch;
import dev.tidemill.store.Evaluations;
import dev.tidemill.store.Evaluations.Answer;
import dev.tidemill.store.Evaluations.Open;
import dev.tidemill.store.GoldenSets;
import dev.tidemill.store.Projects;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Workspaces;
import java.util.Arrays;
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

/// The evaluate job and its steps, in the order in which they run.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(EvaluateProperties.class)
public class EvaluateConfiguration {

    @Bean
    Job evaluateJob(
            Steps steps,
            @Qualifier("evaluateOpenStep") Step open,
            @Qualifier("evaluateAskStep") Step ask,
            @Qualifier("evaluateConcludeStep") Step conclude,
            @Qualifier("evaluateAuditStep") Step audit) {
        return steps.job(Evaluate.JOB)
                .start(open)
                .next(ask)
                .next(conclude)
                .next(audit)
                .build();
    }

    @Bean
    JobDefinition evaluateDefinition(
            @Qualifier("evaluateJob") Job job,
            EvaluateProperties properties,
            Workspaces workspaces,
            Projects projects,
            JdbcTemplate template,
            JdbcClient jdbc) {
        EvaluatePreparation preparation = new EvaluatePreparation(
                projects,
                new VectorSets(workspaces, template),
                new GoldenSets(workspaces, jdbc),
                new Evaluations(workspaces, jdbc));
        return JobDefinition.of(job, "asks golden questions and measures how well search finds what is relevant")
                .parameter(JobParameter.text(EvaluateParameters.PROJECT, "slug of the project")
                        .orElse("default"))
                .parameter(JobParameter.text(EvaluateParameters.GOLDEN_SET, "name of the golden set; none for all")
                        .optional())
                .parameter(JobParameter.choice(
                                EvaluateParameters.MODE,
                                Arrays.stream(SearchMode.values())
                                        .map(SearchMode::id)
                                        .toList(),
                                "how is searched")
                        .orElse(SearchMode.HYBRID.id()))
                .parameter(JobParameter.of(
                                EvaluateParameters.SET,
                                JobParameter.Type.INTEGER,
                                "vector set to ask; none for the live one")
                        .optional())
                .parameter(JobParameter.flag(
                        EvaluateParameters.CANARY,
                        "ask the canary sets of every project that has changed, and raise an alert on a fall"))
                .prepared(preparation::prepare)
                .planned(preparation::plan)
                .configuredBy(properties)
                .policy(properties.run())
                .build();
    }

    @Bean
    Step evaluateOpenStep(
            Steps steps, Workspaces workspaces, Projects projects, JdbcTemplate template, JdbcClient jdbc) {
        return steps.tasklet(
                        Evaluate.OPEN,
                        new OpenTasklet(
                                workspaces,
                                projects,
                                new VectorSets(workspaces, template),
                                new GoldenSets(workspaces, jdbc),
                                new Evaluations(workspaces, jdbc)))
                .build();
    }

    @Bean
    Step evaluateAskStep(
            Steps steps,
            EvaluateProperties properties,
            @Qualifier("evaluateReader") LookAheadReader<Open, Asked> reader,
            @Qualifier("evaluateWriter") ItemWriter<Answer> writer) {
        return steps.<Asked, Answer>chunks(Evaluate.ASK, properties.commitQuestions())
                .keyed(Asked::key)
                .reader(reader)
                .processor(Asked::answer)
                .writer(writer)
                .build();
    }

    @Bean
    @StepScope
    LookAheadReader<Open, Asked> evaluateReader(
            Workspaces workspaces,
            Projects projects,
            JdbcClient jdbc,
            Embedders embedders,
            EvaluateProperties properties,
            @Value("#{stepExecution}") StepExecution step) {
        EvaluateParameters parameters = EvaluateParameters.of(step);
        Evaluator evaluator = new Evaluator(new Searcher(
                workspaces,
                projects,
                new ChunkSearch(jdbc),
                new QueryVectors((model, fingerprint, question) ->
                        embedders.of(model, fingerprint).embedQuery(question))));
        OpenQuestions open =
                new OpenQuestions(new Evaluations(workspaces, jdbc), parameters.workspaceId(), parameters.launch(), 0);
        return new LookAheadReader<>(
                Evaluate.ASK,
                open::count,
                open::next,
                question -> Asked.of(evaluator, parameters.workspaceId(), question),
                properties.threads(),
                properties.commitQuestions());
    }

    /// A class of its own: a proxy of the scope hides a lambda's type.
    static class AnswerWriter implements ItemWriter<Answer> {

        private final Workspaces workspaces;
        private final Evaluations evaluations;
        private final EvaluateParameters parameters;

        AnswerWriter(Workspaces workspaces, Evaluations evaluations, EvaluateParameters parameters) {
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
    AnswerWriter evaluateWriter(Workspaces workspaces, JdbcClient jdbc, @Value("#{stepExecution}") StepExecution step) {
        return new AnswerWriter(workspaces, new Evaluations(workspaces, jdbc), EvaluateParameters.of(step));
    }

    @Bean
    Step evaluateConcludeStep(
            Steps steps,
            EvaluateProperties properties,
            Workspaces workspaces,
            JdbcClient jdbc,
            ObjectProvider<Outbox> outbox) {
        return steps.tasklet(
                        Evaluate.CONCLUDE,
                        new ConcludeTasklet(
                                workspaces,
                                new Evaluations(workspaces, jdbc),
                                outbox.getIfAvailable(),
                                properties.canary()))
                .build();
    }

    @Bean
    Step evaluateAuditStep(
            Steps steps,
            EvaluateProperties properties,
            Workspaces workspaces,
            JdbcTemplate template,
            Embedders embedders,
            ObjectProvider<Outbox> outbox) {
        return steps.tasklet(
                        Evaluate.AUDIT,
                        new AuditTasklet(
                                workspaces,
                                new VectorSets(workspaces, template),
                                new SetAudit(workspaces, new Vectors(workspaces, template), embedders),
                                outbox.getIfAvailable(),
                                properties.audit()))
                .build();
    }
}
