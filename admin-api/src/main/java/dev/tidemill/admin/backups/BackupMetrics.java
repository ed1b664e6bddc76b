package dev.tidemill.admin.backups;

import dev.tidemill.backup.BackupRows.Standing;
import dev.tidemill.backup.Backups;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How backups stand, as gauges: read once for all of a scrape. One that cannot be told has no value.
final class BackupMetrics implements MeterBinder {

    private static final Logger log = LoggerFactory.getLogger(BackupMetrics.class);
    private static final Duration FRESH = Duration.ofSeconds(5);

    private final Backups backups;
    private final InstantSource clock;
    private final ReentrantLock reading = new ReentrantLock();
    private Instant readAt = Instant.MIN;
    private @Nullable Figures figures;

    BackupMetrics(Backups backups, InstantSource clock) {
        this.backups = backups;
        this.clock = clock;
    }

    private record Figures(Standing standing, Backups.Waiting waiting, Instant now) {

        double age(@Nullable Instant of) {
            return of == null ? Double.NaN : Duration.between(of, now).toMillis() / 1e3;
        }
    }

    @Override
    public void bindTo(MeterRegistry meters) {
        seconds(
                meters,
                "tidemill.backup.age",
                "Since the moment that the newest whole backup of everything shows; none before the first",
                now -> now.age(now.standing().newest()));
        gauge(
                meters,
                "tidemill.backup.level",
                "Of that backup: 1 sizes, 2 checksums, 3 restored and compared, 4 answered questions",
                now -> now.standing().newest() == null
                        ? Double.NaN
                        : now.standing().level());
        seconds(
                meters,
                "tidemill.drill.age",
                "Since a backup was last restored and found well; none before the first",
                now -> now.age(now.standing().verified()));
        gauge(meters, "tidemill.drill.passed", "1 where the last drill passed, 0 where it failed", now -> {
            Boolean passed = now.standing().passed();
            return passed == null ? Double.NaN : passed ? 1 : 0;
        });
        seconds(
                meters,
                "tidemill.drill.rto",
                "That the last drill took until everything was there",
                now -> orNaN(now.standing().rtoSeconds()));
        gauge(
                meters,
                "tidemill.wal.waiting",
                "Finished segments of the write-ahead log that are not in the target yet",
                now -> now.waiting().segments());
        seconds(
                meters,
                "tidemill.wal.waiting.age",
                "Age of the oldest of them; 0 where there is none",
                now -> now.age(
                        now.waiting().oldest() == null
                                ? now.now()
                                : now.waiting().oldest()));
    }

    private static double orNaN(@Nullable Double value) {
        return value == null ? Double.NaN : value;
    }

    private void seconds(MeterRegistry meters, String name, String description, ToDoubleFunction<Figures> figure) {
        Gauge.builder(name, this, all -> all.value(figure))
                .baseUnit("seconds")
                .description(description)
                .register(meters);
    }

    private void gauge(MeterRegistry meters, String name, String description, ToDoubleFunction<Figures> figure) {
        Gauge.builder(name, this, all -> all.value(figure))
                .description(description)
                .register(meters);
    }

    private double value(ToDoubleFunction<Figures> figure) {
        reading.lock();
        try {
            Instant now = clock.instant();
            if (readAt.isBefore(now.minus(FRESH))) {
                readAt = now;
                figures = read(now);
            }
            return figures == null ? Double.NaN : figure.applyAsDouble(figures);
        } finally {
            reading.unlock();
        }
    }

    private @Nullable Figures read(Instant now) {
        try {
            return new Figures(backups.standing(), backups.waiting(), now);
        } catch (RuntimeException e) {
            log.warn("figures on backups could not be read: {}", e.getMessage());
            return null;
        }
    }
}
