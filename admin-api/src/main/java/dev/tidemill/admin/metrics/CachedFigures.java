package dev.tidemill.admin.metrics;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Figures from the database, read once for all gauges of a scrape. Where they cannot be read, there are none: a
/// gauge then has no value instead of an old one.
///
/// @param <F> what is read
public final class CachedFigures<F> {

    private static final Logger log = LoggerFactory.getLogger(CachedFigures.class);

    private final Supplier<F> source;
    private final Duration fresh;
    private final InstantSource clock;
    private final ReentrantLock reading = new ReentrantLock();
    private Instant readAt = Instant.MIN;
    private @Nullable F figures;

    /// Reads nothing before it is asked.
    ///
    /// @param fresh how old figures may be
    public CachedFigures(Supplier<F> source, Duration fresh, InstantSource clock) {
        this.source = source;
        this.fresh = fresh;
        this.clock = clock;
    }

    /// Empty when the database cannot be asked.
    public Optional<F> get() {
        reading.lock();
        try {
            Instant now = clock.instant();
            if (readAt.isBefore(now.minus(fresh))) {
                readAt = now;
                figures = read();
            }
            return Optional.ofNullable(figures);
        } finally {
            reading.unlock();
        }
    }

    private @Nullable F read() {
        try {
            return source.get();
        } catch (RuntimeException e) {
            log.warn("figures for metrics could not be read: {}", e.getMessage());
            return null;
        }
    }

    /// One of them; not a number when the database cannot be asked.
    public double value(ToDoubleFunction<F> figure) {
        return get().map(figures -> figure.applyAsDouble(figures)).orElse(Double.NaN);
    }
}
