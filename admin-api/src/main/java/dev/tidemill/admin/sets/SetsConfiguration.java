package dev.tidemill.admin.sets;

import dev.tidemill.admin.Repetition;
import dev.tidemill.embed.Embedders;
import dev.tidemill.reembed.ReembedProperties;
import dev.tidemill.run.Audit;
import dev.tidemill.run.Control;
import dev.tidemill.run.Runs;
import dev.tidemill.sets.SetAudit;
import dev.tidemill.sets.SoakEnd;
import dev.tidemill.store.Evaluations;
import dev.tidemill.store.Projects;
import dev.tidemill.store.SoakedSets;
import dev.tidemill.store.VectorSets;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Workspaces;
import java.time.Duration;
import java.time.Instant;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Vector sets, on the connections of the app role.
@Configuration(proxyBeanMethods = false)
public class SetsConfiguration {

    private static final Duration SOAKED_EVERY = Duration.ofSeconds(30);

    /// In every server: it does not matter which one finds a set whose time to be gone back to is over.
    @Bean
    Repetition soakWatch(
            Control control,
            @Qualifier("app") Workspaces workspaces,
            @Qualifier("app") JdbcTemplate template,
            @Qualifier("app") JdbcClient jdbc) {
        SoakEnd end = new SoakEnd(
                control, new SoakedSets(control.jdbc()), new VectorSets(workspaces, template), new Audit(jdbc));
        return new Repetition("soak-watch", SOAKED_EVERY, () -> end.look(Instant.now()));
    }

    @Bean
    SetsController setsController(
            @Qualifier("app") Workspaces workspaces,
            @Qualifier("app") JdbcTemplate template,
            @Qualifier("app") JdbcClient jdbc,
            Embedders embedders,
            Runs runs,
            ReembedProperties properties) {
        return new SetsController(
                workspaces,
                new Projects(workspaces, jdbc),
                new VectorSets(workspaces, template),
                new Evaluations(workspaces, jdbc),
                new SetAudit(workspaces, new Vectors(workspaces, template), embedders),
                new Audit(jdbc),
                runs,
                properties.soak());
    }
}
