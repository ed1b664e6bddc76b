package dev.tidemill.admin.schedules;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.TransactionException;

/// Shows whether somebody fires the schedules, as health and as metrics.
final class SchedulesWatch implements HealthIndicator, MeterBinder {

    /// A time that is later than this counts as missed, too.
    private static final Duration MOST = Fires.LATE;

    private static final Logger log = LoggerFactory.getLogger(SchedulesWatch.class);

    private final ScheduleLag lag;
    private final MissedTimes missed;

    SchedulesWatch(ScheduleLag lag, MissedTimes missed) {
        this.lag = lag;
        this.missed = missed;
    }

    @Override
    public Health health() {
        try {
            Duration behind = lag.lag();
            return (behind.compareTo(MOST) <= 0 ? Health.up() : Health.down())
                    .withDetail("lagSeconds", behind.toSeconds())
                    .withDetail("atMostSeconds", MOST.toSeconds())
                    .build();
        } catch (DataAccessException | TransactionException e) {
            return Health.down(e).build();
        }
    }

    @Override
    public void bindTo(MeterRegistry meters) {
        Gauge.builder("tidemill.schedule.lag", this, SchedulesWatch::lagSeconds)
                .baseUnit("seconds")
                .description("Since the oldest due time that nobody launched; 0 when nothing is due")
                .register(meters);
        FunctionCounter.builder("tidemill.schedule.missed", missed, MissedTimes::count)
                .description("Times that passed while no server ran, found by this process")
                .register(meters);
    }

    private double lagSeconds() {
        try {
            return lag.lag().toMillis() / 1000.0;
        } catch (DataAccessException | TransactionException e) {
            log.warn("the lag of the schedules could not be read: {}", e.getMessage());
            return Double.NaN;
        }
    }
}
