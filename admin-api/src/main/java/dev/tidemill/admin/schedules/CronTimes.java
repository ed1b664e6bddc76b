package dev.tidemill.admin.schedules;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.Date;
import java.util.List;
import java.util.TimeZone;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.quartz.CronExpression;

/// The instants of a cron expression in a time zone.
///
/// Where clocks go forward, a local time that does not exist comes as much later as the clocks jump: nothing is
/// left out. Where they go back, a local time that exists twice comes the first time only, unless the hours are `*`
/// or in steps: then both times, as whoever asks for every hour means every hour.
final class CronTimes {

    /// Longer than any jump of a clock, with room.
    private static final Duration LONGEST_JUMP = Duration.ofHours(3);

    /// A year after which a date that never comes is not looked for any more is Quartz's affair; this bounds our
    /// own walk.
    private static final int MOST_STEPS = 100_000;

    private final CronExpression local;
    private final ZoneId zone;
    private final ZoneRules rules;
    private final boolean bothInOverlap;

    private CronTimes(CronExpression local, ZoneId zone, boolean bothInOverlap) {
        this.local = local;
        this.zone = zone;
        this.rules = zone.getRules();
        this.bothInOverlap = bothInOverlap;
    }

    /// @param expression as [CronText#normalize] gives it
    static CronTimes of(String expression, ZoneId zone) {
        CronExpression local = CronText.parse(expression);
        // Local times are reckoned as if they were UTC, where every one exists once.
        local.setTimeZone(TimeZone.getTimeZone("UTC"));
        String hours = expression.split(" ", 4)[2];
        return new CronTimes(local, zone, hours.equals("*") || hours.contains("/"));
    }

    /// The first instant after the given one, null when none comes any more.
    @Nullable
    Instant next(Instant after) {
        LocalDateTime from = LocalDateTime.ofInstant(after, rules.getOffset(after));
        LocalDateTime first = localAfter(from);
        if (first == null) {
            // One may still come that the jump of a clock moved past the end.
            return nextAroundJump(after, from);
        }
        ZoneOffsetTransition jump = rules.nextTransition(after.minus(LONGEST_JUMP));
        Instant direct = first.atZone(zone).toInstant();
        if (jump == null || jump.getInstant().isAfter(direct.plus(LONGEST_JUMP))) {
            return direct;
        }
        return nextAroundJump(after, from);
    }

    private @Nullable Instant nextAroundJump(Instant after, LocalDateTime from) {
        Instant best = null;
        LocalDateTime time = localAfter(from.minus(LONGEST_JUMP));
        for (int step = 0; time != null && step < MOST_STEPS; step++) {
            for (Instant instant : instants(time)) {
                if (instant.isAfter(after) && (best == null || instant.isBefore(best))) {
                    best = instant;
                }
            }
            if (best != null
                    && time.isAfter(
                            LocalDateTime.ofInstant(best, rules.getOffset(best)).plus(LONGEST_JUMP))) {
                break;
            }
            time = localAfter(time);
        }
        return best;
    }

    private Iterable<Instant> instants(LocalDateTime time) {
        List<ZoneOffset> offsets = rules.getValidOffsets(time);
        TreeSet<Instant> instants = new TreeSet<>();
        // In a gap this moves the time forward by the gap; in an overlap it takes the earlier of the two.
        instants.add(time.atZone(zone).toInstant());
        if (bothInOverlap) {
            offsets.forEach(offset -> instants.add(time.toInstant(offset)));
        }
        return instants;
    }

    private @Nullable LocalDateTime localAfter(LocalDateTime time) {
        Date next = local.getTimeAfter(Date.from(time.toInstant(ZoneOffset.UTC)));
        return next == null ? null : LocalDateTime.ofInstant(next.toInstant(), ZoneOffset.UTC);
    }
}
