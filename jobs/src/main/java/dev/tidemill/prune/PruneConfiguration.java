package dev.tidemill.prune;

import dev.tidemill.precaution.PrecautionConfiguration;
import dev.tidemill.precaution.Precautions;
import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.JobParameter;
import dev.tidemill.run.Runs;
import dev.tidemill.run.Steps;
import dev.tidemill.store.IndexBloat;
import dev.tidemill.store.IndexBuilder;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Publisher;
import dev.tidemill.store.Workspaces;
import java.time.InstantSource;
import java.util.Locale;
import org.springframework.batch.core.configuration.annotation.StepScope;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.job.builder.SimpleJobBuilder;
import org.springframework.batch.core.step.Step;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/// The prune job: the guard, a step for each kind of what may go, the account.
@Configuration(proxyBeanMethods = false)
@Import(PrecautionConfiguration.class)
@EnableConfigurationProperties(PruneProperties.class)
public class PruneConfiguration {

    @Bean
    Job pruneJob(
            Steps steps,
            PruneProperties properties,
            PruneParameters parameters,
            Remains remains,
            Workspaces workspaces,
            JdbcClient jdbc,
            Precautions precautions,
            PruneReader pruneReader,
            PruneWriter pruneWriter,
            ObjectProvider<IndexBuilder> builder) {
        SimpleJobBuilder job = steps.job(Prune.JOB)
                .start(steps.tasklet(Prune.GUARD, new GuardTasklet(parameters, remains, properties.massDelete()))
                        .build())
                .next(steps.tasklet(
                                Prune.PRECAUTION,
                                new PrecautionTasklet(parameters, remains, precautions, properties.backupBefore()))
                        .build());
        for (PruneKind kind : PruneKind.values()) {
            Step step = steps.<Doomed, Doomed>chunks(
                            kind.step(), properties.batch().commitItems())
                    .items(pruneWriter)
                    .reader(pruneReader)
                    .writer(pruneWriter)
                    .build();
            job = job.next(step);
        }
        ReindexTasklet reindex =
                new ReindexTasklet(parameters, workspaces, new IndexBloat(jdbc), builder.getIfAvailable());
        return job.next(steps.tasklet(Prune.REINDEX, reindex).build())
                .next(steps.tasklet(Prune.ACCOUNT, new AccountTasklet(parameters, workspaces, remains, jdbc))
                        .build())
                .build();
    }

    @Bean
    JobDefinition pruneDefinition(
            @Qualifier("pruneJob") Job job,
            PruneProperties properties,
            PruneParameters parameters,
            Remains remains,
            Precautions precautions) {
        return JobDefinition.of(job, "removes what its retention is over for")
                .parameter(JobParameter.text("project", "slug of the only project whose documents are looked at")
                        .optional())
                .parameter(JobParameter.of(
                                "asOf", JobParameter.Type.TIMESTAMP, "the time to go by; without it the last full hour")
                        .optional())
                .parameter(JobParameter.flag("allowMassDelete", "remove documents however many they are"))
                .prepared(parameters::prepare)
                .planned(new PrunePlanner(parameters, remains, properties, precautions)::plan)
                .configuredBy(properties)
                .policy(properties.run())
                .build();
    }

    @Bean
    PruneParameters pruneParameters(
            Projects projects, PruneProperties properties, ObjectProvider<InstantSource> clock) {
        return new PruneParameters(projects, properties, clock.getIfAvailable(InstantSource::system));
    }

    @Bean
    Remains remains(Workspaces workspaces, JdbcClient jdbc) {
        return new Remains(workspaces, jdbc);
    }

    /// One for each execution of a step: the step's name says which kind it is.
    @Bean
    @StepScope
    PruneReader pruneReader(
            Remains remains, PruneParameters parameters, @Value("#{stepExecution}") StepExecution step) {
        return new PruneReader(remains, parameters.of(step), kind(step));
    }

    @Bean
    @StepScope
    PruneWriter pruneWriter(
            Workspaces workspaces,
            JdbcClient jdbc,
            Remains remains,
            Runs runs,
            PlatformTransactionManager transactionManager,
            PruneParameters parameters,
            @Value("#{stepExecution}") StepExecution step) {
        return new PruneWriter(
                workspaces,
                new Undertaker(jdbc, remains, new Publisher(jdbc), runs.purge()),
                transactionManager,
                parameters.of(step),
                kind(step));
    }

    private static PruneKind kind(StepExecution step) {
        return PruneKind.valueOf(step.getStepName().toUpperCase(Locale.ROOT));
    }
}
