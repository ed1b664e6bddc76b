package dev.tidemill.backup;

import dev.tidemill.backup.PostData.Stage;
import dev.tidemill.backup.PostData.Work;
import dev.tidemill.run.Control;
import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.JobParameter;
import dev.tidemill.run.LeaseCheck;
import dev.tidemill.run.StepWork;
import dev.tidemill.run.Steps;
import java.nio.file.Path;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import org.springframework.batch.core.configuration.annotation.StepScope;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.step.Step;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// The jobs that read backups: *verify* looks at what lies in the target, *restore* makes a database of it, *drill*
/// does both, asks the database what was asked when the backup was made, and removes it.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({RestoreProperties.class, DrillProperties.class, VerifyProperties.class})
class RestoreConfiguration {

    static final String VERIFY = "verify";

    @Bean
    RestoreJob restoreSteps(
            Premises premises,
            Depot depot,
            BackupRows rows,
            Questions questions,
            RestoreProperties properties,
            DrillProperties drill,
            Control control,
            LeaseCheck leases,
            Scratch scratch) {
        return new RestoreJob(premises, depot, rows, questions, properties, drill, control, leases, scratch);
    }

    @Bean
    Scratch scratch(Premises premises, Control control, @Value("${tidemill.home}") Path home) {
        return new Scratch(premises, control, home);
    }

    @Bean
    ScratchSweep scratchSweep(Scratch scratch) {
        return new ScratchSweep(scratch);
    }

    @Bean
    ScratchRequests scratchRequests(Premises premises, BackupRequests requests) {
        return new ScratchRequests(premises, requests);
    }

    @Bean
    Job verifyJob(Steps steps, @Qualifier("restoreCheckStep") Step check, @Qualifier("verifyNoteStep") Step note) {
        return steps.job(VERIFY).start(check).next(note).build();
    }

    @Bean
    LoadingSteps loadingSteps(
            @Qualifier("restorePreflightStep") Step preflight,
            @Qualifier("restoreCheckStep") Step check,
            @Qualifier("restoreCreateStep") Step create,
            @Qualifier("restoreLoadStep") Step load,
            @Qualifier("restoreConstrainStep") Step constrain,
            @Qualifier("restoreSettleStep") Step settle,
            @Qualifier("restoreRestStep") Step rest,
            @Qualifier("restoreRestKeysStep") Step restKeys,
            @Qualifier("restoreRelateStep") Step relate,
            @Qualifier("restoreIndexStep") Step index,
            @Qualifier("restoreConcludeStep") Step conclude) {
        return new LoadingSteps(
                List.of(preflight, check, create, load, constrain, settle, rest, restKeys, relate),
                List.of(index, conclude));
    }

    @Bean
    Job restoreJob(
            Steps steps,
            LoadingSteps loading,
            @Qualifier("restoreCleanStep") Step clean,
            @Qualifier("restoreFinishStep") Step finish) {
        return loading.everything(steps.job(RestoreJob.RESTORE))
                .next(clean)
                .next(finish)
                .build();
    }

    @Bean
    Job drillJob(
            Steps steps,
            RestoreJob restore,
            LoadingSteps loading,
            @Qualifier("drillRecoverStep") Step recover,
            @Qualifier("drillExamineStep") Step examine,
            @Qualifier("drillDiscardStep") Step discard,
            @Qualifier("drillJudgeStep") Step judge) {
        return loading.everything(steps.job(RestoreJob.DRILL).listener(restore))
                .next(recover)
                .next(examine)
                .next(discard)
                .next(judge)
                .build();
    }

    private static JobParameter backup() {
        return JobParameter.text(Parameters.BACKUP, "id of a backup, or latest").orElse("latest");
    }

