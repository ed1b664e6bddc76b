package dev.tidemill.admin;

import dev.tidemill.backup.BackupConfiguration;
import dev.tidemill.evaluate.EvaluateConfiguration;
import dev.tidemill.ingest.IngestConfiguration;
import dev.tidemill.migrate.MigrateConfiguration;
import dev.tidemill.prune.ForgetConfiguration;
import dev.tidemill.prune.PruneConfiguration;
import dev.tidemill.reclaim.ReclaimConfiguration;
import dev.tidemill.reembed.ReembedConfiguration;
import dev.tidemill.run.RunConfiguration;
import dev.tidemill.transfer.TransferConfiguration;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.batch.autoconfigure.BatchAutoConfiguration;
import org.springframework.boot.batch.jdbc.autoconfigure.BatchJdbcAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;

/// What works on runs in the server, without its web part. Only what that needs is configured: it is started often.
@SpringBootConfiguration(proxyBeanMethods = false)
@ImportAutoConfiguration({BatchAutoConfiguration.class, BatchJdbcAutoConfiguration.class})
@Import({
    SettingsCheck.class,
    DatabaseConfiguration.class,
    EmbeddingConfiguration.class,
    RunConfiguration.class,
    IngestConfiguration.class,
    ReembedConfiguration.class,
    EvaluateConfiguration.class,
    BackupConfiguration.class,
    PruneConfiguration.class,
    ForgetConfiguration.class,
    MigrateConfiguration.class,
    TransferConfiguration.class,
    ReclaimConfiguration.class
})
class WorkerConfiguration {

    /// Nobody scrapes it.
    @Bean
    MeterRegistry meterRegistry() {
        return new SimpleMeterRegistry();
    }
}
