package dev.tidemill.admin.schedules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// In New York clocks go forward from 02:00 to 03:00 on 2026-03-08, and back from 02:00 to 01:00 on 2026-11-01.
class CronTimesTest {

    private static final ZoneId NEW_YORK = ZoneId.of("America/New_York");

    private static Timing.Cron cron(String text) {
        return Timing.Cron.of(text, NEW_YORK, List.of(), false);
    }

    private static List<String> next(String text, String after, int count) {
        return cron(text).next(Instant.parse(after), count).stream()
                .map(Instant::toString)
                .toList();
    }

    @Test
    void aTimeThatTheClocksJumpOverComesOnceAnHourLater() {
        assertThat(next("0 30 2 * * ?", "2026-03-07T00:00:00Z", 3))
                .containsExactly("2026-03-07T07:30:00Z", "2026-03-08T07:30:00Z", "2026-03-09T06:30:00Z");
    }

    @Test
    void aTimeThatComesTwiceIsTakenTheFirstTimeOnly() {
        assertThat(next("0 30 1 * * ?", "2026-10-31T00:00:00Z", 3))
                .containsExactly("2026-10-31T05:30:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z");
    }

    @Test
    void anHourlyOneComesEveryHourOnBothDays() {
        for (String midnight : List.of("2026-03-08T04:30:00Z", "2026-11-01T03:30:00Z")) {
            List<Instant> times = cron("0 0 * * * ?").next(Instant.parse(midnight), 25);
            for (int i = 1; i < times.size(); i++) {
                assertThat(Duration.between(times.get(i - 1), times.get(i))).isEqualTo(Duration.ofHours(1));
            }
        }
    }

    @Test
    void itDoesNotMatterFromWhereTheTimesAreReckoned() {
        for (String text :
                List.of("0 30 2 * * ?", "0 30 1 * * ?", "0 0/20 * * * ?", "0 0/30 1-3 * * ?", "0 0 0/2 * * ?")) {
            for (String day : List.of("2026-03-07T20:00:00Z", "2026-10-31T20:00:00Z")) {
                Timing.Cron cron = cron(text);
                Instant end = Instant.parse(day).plus(Duration.ofHours(24));
                List<Instant> walked = new ArrayList<>();
                for (Instant time = cron.next(Instant.parse(day));
                        time != null && time.isBefore(end);
                        time = cron.next(time)) {
                    walked.add(time);
                }
                assertThat(walked).isSorted().doesNotHaveDuplicates();
                for (Instant at = Instant.parse(day); at.isBefore(end); at = at.plus(Duration.ofMinutes(7))) {
                    Instant from = at;
                    Instant expected = walked.stream()
                            .filter(time -> time.isAfter(from))
                            .findFirst()
                            .orElse(null);
                    if (expected != null) {
                        assertThat(cron.next(from))
                                .as("%s after %s", text, from)
                                .isEqualTo(expected);
                    }
                }
            }
        }
    }

    @Test
    void theNotesSayWhatTheClocksDo() {
        List<FireTime> spring = FireTime.next(cron("0 30 2 * * ?"), Instant.parse("2026-03-07T12:00:00Z"), 2);
        assertThat(spring.get(0).local()).isEqualTo("2026-03-08T03:30:00-04:00[America/New_York]");
        assertThat(spring.get(0).note()).contains("02:00 to 03:00 does not exist");
        assertThat(spring.get(1).note()).isNull();

        List<FireTime> autumn = FireTime.next(cron("0 30 1 * * ?"), Instant.parse("2026-10-31T12:00:00Z"), 2);
        assertThat(autumn.get(0).note()).contains("01:30 comes twice").contains("the first time");
        assertThat(autumn.get(1).note()).contains("clocks go back on 2026-11-01");

        List<FireTime> hourly = FireTime.next(cron("0 30 * * * ?"), Instant.parse("2026-11-01T05:00:00Z"), 2);
        assertThat(hourly.get(1).note()).contains("the second time");
    }

    @Test
    void exceptedDaysAndWeekendsAreLeftOut() {
        Timing.Cron cron = Timing.Cron.of(
                "0 30 2 * * ?",
                ZoneId.of("UTC"),
                List.of(new Timing.Days(LocalDate.parse("2026-12-24"), LocalDate.parse("2026-12-25"))),
                true);
        assertThat(cron.next(Instant.parse("2026-12-23T00:00:00Z"), 3).stream().map(Instant::toString))
                .containsExactly("2026-12-23T02:30:00Z", "2026-12-28T02:30:00Z", "2026-12-29T02:30:00Z");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "30 2 * * *|0 30 2 * * ?",
                "*/15 8-18 * * 1-5|0 */15 8-18 ? * MON-FRI",
                "0 0 1 * *|0 0 0 1 * ?",
                "0 6 * * 0,6|0 0 6 ? * SUN,SAT",
                "0 6 * * 7|0 0 6 ? * SUN",
                "0 6 * * MON|0 0 6 ? * MON",
            })
    void fiveFieldsAreReadAsACrontabDoes(String crontab, String quartz) {
        assertThat(CronText.normalize(crontab)).isEqualTo(quartz);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0 75 2 * * ?|minutes|for example 30",
                "0 30 25 * * ?|hours|for example 2",
                "61 30 2 * * ?|seconds|for example 0",
                "0 30 2 32 * ?|day of month|for example 1",
                "0 30 2 * 13 ?|month|for example *",
                "0 30 2 ? * FUNDAY|day of week|MON-FRI",
                "0 30 2 * * *|exactly one of the two must be ?|",
                "0 30 2|has 3 fields|0 30 2 * * ?",
                "0 2 1 * 1|would run on either|two schedules",
                "0 2 * * 8|day of week|0-7",
                "0 2 * * */2|days and ranges only|MON,THU",
            })
    void aWrongFieldIsNamedWithAnExample(String text, String named, String example) {
        assertThatThrownBy(() -> CronText.normalize(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(named)
                .hasMessageContaining(example == null ? "" : example);
    }
}
