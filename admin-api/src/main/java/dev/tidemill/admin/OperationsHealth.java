package dev.tidemill.admin;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import dev.tidemill.admin.metrics.CachedFigures;
import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.Jobs;
import dev.tidemill.run.RunFigures.Figures;
import dev.tidemill.run.Runs;
import dev.tidemill.run.alerts.Alerts;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/// What an operator should look after, without the server being unfit to serve: the health group `operations`, to
/// which every further `HealthIndicator` belongs by itself. Whatever cannot be asked counts as down.
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(HealthProperties.class)
class OperationsHealth {

    /// It works, and somebody should look.
    static final Status DEGRADED = new Status("DEGRADED");

    /// This process's own heartbeat.
    @Bean
    HealthIndicator heartbeatHealthIndicator(Runs runs) {
        return () -> runs.heartbeatHealthy()
                ? Health.up().build()
                : Health.down()
                        .withDetail(
                                "heartbeat",
                                "the database has not taken one for too long: this process gave its runs up")
                        .build();
    }

    @Bean
    HealthIndicator runsHealthIndicator(CachedFigures figures, HealthProperties properties) {
        return () -> figures.get().map(now -> runs(now, properties)).orElseGet(OperationsHealth::unreadable);
    }

    private static Health runs(Figures now, HealthProperties properties) {
        long needsOperator = now.launches().getOrDefault("needs_operator", 0L);
        boolean orphaned = now.orphanAge() > properties.orphan().toSeconds();
        Health.Builder health = orphaned ? Health.down() : needsOperator > 0 ? Health.status(DEGRADED) : Health.up();
        return health.withDetail("oldestOrphanSeconds", Math.round(now.orphanAge()))
                .withDetail("needsOperator", needsOperator)
                .withDetail("queued", now.launches().getOrDefault("queued", 0L))
                .build();
    }

    /// Troubles that were told and last: dead letters that pile up, lost servers, violated invariants.
    @Bean
    HealthIndicator troublesHealthIndicator(Alerts alerts) {
        return () -> {
            try {
                Map<String, Long> open = alerts.openByType();
                Health.Builder health = open.containsKey("invariant.violated")
                        ? Health.down()
                        : open.isEmpty() ? Health.up() : Health.status(DEGRADED);
                return health.withDetails(Map.copyOf(open)).build();
            } catch (RuntimeException e) {
                return Health.down(e).build();
            }
        };
    }

    @Bean
    HealthIndicator poolsHealthIndicator(PoolWatch watch) {
        return () -> {
            Health.Builder health = watch.exhausted().isEmpty() ? Health.up() : Health.down();
            for (HikariDataSource pool : watch.pools()) {
                HikariPoolMXBean state = pool.getHikariPoolMXBean();
                health.withDetail(
                        pool.getPoolName(),
                        state == null
                                ? "not used yet"
                                : Map.of(
                                        "size", pool.getMaximumPoolSize(),
                                        "active", state.getActiveConnections(),
                                        "waiting", state.getThreadsAwaitingConnection()));
            }
            return health.build();
        };
    }

    @Bean
    HealthIndicator backupHealthIndicator(CachedFigures figures, Jobs jobs, HealthProperties properties) {
        return () -> age("backup", properties.backup(), figures, jobs);
    }

    @Bean
    HealthIndicator drillHealthIndicator(CachedFigures figures, Jobs jobs, HealthProperties properties) {
        return () -> age("drill", properties.drill(), figures, jobs);
    }

    private static Health age(String job, Duration most, CachedFigures figures, Jobs jobs) {
        if (jobs.all().stream().map(JobDefinition::name).noneMatch(job::equals)) {
            return Health.unknown()
                    .withDetail("reason", "there is no job " + job)
                    .build();
        }
        return figures.get()
                .map(now -> age(now.lastSuccess().getOrDefault(job, 0.0), job, most))
                .orElseGet(OperationsHealth::unreadable);
    }

    private static Health age(double lastSuccess, String job, Duration most) {
        if (lastSuccess == 0) {
            return Health.outOfService()
                    .withDetail("reason", "the job " + job + " never completed")
                    .build();
        }
        Instant last = Instant.ofEpochSecond((long) lastSuccess);
        boolean fresh = Duration.between(last, Instant.now()).compareTo(most) <= 0;
        return (fresh ? Health.up() : Health.outOfService())
                .withDetail("last", last.toString())
                .withDetail("atMost", most.toString())
                .build();
    }

    private static Health unreadable() {
        return Health.down()
                .withDetail("reason", "the database cannot be asked")
                .build();
    }
}
