package dev.tidemill.admin.runs;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.run.RunHistory;
import dev.tidemill.run.Runs;
import java.time.InstantSource;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;

/// Jobs and runs.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(EventProperties.class)
public class RunsConfiguration {

    @Bean
    JobsController jobsController(Runs runs) {
        return new JobsController(runs);
    }

    /// Reads as the role that answers callers, under row-level security.
    @Bean
    RunHistory runHistory(@Qualifier("app") HikariDataSource pool, @Qualifier("app") JdbcClient jdbc, Runs runs) {
        return new RunHistory(jdbc, new JdbcTransactionManager(pool), runs.jobs(), InstantSource.system());
    }

    @Bean
    RunsController runsController(Runs runs, RunHistory history) {
        return new RunsController(runs, history);
    }

    @Bean
    RunEvents runEvents(RunHistory history, EventProperties properties) {
        return new RunEvents(history, properties);
    }

    @Bean
    RunEventsController runEventsController(RunEvents events) {
        return new RunEventsController(events);
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
