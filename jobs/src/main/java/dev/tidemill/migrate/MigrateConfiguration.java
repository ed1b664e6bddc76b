package dev.tidemill.migrate;

import dev.tidemill.document.ContentHash;
import dev.tidemill.migrate.Backfills.Row;
import dev.tidemill.precaution.PrecautionConfiguration;
import dev.tidemill.precaution.Precautions;
import dev.tidemill.run.Control;
import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.Plan;
import dev.tidemill.run.Prepared;
import dev.tidemill.run.Progress;
import dev.tidemill.run.Steps;
import dev.tidemill.store.Workspaces;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.batch.core.configuration.annotation.StepScope;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;

/// The migrate job: fills in what change sets left open, then says which of them are done.
@Configuration(proxyBeanMethods = false)
@Import(PrecautionConfiguration.class)
@EnableConfigurationProperties(MigrateProperties.class)
public class MigrateConfiguration {

    /// The job's name in runs, dead letters, YAML and endpoints.
    public static final String JOB = "migrate";

    @Bean
    Job migrateJob(
            Steps steps,
            MigrateProperties properties,
            Backfills backfills,
            BackfillReader backfillReader,
            Precautions precautions,
            PlatformTransactionManager transactionManager) {
        BackfillWriter writer = new BackfillWriter(backfills, transactionManager);
        return steps.job(JOB)
                .start(steps.tasklet("precaution", (contribution, context) -> {
                            long left = left(backfills);
                            Precautions.Taken taken = precautions.before(
                                    contribution.getStepExecution(),
                                    properties.backupBefore(),
                                    left,
                                    left + " rows are to be changed",
                                    true);
                            Progress.message(
                                    contribution
                                            .getStepExecution()
                                            .getJobExecution()
                                            .getExecutionContext(),
                                    taken.told());
                            return taken.goesOn() ? RepeatStatus.CONTINUABLE : RepeatStatus.FINISHED;
                        })
                        .build())
                .next(steps.<Row, Row>chunks("backfill", properties.commitRows())
                        .items(writer)
                        .reader(backfillReader)
                        .writer(writer)
                        .build())
                .next(steps.tasklet("finish", (contribution, context) -> finish(backfills, contribution))
                        .build())
                .build();
    }

    private static long left(Backfills backfills) {
        return backfills.open().stream().mapToLong(backfills::left).sum();
    }

    private static RepeatStatus finish(Backfills backfills, StepContribution contribution) {
        List<String> done = new ArrayList<>();
        List<String> open = new ArrayList<>();
        for (Backfill backfill : backfills.open()) {
            long left = backfills.left(backfill);
            if (left == 0) {
                backfills.done(backfill);
                done.add(backfill.changeSet());
            } else {
                open.add(backfill.changeSet() + " (" + left + " rows)");
            }
        }
        List<String> told = new ArrayList<>();
        if (!done.isEmpty()) {
            told.add("filled in: " + String.join(", ", done));
        }
        if (!open.isEmpty()) {
            told.add("still open: " + String.join(", ", open));
        }
        List<String> unknown = backfills.unknown();
        if (!unknown.isEmpty()) {
            told.add(unknown(unknown));
        }
        Progress.message(
                contribution.getStepExecution().getJobExecution().getExecutionContext(),
                told.isEmpty() ? "nothing to fill in" : String.join("; ", told));
        return RepeatStatus.FINISHED;
    }

    private static String unknown(List<String> changeSets) {
        return "not known to this version of the program: " + String.join(", ", changeSets)
                + " (a newer one has changed the schema: run it there)";
    }

    @Bean
    JobDefinition migrateDefinition(
            @Qualifier("migrateJob") Job job,
            MigrateProperties properties,
            Backfills backfills,
            Precautions precautions) {
        return JobDefinition.of(job, "fills in data that changes of the schema left open, in all workspaces")
                .prepared((workspace, given) -> new Prepared("backfills of the schema", given))
                .planned((workspace, given) -> plan(backfills, properties, precautions))
                .configuredBy(properties)
                .policy(properties.run())
                .build();
    }

    private static Plan plan(Backfills backfills, MigrateProperties properties, Precautions precautions) {
        Map<String, Long> counts = new LinkedHashMap<>();
        backfills.open().forEach(backfill -> counts.put(backfill.changeSet(), backfills.left(backfill)));
        List<String> notes = new ArrayList<>();
        precautions
                .reason(properties.backupBefore(), left(backfills))
                .ifPresent(reason -> notes.add(reason + ": what is done about it says migrate.backup-before ("
                        + properties.backupBefore().mode() + ")"));
        List<String> unknown = backfills.unknown();
        if (!unknown.isEmpty()) {
            notes.add(unknown(unknown));
        }
        return new Plan(
                counts,
                0,
                BigDecimal.ZERO,
                Duration.ZERO,
                0,
                notes,
                ContentHash.of(counts.toString()).hex());
    }

    @Bean
    Backfills backfills(Control control, Workspaces workspaces, JdbcClient jdbc) {
        return new Backfills(control, workspaces, jdbc);
    }

    @Bean
    @StepScope
    BackfillReader backfillReader(Backfills backfills, MigrateProperties properties) {
        return new BackfillReader(backfills, properties);
    }
}
