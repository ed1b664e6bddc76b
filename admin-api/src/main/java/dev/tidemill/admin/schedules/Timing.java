package dev.tidemill.admin.schedules;

import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// When a schedule asks for a run.
sealed interface Timing {

    /// What a change of starts the timing anew; everything else of a schedule can change under a running clock.
    String fingerprint();

    /// Days, both included, on which nothing is started.
    record Days(LocalDate first, LocalDate last) {

        boolean holds(LocalDate day) {
            return !day.isBefore(first) && !day.isAfter(last);
        }
    }

    /// At local times of a zone.
    ///
    /// @param expression in Quartz's syntax
    /// @param except days left out
    /// @param onlyWeekdays whether Saturdays and Sundays are left out, too
    /// @param times of the expression, exceptions not yet left out
    record Cron(String expression, ZoneId zone, List<Days> except, boolean onlyWeekdays, CronTimes times)
            implements Timing {

        private static final Set<DayOfWeek> WEEKEND = EnumSet.of(DayOfWeek.SATURDAY, DayOfWeek.SUNDAY);

        /// Times left out in a row after which no further one is looked for.
        private static final int MOST_LEFT_OUT = 100_000;

        static Cron of(String text, ZoneId zone, List<Days> except, boolean onlyWeekdays) {
            String expression = CronText.normalize(text);
            return new Cron(expression, zone, List.copyOf(except), onlyWeekdays, CronTimes.of(expression, zone));
        }

        @Override
        public String fingerprint() {
            return expression + " " + zone;
        }

        boolean allows(Instant time) {
            LocalDate day = LocalDate.ofInstant(time, zone);
            return !(onlyWeekdays && WEEKEND.contains(day.getDayOfWeek()))
                    && except.stream().noneMatch(days -> days.holds(day));
        }

        @Nullable
        Instant next(Instant after) {
            Instant time = times.next(after);
            for (int leftOut = 0; time != null && !allows(time); leftOut++) {
                time = leftOut < MOST_LEFT_OUT ? times.next(time) : null;
            }
            return time;
        }

        List<Instant> next(Instant after, int count) {
            List<Instant> found = new ArrayList<>();
            for (Instant time = next(after); time != null && found.size() < count; time = next(time)) {
                found.add(time);
            }
            return found;
        }

        /// Times after the first instant up to and with the second, of very many the newest.
        Range between(Instant after, Instant upTo, int newest) {
            Deque<Instant> kept = new ArrayDeque<>();
            int dropped = 0;
            for (Instant time = next(after); time != null && !time.isAfter(upTo); time = next(time)) {
                kept.addLast(time);
                if (kept.size() > newest) {
                    kept.removeFirst();
                    dropped++;
                }
            }
            return new Range(List.copyOf(kept), dropped);
        }

        /// @param times oldest first
        /// @param dropped how many older ones there were
        record Range(List<Instant> times, int dropped) {}
    }

    /// After the end of another run in the workspace; exactly one of job and schedule is named.
    record After(@Nullable String job, @Nullable String schedule, Outcome outcome) implements Timing {

        /// Which ends count.
        enum Outcome {
            SUCCESS,
            FAILURE,
            ANY
        }

        @Override
        public String fingerprint() {
            return "after " + (job == null ? "schedule " + schedule : "job " + job);
        }
    }
}
