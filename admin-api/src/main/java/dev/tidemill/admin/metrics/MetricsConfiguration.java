package dev.tidemill.admin.metrics;

import dev.tidemill.run.JobDefinition;
import dev.tidemill.run.Jobs;
import dev.tidemill.run.Node;
import dev.tidemill.run.RunFigures;
import dev.tidemill.run.RunFigures.Figures;
import dev.tidemill.run.alerts.Invariants;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.tracing.exporter.SpanExportingPredicate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;

/// The metrics of the platform.
@Configuration(proxyBeanMethods = false)
public class MetricsConfiguration {

    private static final int ONE_CHUNK_IN = 20;

    @Bean
    CachedFigures<Figures> cachedFigures(RunFigures figures) {
        return new CachedFigures<>(figures::now, Duration.ofSeconds(2), InstantSource.system());
    }

    @Bean
    MeterBinder platformMetrics(CachedFigures<Figures> figures, Jobs jobs, Node node, Invariants invariants) {
        return meters -> {
            for (JobDefinition job : jobs.all()) {
                ofJob(meters, figures, job.name());
            }
            Gauge.builder("tidemill.job.lease.age", figures, all -> all.value(Figures::leaseAge))
                    .baseUnit("seconds")
                    .description(
                            "Since the last heartbeat of the process behind a running launch, the longest; 0 when none runs")
                    .register(meters);
            Gauge.builder("tidemill.job.orphan.age", figures, all -> all.value(Figures::orphanAge))
                    .baseUnit("seconds")
                    .description("For which a running launch has been without a living process, the longest")
                    .register(meters);
            for (String state : new String[] {"queued", "running", "waiting", "failed", "needs_operator"}) {
                Gauge.builder(
                                "tidemill.job.launches",
                                figures,
                                all -> all.value(now -> now.launches().getOrDefault(state, 0L)))
                        .description("Launches by state")
                        .tag("state", state)
                        .register(meters);
            }
            postgres(meters, figures, "size", "bytes", now -> now.postgres().bytes());
            postgres(meters, figures, "blocks.hit", null, now -> now.postgres().hits());
            postgres(meters, figures, "blocks.read", null, now -> now.postgres().reads());
            postgres(meters, figures, "dead.rows", null, now -> now.postgres().deadRows());
            postgres(meters, figures, "connections", null, now -> now.postgres().connections());
            for (String check : Invariants.checks()) {
                FunctionCounter.builder("tidemill.invariant.violations", invariants, all -> all.count(check))
                        .description("What must never be, found in the database by this process")
                        .tag("check", check)
                        .register(meters);
            }
            Gauge.builder("tidemill.build.info", () -> 1)
                    .description("Always 1; the labels say what runs")
                    .tag("version", node.version())
                    .tag("java", Runtime.version().toString())
                    .register(meters);
        };
    }

    /// A run makes too many spans of chunks to keep them all, and none of its items tells anything.
    @Bean
    SpanExportingPredicate someChunks() {
        AtomicLong chunks = new AtomicLong();
        return span -> {
            String name = String.valueOf(span.getName());
            if (name.startsWith("spring.batch.item")) {
                return false;
            }
            return !name.startsWith("spring.batch.chunk") || chunks.getAndIncrement() % ONE_CHUNK_IN == 0;
        };
    }

    private static void postgres(
            MeterRegistry meters,
            CachedFigures<Figures> figures,
            String name,
            @Nullable String unit,
            ToDoubleFunction<Figures> figure) {
        Gauge.builder("tidemill.database." + name, figures, all -> all.value(figure))
                .baseUnit(unit)
                .register(meters);
    }

    private static void ofJob(MeterRegistry meters, CachedFigures<Figures> figures, String job) {
        Gauge.builder(
                        "tidemill.job.last.success.timestamp",
                        figures,
                        all -> all.value(now -> now.lastSuccess().getOrDefault(job, 0.0)))
                .baseUnit("seconds")
                .description("When a launch of the job completed last, since 1970; 0 for never")
                .tag("job", job)
                .register(meters);
        Gauge.builder(
                        "tidemill.dlq.items",
                        figures,
                        all -> all.value(now -> now.deadLetters().getOrDefault(job, 0L)))
                .description("Open dead letters")
                .tag("job", job)
                .register(meters);
    }

    /// Before the security, whose answers it counts.
    @Bean
    FilterRegistrationBean<DeniedCount> deniedCount(MeterRegistry meters) {
        FilterRegistrationBean<DeniedCount> registration = new FilterRegistrationBean<>(new DeniedCount(meters));
        registration.setOrder(Ordered.HIGHEST_PRECEDENCE + 10);
        return registration;
    }
}
