package dev.tidemill.admin.backups;

import dev.tidemill.admin.metrics.CachedFigures;
import dev.tidemill.backup.BackupRows.Standing;
import dev.tidemill.backup.Backups;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/// How backups stand, as gauges: read once for all of a scrape. One that cannot be told has no value.
final class BackupMetrics implements MeterBinder {

    private final CachedFigures<Figures> figures;

    BackupMetrics(Backups backups, InstantSource clock) {
        this.figures = new CachedFigures<>(
                () -> new Figures(backups.standing(), backups.waiting(), clock.instant()),
                Duration.ofSeconds(5),
                clock);
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
        Gauge.builder(name, figures, all -> all.value(figure))
                .baseUnit("seconds")
                .description(description)
                .register(meters);
    }

    private void gauge(MeterRegistry meters, String name, String description, ToDoubleFunction<Figures> figure) {
        Gauge.builder(name, figures, all -> all.value(figure))
                .description(description)
                .register(meters);
    }
}
