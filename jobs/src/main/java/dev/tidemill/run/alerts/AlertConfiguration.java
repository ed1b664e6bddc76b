package dev.tidemill.run.alerts;

import dev.tidemill.run.Control;
import dev.tidemill.run.Node;
import java.time.InstantSource;
import java.util.List;
import java.util.random.RandomGenerator;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Events of runs, and their way to operators. Every process writes events; those that take care of runs of others
/// tell them.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(AlertProperties.class)
public class AlertConfiguration {

    @Bean
    Outbox outbox(JdbcClient jdbc) {
        return new Outbox(jdbc);
    }

    @Bean
    RunAlerts runAlerts(Outbox outbox) {
        return new RunAlerts(outbox);
    }

    @Bean
    Invariants invariants(Control control, Outbox outbox) {
        return new Invariants(control.jdbc(), outbox);
    }

    @Bean
    Alerts alerts(
            Control control,
            Outbox outbox,
            Invariants invariants,
            AlertProperties properties,
            Node node,
            JdbcClient jdbc) {
        // The database's clock, which all processes share.
        InstantSource clock = () -> jdbc.sql("SELECT clock_timestamp()")
                .query((row, number) -> row.getTimestamp(1))
                .single()
                .toInstant();
        Posts posts = new Posts();
        // A command needs no secrets: it tells nobody.
        List<Channel> channels = node.adopts() ? Channel.all(properties, posts, clock, System::getenv) : List.of();
        return new Alerts(
                control,
                new Watch(control.jdbc(), outbox, properties.deadLetters()),
                invariants,
                properties,
                posts,
                channels,
                clock,
                RandomGenerator.getDefault(),
                node.adopts());
    }
}
