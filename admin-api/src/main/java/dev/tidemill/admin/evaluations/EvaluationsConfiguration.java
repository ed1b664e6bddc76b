package dev.tidemill.admin.evaluations;

import dev.tidemill.store.Evaluations;
import dev.tidemill.store.GoldenSets;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Workspaces;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Golden sets and evaluations, on the connections of the app role.
@Configuration(proxyBeanMethods = false)
public class EvaluationsConfiguration {

    @Bean
    GoldenSetsController goldenSetsController(
            @Qualifier("app") Workspaces workspaces, @Qualifier("app") JdbcClient jdbc) {
        return new GoldenSetsController(new Projects(workspaces, jdbc), new GoldenSets(workspaces, jdbc));
    }

    @Bean
    EvaluationsController evaluationsController(
            @Qualifier("app") Workspaces workspaces, @Qualifier("app") JdbcClient jdbc) {
        return new EvaluationsController(new Projects(workspaces, jdbc), new Evaluations(workspaces, jdbc));
    }
}
