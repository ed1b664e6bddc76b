package dev.tidemill.admin.alerts;

import dev.tidemill.run.alerts.Alerts;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// Alerts.
@Configuration(proxyBeanMethods = false)
public class AlertsConfiguration {

    @Bean
    AlertsController alertsController(Alerts alerts) {
        return new AlertsController(alerts);
    }
}
