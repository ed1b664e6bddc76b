package dev.tidemill.admin.runs;

import dev.tidemill.run.RunHistory;
import dev.tidemill.run.Runs;
import java.time.InstantSource;
import javax.sql.DataSource;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;

/// Jobs and runs.
///
/// Knows nothing of documents: any application with `RunConfiguration` can import it. It needs a data source
/// qualified `app`, whose connections have the role `tidemill_app`, and requests whose principal is a
/// [dev.tidemill.admin.security.ApiKeys.Caller].
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(EventProperties.class)
public class RunsConfiguration {

    @Bean
    JobsController jobsController(Runs runs) {
        return new JobsController(runs);
    }

    /// Reads as the role that answers callers, under row-level security.
    @Bean
    RunHistory runHistory(@Qualifier("app") DataSource app, Runs runs) {
        return new RunHistory(
                JdbcClient.create(app), new JdbcTransactionManager(app), runs.jobs(), InstantSource.system());
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
