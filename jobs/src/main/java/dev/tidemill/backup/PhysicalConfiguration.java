package dev.tidemill.backup;

import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.JobParameter;
import dev.tidemill.run.Prepared;
import dev.tidemill.run.Progress;
import dev.tidemill.run.Steps;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// The job that drives pgBackRest where `backup.engine` names it.
@Configuration(proxyBeanMethods = false)
class PhysicalConfiguration {

    static final String JOB = "pgbackrest";
    private static final String TYPE = "type";

    @Bean
    PhysicalBackups physicalBackups(Premises premises, Depot depot) {
        return new PhysicalBackups(premises, depot);
    }

    @Bean
    Job pgbackrestJob(Steps steps, PhysicalBackups backups) {
        return steps.job(JOB)
                .start(steps.work("work", step -> work(step, backups)).build())
                .build();
    }

    private static void work(StepExecution step, PhysicalBackups backups) {
        String type = Parameters.text(step, TYPE);
        String told;
        if (type.equals("verify")) {
            backups.verify();
            told = "pgbackrest verify found everything as it was written";
        } else {
            PhysicalBackups.Physical made = backups.make(type);
            told = "pgbackrest made " + made.label() + ", " + made.bytes() + " bytes"
                    + (made.error() ? "; PAGES WITH A WRONG CHECKSUM were found: look at its log" : "");
        }
        Progress.message(step.getJobExecution().getExecutionContext(), told);
    }

    @Bean
    JobDefinition pgbackrestDefinition(
            @Qualifier("pgbackrestJob") Job job,
            BackupRequests requests,
            PhysicalBackups backups,
            BackupProperties properties) {
        return JobDefinition.of(job, "makes or verifies physical backups of the private cluster with pgBackRest")
                .parameter(JobParameter.choice(
                                TYPE,
                                List.of("full", "diff", "incr", "verify"),
                                "what to make, or verify the repository")
                        .orElse("full"))
                .prepared((asker, given) -> prepare(asker, given, requests, backups))
                .configuredBy(properties)
                .policy(properties.run())
                .build();
    }

    private static Prepared prepare(
            UUID asker, Map<String, String> given, BackupRequests requests, PhysicalBackups backups) {
        requests.requireOperator(asker, TYPE);
        if (!backups.byPgBackRest()) {
            throw new InvalidParameter(
                    TYPE, "backup.engine is tidemill: set it to pgbackrest, or make a backup with scope=cluster");
        }
        return new Prepared("pgbackrest", given);
    }
}
