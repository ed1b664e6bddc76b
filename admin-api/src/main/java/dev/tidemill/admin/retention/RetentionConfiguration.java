package dev.tidemill.admin.retention;

import dev.tidemill.prune.Forget;
import dev.tidemill.prune.Retention;
import dev.tidemill.run.Runs;
import dev.tidemill.store.Workspaces;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Retention over HTTP.
@Configuration(proxyBeanMethods = false)
public class RetentionConfiguration {

    @Bean
    RetentionController retentionController(
            @Qualifier("app") Workspaces workspaces, @Qualifier("app") JdbcClient jdbc, Runs runs) {
        return new RetentionController(new Retention(workspaces, jdbc), runs);
    }

    @Bean
    ForgetController forgetController(
            @Qualifier("app") Workspaces workspaces, @Qualifier("app") JdbcClient jdbc, Runs runs) {
        return new ForgetController(new Forget(workspaces, jdbc, runs));
    }
}
