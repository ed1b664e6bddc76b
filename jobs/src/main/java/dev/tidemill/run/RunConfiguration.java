package dev.tidemill.run;

import java.time.Duration;
import javax.sql.DataSource;
import org.springframework.batch.core.launch.JobOperator;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.repository.dao.JacksonExecutionContextStringSerializer;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The beans of the run platform, in the order in which they are needed.
@Configuration(proxyBeanMethods = false)
public class RunConfiguration {

    /// Execution contexts as readable JSON instead of serialized Java objects.
    @Bean
    JacksonExecutionContextStringSerializer executionContextSerializer() {
        return new JacksonExecutionContextStringSerializer();
    }

    @Bean
    RunListener runListener() {
        return new RunListener();
    }

    @Bean
    RunLimits runLimits(
            @Value("${tidemill.runs.attempts:5}") int attempts,
            @Value("${tidemill.runs.backoff:1s}") Duration backoff,
            @Value("${tidemill.runs.multiplier:2}") double multiplier,
            @Value("${tidemill.runs.max-backoff:1m}") Duration maxBackoff) {
        return new RunLimits(attempts, backoff, multiplier, maxBackoff);
    }

    @Bean
    Runs runs(
            DataSource dataSource,
            RunListener listener,
            JobOperator operator,
            JobRepository repository,
            JdbcClient jdbc,
            RunLimits limits) {
        return new Runs(new RunLocks(dataSource), listener, operator, repository, jdbc, limits);
    }

    @Bean
    DeadLetters deadLetters(JdbcClient jdbc) {
        return new DeadLetters(jdbc);
    }

    /// Only a server resumes what others left; a command does what it was asked to.
    @Bean
    @ConditionalOnProperty("tidemill.supervisor.interval")
    Supervisor supervisor(Runs runs, @Value("${tidemill.supervisor.interval}") Duration interval) {
        return new Supervisor(runs, interval);
    }
}
