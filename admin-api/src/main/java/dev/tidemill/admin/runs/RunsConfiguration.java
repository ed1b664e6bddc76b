package dev.tidemill.admin.runs;

import dev.tidemill.ingest.Ingest;
import dev.tidemill.run.Runs;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Workspaces;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Jobs and runs.
@Configuration(proxyBeanMethods = false)
public class RunsConfiguration {

    @Bean
    RunsController runsController(
            Runs runs,
            Ingest ingest,
            Projects projects,
            @Qualifier("app") Workspaces workspaces,
            @Qualifier("app") JdbcClient jdbc) {
        return new RunsController(runs, ingest, projects, new DeadLetterList(workspaces, jdbc));
    }
}
