package dev.tidemill.admin.schedules;

import java.text.ParseException;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Date;
import java.util.TimeZone;
import org.jspecify.annotations.Nullable;
import org.quartz.ScheduleBuilder;
import org.quartz.Trigger;
import org.quartz.impl.triggers.CronTriggerImpl;
import org.quartz.spi.MutableTrigger;

/// Quartz's cron trigger with the times of [CronTimes]: Quartz itself leaves out a local time that a clock jumps
/// over, and half of the hour that comes twice.
final class LocalTimeTrigger extends CronTriggerImpl {

    private static final long serialVersionUID = 1;

    private final transient CronTimes times;

    private LocalTimeTrigger(String expression, ZoneId zone) {
        times = CronTimes.of(expression, zone);
        try {
            setCronExpression(expression);
        } catch (ParseException e) {
            throw new IllegalArgumentException(e);
        }
        setTimeZone(TimeZone.getTimeZone(zone));
        // What is late is ours to judge: every time is told, one after the other, however late.
        setMisfireInstruction(MISFIRE_INSTRUCTION_IGNORE_MISFIRE_POLICY);
    }

    static Builder at(String expression, ZoneId zone) {
        return new Builder(expression, zone);
    }

    /// As Quartz wants it.
    static final class Builder extends ScheduleBuilder<Trigger> {

        private final String expression;
        private final ZoneId zone;

        private Builder(String expression, ZoneId zone) {
            this.expression = expression;
            this.zone = zone;
        }

        @Override
        protected MutableTrigger build() {
            return new LocalTimeTrigger(expression, zone);
        }
    }

    @Override
    protected @Nullable Date getTimeAfter(Date after) {
        Instant next = times.next(after.toInstant());
        return next == null ? null : Date.from(next);
    }

    /// Keeps Quartz from storing it as one of its own.
    @Override
    public boolean hasAdditionalProperties() {
        return true;
    }
}
