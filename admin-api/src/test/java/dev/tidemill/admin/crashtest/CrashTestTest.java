package dev.tidemill.admin.crashtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Every kill point once, as the release has it a thousand times.
class CrashTestTest {

    /// One turn of the schedule in mode `all`: every point for a process, two connections, a server, a zombie.
    private static final int TURN = KillPoint.values().length + 4;

    @Test
    @Timeout(900)
    void aJobKilledAtEveryPointLosesAndRepeatsNothing() throws Exception {
        Path scratch = Files.createTempDirectory("tidemill-crash-test-");
        List<String> told = Collections.synchronizedList(new ArrayList<>());
        CrashTest.Options options =
                new CrashTest.Options(Set.of("ingest"), 11, TURN, Mode.ALL, 12, 2, Duration.ofSeconds(4));
        try (CrashTest test = new CrashTest(options, scratch, told::add)) {
            Report report = test.run();

            assertThat(report.lost()).isEmpty();
            assertThat(report.duplicated()).isEmpty();
            assertThat(report.faults()).isEmpty();
            assertThat(report.killed()).isEqualTo(TURN);
            assertThat(report.recoverySeconds()).hasSize(TURN);
            assertThat(report.kills().keySet().stream()
                            .map(what -> what.substring(0, 3))
                            .collect(Collectors.toSet()))
                    .isEqualTo(Set.of("F01", "F02", "F03", "F04", "F05", "F06", "F07", "F08", "F09", "F10"));
            assertThat(report.text()).endsWith("lost 0, duplicated 0");
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError(e + "\nWhat happened before, in " + scratch + ": " + told, e);
        }
        CrashTest.removeScratch(scratch);
    }

    /// Four kills each, as they say most: before a commit, after it, and when a step or all is done and nobody knows it
    /// yet.
    /// Verify and restore commit next to no rows of their own; the backup is verified and restored at its end.
    @Test
    @Timeout(900)
    void everyOtherJobKilledWhereItSaysMostLosesAndRepeatsNothing() throws Exception {
        Path scratch = Files.createTempDirectory("tidemill-crash-test-");
        List<String> told = Collections.synchronizedList(new ArrayList<>());
        List<String> jobs = List.of("reembed", "evaluate", "prune", "forget", "migrate", "export", "import", "backup");
        CrashTest.Options options =
                new CrashTest.Options(Set.copyOf(jobs), 5, 4 * jobs.size(), Mode.PROCESS, 6, 2, Duration.ofSeconds(4));
        try (CrashTest test = new CrashTest(options, scratch, told::add)) {
            Report report = test.run();

            assertThat(report.lost()).isEmpty();
            assertThat(report.duplicated()).isEmpty();
            assertThat(report.faults()).isEmpty();
            assertThat(report.jobs()).extracting(Report.Job::name).containsExactlyElementsOf(jobs);
            assertThat(report.jobs())
                    .allSatisfy(job -> assertThat(job.kills())
                            .as(job.name())
                            .containsOnlyKeys(
                                    "F04 process before the COMMIT is sent",
                                    "F04 process after the COMMIT, before its reply",
                                    "F07 process between a step's last commit and its COMPLETED",
                                    "F07 process between the last chunk and COMPLETED"));
            assertThat(report.text()).endsWith("lost 0, duplicated 0");
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError(e + "\nWhat happened before, in " + scratch + ": " + told, e);
        }
        CrashTest.removeScratch(scratch);
    }

    @Test
    void aJobIsStruckOnlyWhereItPassesAndFirstWhereItSaysMost() {
        Map<KillPoint, Integer> passed = Map.of(
                KillPoint.COMMITTING,
                9,
                KillPoint.COMMIT_REPLY,
                9,
                KillPoint.FINISHING,
                5,
                KillPoint.COMPLETING,
                1,
                KillPoint.CONCLUDING,
                1);

        List<Fault> schedule = Fault.schedule(7, 40, Mode.ALL, passed);

        assertThat(schedule).hasSize(40).isEqualTo(Fault.schedule(7, 40, Mode.ALL, passed));
        assertThat(schedule.subList(0, 4))
                .extracting(Fault::point)
                .containsExactly(
                        KillPoint.COMMITTING, KillPoint.COMMIT_REPLY, KillPoint.FINISHING, KillPoint.COMPLETING);
        assertThat(schedule).allSatisfy(fault -> {
            assertThat(fault.occurrence()).isLessThanOrEqualTo(fault.point() == KillPoint.FINISHING ? 5 : 3);
            assertThat(fault.point() == KillPoint.ANYWHERE || passed.containsKey(fault.point()))
                    .isTrue();
        });
        assertThat(schedule)
                .filteredOn(fault -> fault.point() == KillPoint.FINISHING)
                .extracting(Fault::occurrence)
                .contains(5);
        assertThat(Fault.schedule(7, 40, Mode.BACKEND, Map.of(KillPoint.COMPLETING, 1)))
                .isEmpty();
    }

    @Test
    void aJobThatIsNotThereIsRefused() {
        assertThatThrownBy(() ->
                        new CrashTest.Options(Set.of("ingest", "nothing"), 1, 5, Mode.ALL, 8, 2, Duration.ofSeconds(4)))
                .hasMessageContaining("nothing")
                .hasMessageContaining("reembed");
        assertThatThrownBy(() ->
                        new CrashTest.Options(Set.of("ingest", "backup"), 1, 1, Mode.ALL, 8, 2, Duration.ofSeconds(4)))
                .hasMessageContaining("kills is 1: use 2");
    }

    @Test
    void theSameSeedIsTheSameSchedule() {
        List<Fault> schedule = Fault.schedule(7, 60, Mode.ALL);

        assertThat(Fault.schedule(7, 60, Mode.ALL)).isEqualTo(schedule);
        assertThat(Fault.schedule(8, 60, Mode.ALL)).isNotEqualTo(schedule);
    }

    @Test
    void oneTurnOfTheScheduleHitsEveryPointAndEveryMode() {
        List<Fault> turn = Fault.schedule(7, TURN, Mode.ALL);

        assertThat(turn.stream().filter(fault -> fault.mode() == Mode.PROCESS).map(Fault::point))
                .containsExactlyInAnyOrderElementsOf(EnumSet.allOf(KillPoint.class));
        assertThat(turn).extracting(Fault::mode).contains(Mode.BACKEND, Mode.POSTMASTER, Mode.ZOMBIE);
        for (long seed = 0; seed < 200; seed++) {
            assertThat(Fault.schedule(seed, TURN, Mode.ALL))
                    .as("seed %d", seed)
                    .extracting(Fault::row)
                    .contains("F01", "F02", "F03", "F04", "F05", "F06", "F07", "F08", "F09", "F10");
        }
    }

    @Test
    void aLostAndADoubledRowAreTold() {
        List<String> expected = List.of("a", "b", "b", "c");
        List<String> found = List.of("a", "a", "b", "c", "d");

        assertThat(CrashTest.beyond(expected, found)).containsExactly("b");
        assertThat(CrashTest.beyond(found, expected)).containsExactly("a", "d");
        assertThat(CrashTest.beyond(expected, expected)).isEmpty();
    }
}
