package dev.tidemill.admin.runs;

import dev.tidemill.run.Runs;
import dev.tidemill.store.Workspaces;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Jobs and runs.
@Configuration(proxyBeanMethods = false)
public class RunsConfiguration {

    @Bean
    JobsController jobsController(Runs runs) {
        return new JobsController(runs);
    }

    @Bean
    RunsController runsController(Runs runs) {
        return new RunsController(runs);
    }

    @Bean
    DeadLettersController deadLettersController(
            @Qualifier("app") Workspaces workspaces, @Qualifier("app") JdbcClient jdbc) {
        return new DeadLettersController(new DeadLetterList(workspaces, jdbc));
    }
}
