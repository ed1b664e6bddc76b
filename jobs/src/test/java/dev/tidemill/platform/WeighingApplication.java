package dev.tidemill.platform;

import dev.tidemill.run.DeadLetters;
import dev.tidemill.run.ErrorClass;
import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.JobParameter;
import dev.tidemill.run.RunConfiguration;
import dev.tidemill.run.Steps;
import java.util.UUID;
import org.springframework.batch.core.job.Job;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Weighs sacks: a job with its own two tables, on the platform alone.
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import(RunConfiguration.class)
public class WeighingApplication {

    /// One sack in each transaction; a sack without a weight becomes a dead letter.
    @Bean
    Job weighJob(Steps steps, JdbcClient jdbc, DeadLetters letters) {
        return steps.job("weigh")
                .start(steps.tasklet("weigh", (contribution, context) -> {
                            var execution = contribution.getStepExecution().getJobExecution();
                            UUID workspace = UUID.fromString(
                                    String.valueOf(execution.getJobParameters().getString("workspace")));
                            return weighNext(jdbc, letters, workspace, execution.getId());
                        })
                        .build())
                .build();
    }

    private static RepeatStatus weighNext(JdbcClient jdbc, DeadLetters letters, UUID workspace, long run) {
        // Tables with a workspace show and take the rows of the workspace that the transaction names.
        jdbc.sql("SELECT set_config('tidemill.workspace_id', :workspace, true)")
                .param("workspace", workspace.toString())
                .query(String.class)
                .single();
        var sack = jdbc.sql(
                        "SELECT id, grams FROM sacks s WHERE id > (SELECT coalesce(max(id), 0) FROM weighed) ORDER BY id LIMIT 1")
                .query((row, number) -> new int[] {row.getInt("id"), row.getInt("grams")})
                .optional();
        if (sack.isEmpty()) {
            return RepeatStatus.FINISHED;
        }
        int id = sack.get()[0];
        int grams = sack.get()[1];
        if (grams == 0) {
            letters.record(new DeadLetters.Entry(
                    workspace,
                    "weigh",
                    "weigh",
                    "sack " + id,
                    null,
                    run,
                    ErrorClass.DATA,
                    "EMPTY",
                    "the sack weighs nothing",
                    null,
                    null));
        }
        jdbc.sql("INSERT INTO weighed (id, grams) VALUES (:id, :grams)")
                .param("id", id)
                .param("grams", grams)
                .update();
        return RepeatStatus.CONTINUABLE;
    }

    @Bean
    JobDefinition weighing(Job weighJob) {
        return JobDefinition.of(weighJob, "weighs what has not been weighed")
                .parameter(JobParameter.text("mill", "which mill").orElse("all"))
                .build();
    }
}
