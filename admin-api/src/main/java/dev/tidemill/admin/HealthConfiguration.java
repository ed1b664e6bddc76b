package dev.tidemill.admin;

import dev.tidemill.embed.OnnxEmbedder;
import dev.tidemill.schema.Change;
import dev.tidemill.schema.Schema;
import java.util.List;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

/// What must be well for the server to be ready. Whatever cannot be asked counts as down.
@Configuration(proxyBeanMethods = false)
class HealthConfiguration {

    /// Both roles reach the database, and as the role they should have.
    @Bean
    HealthIndicator databaseHealthIndicator(JdbcClient batch, @Qualifier(DatabaseConfiguration.APP) JdbcClient app) {
        return () -> {
            String batchRole = role(batch);
            String appRole = role(app);
            boolean well = batchRole.equals("tidemill_batch") && appRole.equals("tidemill_app");
            return (well ? Health.up() : Health.down())
                    .withDetail("batch", batchRole)
                    .withDetail("app", appRole)
                    .build();
        };
    }

    private static String role(JdbcClient jdbc) {
        try {
            return jdbc.sql("SELECT current_user::text").query(String.class).single();
        } catch (RuntimeException e) {
            return "unreachable: " + e.getMessage();
        }
    }

    @Bean
    HealthIndicator schemaHealthIndicator(Database database) {
        return () -> {
            try {
                List<String> missing = Schema.status(database.owner()).stream()
                        .filter(change -> !change.applied())
                        .map(Change::id)
                        .toList();
                return (missing.isEmpty() ? Health.up() : Health.down())
                        .withDetail("missing", missing)
                        .build();
            } catch (RuntimeException e) {
                return Health.down(e).build();
            }
        };
    }

    @Bean
    HealthIndicator embeddingHealthIndicator(OnnxEmbedder embedder) {
        return () -> {
            try {
                boolean well =
                        embedder.embedQuery("health").length == embedder.model().dimensions();
                return (well ? Health.up() : Health.down())
                        .withDetail("model", embedder.model().id())
                        .build();
            } catch (RuntimeException e) {
                return Health.down(e).build();
            }
        };
    }
}
