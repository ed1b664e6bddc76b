package dev.tidemill.admin;

import dev.tidemill.ingest.IngestConfiguration;
import dev.tidemill.run.RunConfiguration;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Import;

/// What works on runs in the server, without its web part.
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import({
    SettingsCheck.class,
    DatabaseConfiguration.class,
    EmbeddingConfiguration.class,
    RunConfiguration.class,
    IngestConfiguration.class
})
class WorkerConfiguration {}
