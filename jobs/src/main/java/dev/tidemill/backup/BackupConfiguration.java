package dev.tidemill.backup;

import dev.tidemill.backup.BackupRows.Kept;
import dev.tidemill.backup.PartPlan.Todo;
import dev.tidemill.embed.Embedders;
import dev.tidemill.run.Control;
import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.JobParameter;
import dev.tidemill.run.Steps;
import dev.tidemill.search.QueryVectors;
import java.util.List;
import org.springframework.batch.core.configuration.annotation.StepScope;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.step.Step;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.item.ItemWriter;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The backup job and its steps, in the order in which they run.
@Configuration(proxyBeanMethods = false)
@Import({
    ArchivesConfiguration.class,
    RestoreConfiguration.class,
    RehearseConfiguration.class,
    PhysicalConfiguration.class
})
public class BackupConfiguration {

    @Bean
    BackupRows backupRows(JdbcClient jdbc) {
        return new BackupRows(jdbc);
    }

    @Bean
    Backups backups(
            Premises premises,
            Archives archives,
            Depot depot,
            BackupRows rows,
            BackupProperties properties,
            PhysicalBackups physical) {
        return new Backups(premises, archives, depot, rows, properties, physical);
    }

    @Bean
    Questions backupQuestions(Embedders embedders) {
        return new Questions(new QueryVectors((model, fingerprint, question) ->
                embedders.of(model, fingerprint).embedQuery(question)));
    }

    @Bean
    BackupJob backupSteps(
            Premises premises, Depot depot, BackupRows rows, Questions questions, BackupProperties properties) {
        return new BackupJob(premises, depot, rows, questions, properties);
    }

    @Bean
    WalShipping walShipping(Premises premises, Depot depot, Control control) {
        return new WalShipping(premises, depot, control);
    }

    @Bean
    BackupRequests backupRequests(
            Premises premises, Depot depot, Archives archives, BackupRows rows, BackupProperties properties) {
        return new BackupRequests(premises, depot, archives, rows, properties);
    }

    @Bean
    Job backupJob(
            Steps steps,
            BackupJob backup,
            @Qualifier("backupBeginStep") Step begin,
            @Qualifier("backupPartsStep") Step parts,
            @Qualifier("backupSealStep") Step seal,
            @Qualifier("backupExpireStep") Step expire) {
        return steps.job(BackupJob.JOB)
                .listener(backup)
                .start(begin)
                .next(parts)
                .next(seal)
                .next(expire)
                .build();
    }

    @Bean
    JobDefinition backupDefinition(
            @Qualifier("backupJob") Job job, BackupRequests requests, BackupProperties properties) {
        return JobDefinition.of(job, "copies the database under one snapshot into sealed parts, the manifest last")
                .parameter(JobParameter.choice(
                                Parameters.SCOPE,
                                List.of("full", "schema", "data", "workspace", "cluster"),
                                "what to copy")
                        .orElse("full"))
                .parameter(JobParameter.text(
                                Parameters.WORKSPACE_ONLY,
                                "id or slug of the workspace, with scope=workspace; default the caller's")
                        .optional())
                .prepared(requests::backup)
                .planned(requests::backupPlan)
                .configuredBy(properties)
                .policy(properties.run())
                .build();
    }

    /// Again in every run: a snapshot ends with the process that took it, unless it is gone on with in time.
    @Bean
    Step backupBeginStep(Steps steps, BackupJob backup) {
        return steps.workInEveryRun(BackupJob.BEGIN, backup::begin).build();
    }

    @Bean
    Step backupPartsStep(
            Steps steps,
            @Qualifier("backupPartReader") AheadReader<Todo, Kept> reader,
            @Qualifier("backupPartWriter") ItemWriter<Kept> writer) {
        return steps.<Kept, Kept>chunks(BackupJob.PARTS, 1)
                .reader(reader)
                .writer(writer)
                .build();
    }

    @Bean
    @StepScope
    AheadReader<Todo, Kept> backupPartReader(BackupJob backup, @Value("#{stepExecution}") StepExecution step) {
        return backup.reader(step);
    }

    @Bean
    @StepScope
    ItemWriter<Kept> backupPartWriter(BackupJob backup, @Value("#{stepExecution}") StepExecution step) {
        return (Chunk<? extends Kept> chunk) -> backup.written(step, chunk);
    }

    @Bean
    Step backupSealStep(Steps steps, BackupJob backup) {
        return steps.work(BackupJob.SEAL, backup::seal).build();
    }

    @Bean
    Step backupExpireStep(Steps steps, Backups backups, BackupProperties properties) {
        return steps.work(BackupJob.EXPIRE, step -> {
                    if (properties.retention().afterBackup()) {
                        backups.expire(false);
                    }
                })
                .build();
    }
}
