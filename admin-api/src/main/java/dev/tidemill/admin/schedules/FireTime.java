package dev.tidemill.admin.schedules;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A time to come, with what a change of the clocks has to do with it.
///
/// @param local with its offset from UTC and the zone
/// @param note where clocks change between the time before and this one; null mostly
record FireTime(Instant utc, String local, @Nullable String note) {

    private static final DateTimeFormatter LOCAL =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ssxxx'['VV']'", Locale.ROOT);
    private static final DateTimeFormatter MINUTE = DateTimeFormatter.ofPattern("HH:mm", Locale.ROOT);

    static List<FireTime> next(Timing.Cron cron, Instant after, int count) {
        List<FireTime> found = new ArrayList<>();
        Instant before = after;
        for (Instant time : cron.next(after, count)) {
            found.add(of(cron.zone(), before, time));
            before = time;
        }
        return found;
    }

    static FireTime of(ZoneId zone, Instant before, Instant time) {
        return new FireTime(time, LOCAL.format(time.atZone(zone)), note(zone, before, time));
    }

    private static @Nullable String note(ZoneId zone, Instant before, Instant time) {
        ZoneRules rules = zone.getRules();
        ZoneOffsetTransition change = rules.nextTransition(before);
        boolean doubled =
                rules.getValidOffsets(LocalDateTime.ofInstant(time, zone)).size() == 2;
        if (doubled) {
            LocalDateTime local = LocalDateTime.ofInstant(time, zone);
            boolean first =
                    rules.getOffset(time).equals(rules.getValidOffsets(local).getFirst());
            return MINUTE.format(local) + " comes twice on this day, as the clocks go back; this is the "
                    + (first ? "first" : "second") + " time";
        }
        if (change == null || change.getInstant().isAfter(time)) {
            return null;
        }
        String day = change.getDateTimeBefore().toLocalDate().toString();
        String from = MINUTE.format(change.getDateTimeBefore());
        String to = MINUTE.format(change.getDateTimeAfter());
        Duration jump = change.getDuration().abs();
        return change.isGap()
                ? "clocks go forward on " + day + ": " + from + " to " + to
                        + " does not exist; what falls into it comes " + jump.toMinutes() + " minutes later"
                : "clocks go back on " + day + " from " + from + " to " + to;
    }
}