    @Bean
    JobDefinition verifyDefinition(
            @Qualifier("verifyJob") Job job, BackupRequests requests, VerifyProperties properties) {
        return JobDefinition.of(job, "reads a backup in the target and compares it with its manifest")
                .parameter(backup())
                .parameter(JobParameter.choice("level", List.of("1", "2"), "1 manifest and sizes, 2 every byte")
                        .orElse("2"))
                .prepared(requests::verify)
                .configuredBy(properties)
                .policy(properties.run())
                .build();
    }

    @Bean
    JobDefinition restoreDefinition(
            @Qualifier("restoreJob") Job job, BackupRequests requests, RestoreProperties properties) {
        return JobDefinition.of(job, "makes a new database of a backup; the live one is never written to")
                .parameter(backup())
                .parameter(JobParameter.text(Parameters.DATABASE, "name of the new database"))
                .parameter(JobParameter.text(
                                Parameters.WORKSPACE_ONLY, "id of the one workspace to take out of the backup")
                        .optional())
                .prepared(requests::restore)
                .planned(requests::restorePlan)
                .configuredBy(properties)
                .policy(properties.run())
                .build();
    }

    @Bean
    JobDefinition drillDefinition(@Qualifier("drillJob") Job job, BackupRequests requests, DrillProperties properties) {
        return JobDefinition.of(job, "restores a backup into a scratch database, compares it and asks it questions")
                .parameter(backup())
                .prepared(requests::drill)
                .planned(requests::drillPlan)
                .configuredBy(properties)
                .policy(properties.run())
                .build();
    }

    /// Again in every run: the world may have changed.
    @Bean
    Step restorePreflightStep(Steps steps, RestoreJob restore) {
        return again(steps, "preflight", restore::preflight);
    }

    @Bean
    Step restoreCheckStep(
            Steps steps,
            @Qualifier("checkedPartsReader") AheadReader<Manifest.Part, CheckedParts.Seen> reader,
            @Qualifier("checkedParts") CheckedParts parts) {
        return steps.<CheckedParts.Seen, CheckedParts.Seen>chunks("check", 1)
                .reader(reader)
                .writer(parts)
                .build();
    }

    @Bean
    @StepScope
    CheckedParts checkedParts(Depot depot, BackupRows rows, @Value("#{stepExecution}") StepExecution step) {
        return new CheckedParts(
                depot.catalogue(),
                rows,
                Parameters.text(step, Parameters.BACKUP),
                !"1".equals(Parameters.optional(step, "level")));
    }

    @Bean
    @StepScope
    AheadReader<Manifest.Part, CheckedParts.Seen> checkedPartsReader(
            @Qualifier("checkedParts") CheckedParts parts, RestoreProperties properties) {
        return parts.reader(properties.threads());
    }

    @Bean
    Step verifyNoteStep(Steps steps, Depot depot, BackupRows rows) {
        return steps.work("note", step -> {
                    Catalogue catalogue = depot.catalogue();
                    Catalogue.Archive archive = catalogue.open(Parameters.text(step, Parameters.BACKUP));
                    Marks marks = catalogue.marks(archive);
                    int shown = "1".equals(Parameters.optional(step, "level")) ? 1 : 2;
                    if (marks.level() <= shown) {
                        catalogue.mark(archive, marks.atLevel(shown, Instant.now()));
                        rows.level(archive.manifest().id(), shown);
                    }
                })
                .build();
    }

    @Bean
    Step restoreCreateStep(Steps steps, RestoreJob restore) {
        return again(steps, "create", restore::create);
    }

    /// A step whose reader does the work. Again in every run, as all that load: what is done is noted in the new
    /// database, and that of a failed drill is gone.
    private static <O> Step each(Steps steps, String name, AheadReader<?, O> reader) {
        return steps.<O, O>chunks(name, 1)
                .reader(reader)
                .writer(done -> {})
                .allowStartIfComplete(true)
                .build();
    }

    private static Step again(Steps steps, String name, StepWork work) {
        return steps.workInEveryRun(name, work).build();
    }

