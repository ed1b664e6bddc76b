package dev.tidemill.admin;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import dev.tidemill.admin.metrics.CachedFigures;
import dev.tidemill.backup.BackupRows.Standing;
import dev.tidemill.backup.Backups;
import dev.tidemill.run.RunFigures.Figures;
import dev.tidemill.run.Runs;
import dev.tidemill.run.alerts.Alerts;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
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
    HealthIndicator runsHealthIndicator(CachedFigures<Figures> figures, HealthProperties properties) {
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

    /// Of the newest backup of everything: age of what it shows, and what was proved of it.
    @Bean
    HealthIndicator backupHealthIndicator(Backups backups, HealthProperties properties) {
        return () -> standing(backups, now -> {
            Health.Builder health =
                    fresh(now, now.newest(), properties.backup(), "there is no backup of everything yet");
            return now.newestId() == null
                    ? health.build()
                    : health.withDetail("id", now.newestId())
                            .withDetail("level", now.level())
                            .build();
        });
    }

    /// Red when the last drill failed, or the last good one is too long ago.
    @Bean
    HealthIndicator drillHealthIndicator(Backups backups, HealthProperties properties) {
        return () -> standing(backups, now -> {
            Health.Builder health = Boolean.FALSE.equals(now.passed())
                    ? Health.down().withDetail("reason", "the last drill failed: ./tidemill drill list says why")
                    : fresh(now, now.verified(), properties.drill(), "no backup was restored and compared yet");
            if (now.rtoSeconds() != null) {
                health.withDetail("rtoSeconds", now.rtoSeconds());
            }
            return health.build();
        });
    }

    private static Health standing(Backups backups, Function<Standing, Health> judge) {
        try {
            return judge.apply(backups.standing());
        } catch (RuntimeException e) {
            return Health.down(e).build();
        }
    }

    /// An installation that is younger than that has had no time for a first one.
    private static Health.Builder fresh(Standing now, @Nullable Instant last, Duration most, String never) {
        if (last == null) {
            boolean young = now.installed() != null
                    && Duration.between(now.installed(), Instant.now()).compareTo(most) <= 0;
            return (young ? Health.unknown() : Health.outOfService()).withDetail("reason", never);
        }
        boolean fresh = Duration.between(last, Instant.now()).compareTo(most) <= 0;
        return (fresh ? Health.up() : Health.outOfService())
                .withDetail("last", last.toString())
                .withDetail("atMost", most.toString());
    }

    private static Health unreadable() {
        return Health.down()
                .withDetail("reason", "the database cannot be asked")
                .build();
    }
}
