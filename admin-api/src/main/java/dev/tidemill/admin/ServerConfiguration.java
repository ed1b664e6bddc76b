package dev.tidemill.admin;

import dev.tidemill.admin.alerts.AlertsConfiguration;
import dev.tidemill.admin.backups.BackupsConfiguration;
import dev.tidemill.admin.documents.DocumentsConfiguration;
import dev.tidemill.admin.evaluations.EvaluationsConfiguration;
import dev.tidemill.admin.metrics.MetricsConfiguration;
import dev.tidemill.admin.query.QueryConfiguration;
import dev.tidemill.admin.retention.RetentionConfiguration;
import dev.tidemill.admin.runs.RunsConfiguration;
import dev.tidemill.admin.schedules.SchedulesConfiguration;
import dev.tidemill.admin.security.SecurityConfiguration;
import dev.tidemill.admin.sets.SetsConfiguration;
import dev.tidemill.admin.web.WebConfiguration;
import dev.tidemill.backup.BackupConfiguration;
import dev.tidemill.evaluate.EvaluateConfiguration;
import dev.tidemill.ingest.IngestConfiguration;
import dev.tidemill.migrate.MigrateConfiguration;
import dev.tidemill.prune.ForgetConfiguration;
import dev.tidemill.prune.PruneConfiguration;
import dev.tidemill.reclaim.ReclaimConfiguration;
import dev.tidemill.reembed.ReembedConfiguration;
import dev.tidemill.run.RunConfiguration;
import dev.tidemill.run.alerts.AlertConfiguration;
import dev.tidemill.transfer.TransferConfiguration;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Import;

/// Everything that runs in the server.
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
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
    ReclaimConfiguration.class,
    WebConfiguration.class,
    SecurityConfiguration.class,
    QueryConfiguration.class,
    SetsConfiguration.class,
    EvaluationsConfiguration.class,
    DocumentsConfiguration.class,
    RunsConfiguration.class,
    BackupsConfiguration.class,
    RetentionConfiguration.class,
    SchedulesConfiguration.class,
    AlertConfiguration.class,
    AlertsConfiguration.class,
    MetricsConfiguration.class,
    HealthConfiguration.class,
    OperationsHealth.class,
    Statements.class,
    ServerFile.class
})
class ServerConfiguration {}
