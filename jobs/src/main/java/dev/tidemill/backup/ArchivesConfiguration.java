package dev.tidemill.backup;

import java.nio.file.Path;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/// The target and the keys to it, without a database.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(BackupProperties.class)
public class ArchivesConfiguration {

    @Bean
    Depot depot(BackupProperties properties, @Value("${tidemill.home}") Path home, Environment environment) {
        return new Depot(properties, home, name -> environment.getProperty(name, ""));
    }

    @Bean
    Archives archives(Depot depot) {
        return new Archives(depot);
    }
}
