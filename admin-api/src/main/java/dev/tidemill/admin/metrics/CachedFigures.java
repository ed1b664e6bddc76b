package dev.tidemill.admin.metrics;

import dev.tidemill.run.RunFigures;
import dev.tidemill.run.RunFigures.Figures;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Figures from the database, read once for all gauges of a scrape. Where they cannot be read, there are none: a
/// gauge then has no value instead of an old one.
public final class CachedFigures {

    private static final Logger log = LoggerFactory.getLogger(CachedFigures.class);
    private static final Duration FRESH = Duration.ofSeconds(2);

    private final RunFigures source;
    private final InstantSource clock;
    private final ReentrantLock reading = new ReentrantLock();
    private Instant readAt = Instant.MIN;
    private @Nullable Figures figures;

    CachedFigures(RunFigures source, InstantSource clock) {
        this.source = source;
        this.clock = clock;
    }

    /// Empty when the database cannot be asked.
    public Optional<Figures> get() {
        reading.lock();
        try {
            Instant now = clock.instant();
            if (readAt.isBefore(now.minus(FRESH))) {
                readAt = now;
                figures = read();
            }
            return Optional.ofNullable(figures);
        } finally {
            reading.unlock();
        }
    }

    private @Nullable Figures read() {
        try {
            return source.now();
        } catch (RuntimeException e) {
            log.warn("figures for metrics could not be read: {}", e.getMessage());
            return null;
        }
    }

    double value(ToDoubleFunction<Figures> figure) {
        return get().map(figures -> figure.applyAsDouble(figures)).orElse(Double.NaN);
    }
}
