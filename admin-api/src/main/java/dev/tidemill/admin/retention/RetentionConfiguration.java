package dev.tidemill.admin.retention;

import dev.tidemill.prune.Forget;
import dev.tidemill.prune.Retention;
import dev.tidemill.run.Runs;
import dev.tidemill.store.IndexBloat;
import dev.tidemill.store.Workspaces;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.MeterBinder;
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
    MeterBinder indexBloatMetric(@Qualifier("app") JdbcClient jdbc) {
        IndexBloat indexes = new IndexBloat(jdbc);
        return meters -> Gauge.builder(
                        "tidemill.vector.index.bloat",
                        indexes,
                        all -> all.all().stream()
                                .mapToDouble(IndexBloat.Index::times)
                                .max()
                                .orElse(1))
                .description("How many times the size that it needs the most bloated index of vectors has")
                .register(meters);
    }

    @Bean
    ForgetController forgetController(
            @Qualifier("app") Workspaces workspaces, @Qualifier("app") JdbcClient jdbc, Runs runs) {
        return new ForgetController(new Forget(workspaces, jdbc, runs));
    }
}
