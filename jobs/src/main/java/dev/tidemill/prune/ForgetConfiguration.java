package dev.tidemill.prune;

import dev.tidemill.prune.Oblivion.Request;
import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.JobParameter;
import dev.tidemill.run.Steps;
import dev.tidemill.store.Workspaces;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.configuration.annotation.StepScope;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/// The forget job: finds documents, erases them, scrubs everything else, looks once more and writes the receipt.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ForgetProperties.class)
public class ForgetConfiguration {

    private static final int PAGE = 500;

    @Bean
    Job forgetJob(
            Steps steps,
            ForgetProperties properties,
            ForgetRequests requests,
            Oblivion oblivion,
            Workspaces workspaces,
            JdbcClient jdbc,
            @Qualifier("forgetFindReader") ForgetReader find,
            @Qualifier("forgetFindWriter") FindWriter found,
            @Qualifier("forgetEraseReader") ForgetReader erase,
            EraseWriter eraseWriter,
            @Value("${tidemill.home:}") String home) {
        @Nullable Path folder = home.isEmpty() ? null : Path.of(home);
        return steps.job(Forget.JOB)
                .start(steps.<UUID, UUID>chunks("find", PAGE)
                        .reader(find)
                        .writer(found)
                        .build())
                .next(steps.<UUID, UUID>chunks("erase", properties.commitDocuments())
                        .items(eraseWriter)
                        .reader(erase)
                        .writer(eraseWriter)
                        .build())
                .next(steps.tasklet("scrub", new ScrubTasklet(requests, workspaces, jdbc, oblivion, folder))
                        .build())
                .next(steps.tasklet(
                                "verify",
                                new VerifyTasklet(requests, workspaces, jdbc, oblivion, properties.backups(), folder))
                        .build())
                .build();
    }

    @Bean
    JobDefinition forgetDefinition(
            @Qualifier("forgetJob") Job job, ForgetProperties properties, ForgetRequests requests) {
        return JobDefinition.of(job, "forgets a document, a source or a text, and leaves a receipt")
                .parameter(JobParameter.text(ForgetRequests.REQUEST, "id of the receipt, which says what to forget"))
                .prepared(requests::prepare)
                .planned(requests::plan)
                .configuredBy(properties)
                .policy(properties.run())
                .build();
    }

    @Bean
    Oblivion oblivion(Workspaces workspaces, JdbcClient jdbc) {
        return new Oblivion(workspaces, jdbc);
    }

    @Bean
    ForgetRequests forgetRequests(Oblivion oblivion) {
        return new ForgetRequests(oblivion);
    }

    @Bean
    @StepScope
    ForgetReader forgetFindReader(
            Oblivion oblivion, ForgetRequests requests, @Value("#{stepExecution}") StepExecution step) {
        UUID workspaceId = ForgetRequests.workspace(step);
        Request request = requests.of(step);
        return new ForgetReader(last -> oblivion.documents(workspaceId, request, false, last, PAGE), null);
    }

    @Bean
    @StepScope
    FindWriter forgetFindWriter(
            Oblivion oblivion,
            ForgetRequests requests,
            Workspaces workspaces,
            @Value("#{stepExecution}") StepExecution step) {
        return new FindWriter(oblivion, workspaces, ForgetRequests.workspace(step), requests.of(step));
    }

    @Bean
    @StepScope
    ForgetReader forgetEraseReader(
            Oblivion oblivion, ForgetRequests requests, @Value("#{stepExecution}") StepExecution step) {
        UUID workspaceId = ForgetRequests.workspace(step);
        Request request = requests.of(step);
        return new ForgetReader(
                last -> oblivion.open(workspaceId, request, last, PAGE),
                () -> oblivion.countOpen(workspaceId, request));
    }

    @Bean
    @StepScope
    EraseWriter eraseWriter(
            Oblivion oblivion,
            ForgetRequests requests,
            Workspaces workspaces,
            PlatformTransactionManager transactionManager,
            @Value("#{stepExecution}") StepExecution step) {
        return new EraseWriter(
                workspaces, oblivion, transactionManager, ForgetRequests.workspace(step), requests.of(step));
    }

    /// Notes which documents are to be erased.
    static class FindWriter implements org.springframework.batch.infrastructure.item.ItemWriter<UUID> {
        private final Oblivion oblivion;
        private final Workspaces workspaces;
        private final UUID workspaceId;
        private final Request request;

        FindWriter(Oblivion oblivion, Workspaces workspaces, UUID workspaceId, Request request) {
            this.oblivion = oblivion;
            this.workspaces = workspaces;
            this.workspaceId = workspaceId;
            this.request = request;
        }

        @Override
        public void write(Chunk<? extends UUID> chunk) {
            workspaces.run(workspaceId, () -> oblivion.note(workspaceId, request, List.copyOf(chunk.getItems())));
        }
    }
}