    @Bean
    Step restoreLoadStep(Steps steps, @Qualifier("loadReader") AheadReader<Manifest.Part, Loading.Loaded> reader) {
        return each(steps, "load", reader);
    }

    @Bean
    @StepScope
    AheadReader<Manifest.Part, Loading.Loaded> loadReader(
            RestoreJob restore, @Value("#{stepExecution}") StepExecution step) {
        return restore.loading(step, false);
    }

    @Bean
    Step restoreConstrainStep(Steps steps, @Qualifier("constrainReader") AheadReader<Work, Work> reader) {
        return each(steps, "constrain", reader);
    }

    @Bean
    @StepScope
    AheadReader<Work, Work> constrainReader(RestoreJob restore, @Value("#{stepExecution}") StepExecution step) {
        return restore.statements(step, EnumSet.of(Stage.KEYS));
    }

    @Bean
    Step restoreSettleStep(Steps steps, RestoreJob restore) {
        return again(steps, "settle", restore::settle);
    }

    @Bean
    Step restoreRestStep(Steps steps, @Qualifier("restReader") AheadReader<Manifest.Part, Loading.Loaded> reader) {
        return each(steps, "load-rest", reader);
    }

    @Bean
    @StepScope
    AheadReader<Manifest.Part, Loading.Loaded> restReader(
            RestoreJob restore, @Value("#{stepExecution}") StepExecution step) {
        return restore.loading(step, true);
    }

    @Bean
    Step restoreRestKeysStep(Steps steps, @Qualifier("restKeysReader") AheadReader<Work, Work> reader) {
        return each(steps, "constrain-rest", reader);
    }

    @Bean
    @StepScope
    AheadReader<Work, Work> restKeysReader(RestoreJob restore, @Value("#{stepExecution}") StepExecution step) {
        return restore.statements(step, EnumSet.of(Stage.LATE_KEYS));
    }

    @Bean
    Step restoreRelateStep(Steps steps, RestoreJob restore) {
        return again(steps, "relate", restore::relate);
    }

    @Bean
    Step restoreIndexStep(Steps steps, @Qualifier("indexReader") AheadReader<Work, Work> reader) {
        return each(steps, "index", reader);
    }

    @Bean
    @StepScope
    AheadReader<Work, Work> indexReader(RestoreJob restore, @Value("#{stepExecution}") StepExecution step) {
        return restore.statements(step, EnumSet.of(Stage.VALIDATION, Stage.COSTLY_INDEXES));
    }

    @Bean
    Step restoreConcludeStep(Steps steps, RestoreJob restore) {
        return again(steps, "conclude", restore::conclude);
    }

    @Bean
    Step restoreCleanStep(Steps steps, RestoreJob restore) {
        return steps.work("clean", restore::clean).build();
    }

    @Bean
    Step restoreFinishStep(Steps steps, RestoreJob restore) {
        return steps.work("finish", restore::finish).build();
    }

    @Bean
    PointInTimeDrill pointInTimeDrill(
            Premises premises,
            Depot depot,
            Archives archives,
            PhysicalBackups physical,
            Questions questions,
            DrillProperties properties) {
        return new PointInTimeDrill(premises, depot, archives, physical, questions, properties);
    }

    /// Of the private cluster, where its write-ahead log is kept.
    @Bean
    Step drillRecoverStep(Steps steps, RestoreJob restore, PointInTimeDrill drill) {
        return steps.work("recover", step -> restore.recover(step, drill)).build();
    }

    @Bean
    Step drillExamineStep(Steps steps, RestoreJob restore) {
        return steps.work("examine", restore::examine).build();
    }

    @Bean
    Step drillDiscardStep(Steps steps, RestoreJob restore) {
        return steps.work("discard", restore::discard).build();
    }

    @Bean
    Step drillJudgeStep(Steps steps, RestoreJob restore) {
        return steps.work("judge", restore::judge).build();
    }
}
