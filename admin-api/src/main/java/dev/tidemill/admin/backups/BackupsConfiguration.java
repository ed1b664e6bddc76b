package dev.tidemill.admin.backups;

import dev.tidemill.admin.Home;
import dev.tidemill.admin.StartWorkspace;
import dev.tidemill.backup.Backups;
import dev.tidemill.backup.PhysicalBackups;
import dev.tidemill.run.Runs;
import java.time.InstantSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// Backups.
@Configuration(proxyBeanMethods = false)
public class BackupsConfiguration {

    @Bean
    BackupsController backupsController(
            Backups backups, PhysicalBackups physical, Runs runs, StartWorkspace workspace) {
        return new BackupsController(backups, physical, runs, workspace.id());
    }

    @Bean
    PromotionController promotionController(Backups backups, Home home, StartWorkspace workspace) {
        return new PromotionController(backups, home.folder(), workspace.id());
    }

    @Bean
    BackupMetrics backupMetrics(Backups backups) {
        return new BackupMetrics(backups, InstantSource.system());
    }
}
