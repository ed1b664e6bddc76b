package dev.tidemill.admin.runs;

import dev.tidemill.run.Runs;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

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
    DeadLettersController deadLettersController(Runs runs) {
        return new DeadLettersController(runs);
    }

    @Bean
    PlansController plansController(Runs runs) {
        return new PlansController(runs);
    }
}
