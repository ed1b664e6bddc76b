package dev.tidemill.admin.schedules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScheduleReaderTest {

    @Test
    void everyKeyIsRead() {
        Schedule schedule = ScheduleReader.read("nightly", """
                job: ingest
                cron: 0 30 2 * * ?
                zone: Europe/Berlin
                workspace: default
                parameters:
                  location: /srv/notes
                  since: 2026-12-24
                misfire: all
                overlap: stop-running
                except: [2026-12-24, 2026-12-31 .. 2027-01-02]
                only-weekdays: true
                jitter: 10m
                priority: -5
                paused: true
                description: the notes of the night
                """);
        assertThat(schedule.job()).isEqualTo("ingest");
        assertThat(schedule.parameters()).isEqualTo(Map.of("location", "/srv/notes", "since", "2026-12-24"));
        assertThat(schedule.misfire()).isEqualTo(Schedule.Misfire.ALL);
        assertThat(schedule.overlap()).isEqualTo(Schedule.Overlap.STOP_RUNNING);
        assertThat(schedule.jitter()).isEqualTo(Duration.ofMinutes(10));
        assertThat(schedule.priority()).isEqualTo(-5);
        assertThat(schedule.paused()).isTrue();
        assertThat(schedule.timing()).isInstanceOfSatisfying(Timing.Cron.class, cron -> {
            assertThat(cron.zone()).isEqualTo(ZoneId.of("Europe/Berlin"));
            assertThat(cron.onlyWeekdays()).isTrue();
            assertThat(cron.except())
                    .containsExactly(
                            new Timing.Days(LocalDate.parse("2026-12-24"), LocalDate.parse("2026-12-24")),
                            new Timing.Days(LocalDate.parse("2026-12-31"), LocalDate.parse("2027-01-02")));
        });
    }

    @Test
    void aScheduleMayFollowAJobOrAnotherSchedule() {
        assertThat(ScheduleReader.read("a", "job: ingest\nafter: {job: backup, on: failure}\n")
                        .after())
                .isEqualTo(new Timing.After("backup", null, Timing.After.Outcome.FAILURE));
        assertThat(ScheduleReader.read("a", "job: ingest\nafter: {schedule: nightly}\n")
                        .after())
                .isEqualTo(new Timing.After(null, "nightly", Timing.After.Outcome.SUCCESS));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "job: ingest;cron: 0 30 2 * * ?;misfires: all|misfires (line 3)|is no key of a schedule",
                "cron: 0 30 2 * * ?|job|is missing",
                "job: ingest|cron|give either cron",
                "job: ingest;cron: 0 75 2 * * ?|cron (line 2)|the field minutes is \"75\"",
                "job: ingest;cron: 0 0 3 30 2 ?|cron (line 2)|never comes",
                "job: ingest;cron: 0 30 2 * * ?;zone: Berlin|zone (line 3)|Europe/Berlin",
                "job: ingest;cron: 0 30 2 * * ?;misfire: twice|misfire (line 3)|once, all, skip",
                "job: ingest;cron: 0 30 2 * * ?;overlap: kill|overlap (line 3)|skip, queue, stop-running",
                "job: ingest;cron: 0 30 2 * * ?;except: [christmas]|except (line 3)|is no date",
                "job: ingest;cron: 0 30 2 * * ?;except: [2026-12-26 .. 2026-12-24]|except (line 3)|ends before it begins",
                "job: ingest;cron: 0 30 2 * * ?;jitter: soon|jitter (line 3)|a duration such as 90s",
                "job: ingest;cron: 0 30 2 * * ?;jitter: 25h|jitter (line 3)|between 0s and 24h",
                "job: ingest;cron: 0 30 2 * * ?;priority: high|priority (line 3)|a whole number",
                "job: ingest;cron: 0 30 2 * * ?;paused: maybe|paused (line 3)|use true or false",
                "job: ingest;cron: 0 30 2 * * ?;job: ingest|job (line 3)|stands there twice",
                "job: ingest;after: {job: ingest, when: success}|after.when (line 2)|is unknown: known are job, on, schedule",
                "job: ingest;after: {on: success}|after (line 2)|name either a job or a schedule",
                "job: ingest;after: {job: backup};misfire: all|misfire (line 3)|goes with cron only",
                "job: [ingest]|job (line 1)|must be one value",
                "job: {|schedules/bad.yaml|bad YAML",
            })
    void whatIsWrongNamesFileKeyAndLine(String text, String where, String what) {
        assertThatThrownBy(() -> ScheduleReader.read("bad", text.replace(";", "\n")))
                .isInstanceOf(InvalidSchedule.class)
                .hasMessageStartingWith("schedules/bad.yaml: ")
                .hasMessageContaining(where)
                .hasMessageContaining(what)
                .hasMessageNotContaining("\n");
    }

    @Test
    void theJitterIsTheSameWhoeverReckonsItAndStaysWithin() {
        Schedule schedule = ScheduleReader.read("spread", "job: ingest\ncron: 0 0 * * * ?\njitter: 5m\n");
        Instant time = Instant.parse("2026-03-01T00:00:00Z");
        assertThat(Fires.putOff(schedule, time)).isEqualTo(Fires.putOff(schedule, time));
        for (int hour = 0; hour < 200; hour++) {
            assertThat(Fires.putOff(schedule, time.plus(Duration.ofHours(hour))))
                    .isBetween(Duration.ZERO, Duration.ofMinutes(5));
        }
    }
}
