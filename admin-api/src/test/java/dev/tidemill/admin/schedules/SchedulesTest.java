package dev.tidemill.admin.schedules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.admin.TestServer;
import dev.tidemill.admin.web.BadRequest;
import dev.tidemill.postgres.Await;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.Launched;
import dev.tidemill.run.RunConflict;
import dev.tidemill.run.Runs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.health.contributor.Status;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The schedules on a real database and a real Quartz; time is moved in Quartz's rows.
class SchedulesTest {

    private static TestDatabase database;
    private static FireWatch watch;
    private static ConfigurableApplicationContext node;
    private static JdbcClient jdbc;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void start() throws Exception {
        database = TestDatabase.create();
        watch = new FireWatch(database);
        jdbc = watch.jdbc;
        node = start(false);
    }

    @AfterAll
    static void stop() throws Exception {
        node.close();
        watch.close();
        database.close();
    }

    @AfterEach
    void clean() throws Exception {
        TestNode.GATES.values().forEach(CountDownLatch::countDown);
        watch.awaitAtLeast(
                1,
                Duration.ofMinutes(2),
                "SELECT (count(*) = 0)::int FROM launches WHERE state IN ('queued', 'running', 'waiting')");
        TestNode.GATES.clear();
        TestServer.delete(folder);
        Files.createDirectories(folder);
        reload();
        jdbc.sql(
                        "TRUNCATE schedule_fires, launches, audit_entries, qrtz_fired_triggers, qrtz_scheduler_state, batch_job_instance CASCADE")
                .update();
    }

    private static ConfigurableApplicationContext start(boolean server) {
        return TestNode.start(database.jdbcUrl(), database.username(), database.password(), folder.toString(), server);
    }

    private <T> T bean(Class<T> type) {
        return node.getBean(type);
    }

    private void file(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name + ".yaml"), text);
    }

    private Reconciler.Changes reload() {
        return bean(SchedulesClock.class).reload();
    }

    private SavedSchedule saved(String name) {
        return bean(ScheduleStore.class).find(name).orElseThrow();
    }

    private List<String> outcomes(String name) {
        return bean(ScheduleStore.class).fires(TestNode.WORKSPACE, name, 500).stream()
                .map(fire -> fire.fire() + " " + Words.of(fire.outcome()))
                .sorted()
                .toList();
    }

    private Fire fire(String name) {
        List<Fire> fires = bean(ScheduleStore.class).fires(TestNode.WORKSPACE, name, 10);
        assertThat(fires).hasSize(1);
        return fires.getFirst();
    }

    private long trigger(String name, String column) {
        return jdbc.sql("SELECT " + column + " FROM qrtz_triggers WHERE trigger_name = :name")
                .param("name", name)
                .query(Long.class)
                .single();
    }

    private String state(String name) {
        return jdbc.sql("SELECT trigger_state FROM qrtz_triggers WHERE trigger_name = :name")
                .param("name", name)
                .query(String.class)
                .single();
    }

    private static Instant second() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS);
    }

    private static void open(String gate) {
        Objects.requireNonNull(TestNode.GATES.get(gate)).countDown();
    }

    private void finish(@Nullable Long runId) throws Exception {
        Objects.requireNonNull(runId);
        bean(Runs.class).finished(runId).get(60, TimeUnit.SECONDS);
    }

    @Test
    void theStoreFollowsTheFilesAndLeavesAloneWhatIsUnchanged() throws Exception {
        file("stays", "job: tick\ncron: 0 0 3 * * ?\n");
        file("changes", "job: tick\ncron: 0 0 3 * * ?\n");
        file("goes", "job: tick\ncron: 0 0 3 * * ?\n");
        assertThat(reload().added()).containsExactly("changes", "goes", "stays");
        bean(Operations.class).pause(saved("stays"), "me", "quiet");
        jdbc.sql("UPDATE qrtz_triggers SET next_fire_time = 1234000 WHERE trigger_name = 'stays'")
                .update();
        long before = trigger("changes", "next_fire_time");

        file("changes", "job: tick\ncron: 0 0 4 * * ?\n");
        Files.delete(folder.resolve("goes.yaml"));
        file("comes", "job: tick\ncron: 0 0 3 * * ?\npaused: true\n");
        Reconciler.Changes changes = reload();

        assertThat(changes.added()).containsExactly("comes");
        assertThat(changes.changed()).containsExactly("changes");
        assertThat(changes.unchanged()).containsExactly("stays");
        assertThat(changes.removed()).containsExactly("goes");
        assertThat(trigger("stays", "next_fire_time")).isEqualTo(1234000);
        assertThat(state("stays")).isEqualTo("PAUSED");
        assertThat(saved("stays").paused()).isTrue();
        assertThat(state("comes")).isEqualTo("PAUSED");
        assertThat(trigger("changes", "next_fire_time")).isNotEqualTo(before);
        assertThat(jdbc.sql("SELECT job_name FROM qrtz_job_details ORDER BY 1")
                        .query(String.class)
                        .list())
                .containsExactly("changes", "comes", "stays");
        assertThat(reload().unchanged()).containsExactly("changes", "comes", "stays");
    }

    @Test
    void theFilesPauseHoldsUntilAnOperatorOrTheFileSaysOtherwise() throws Exception {
        file("nightly", "job: tick\ncron: 0 0 3 * * ?\npaused: true\n");
        reload();
        bean(Operations.class).resume(saved("nightly"), "me", "");
        file("nightly", "job: tick\ncron: 0 0 3 * * ?\npaused: true\ndescription: more\n");
        reload();
        assertThat(saved("nightly").paused()).isFalse();
        assertThat(state("nightly")).isEqualTo("WAITING");

        file("nightly", "job: tick\ncron: 0 0 3 * * ?\n");
        reload();
        file("nightly", "job: tick\ncron: 0 0 3 * * ?\npaused: true\n");
        reload();
        assertThat(saved("nightly").paused()).isTrue();
        assertThat(state("nightly")).isEqualTo("PAUSED");
    }

    @Test
    void aWrongFileChangesNothing() throws Exception {
        file("good", "job: tick\ncron: 0 0 3 * * ?\n");
        file("bad", "job: tock\ncron: 0 0 3 * * ?\n");
        assertThatThrownBy(this::reload)
                .isInstanceOf(InvalidSchedule.class)
                .hasMessage("schedules/bad.yaml: job: there is no job \"tock\"; there are tick, hold");
        file("bad", "job: hold\ncron: 0 0 3 * * ?\nparameters: {kay: x}\n");
        assertThatThrownBy(this::reload).hasMessageContaining("schedules/bad.yaml: parameters.kay: unknown property");
        file("bad", "job: hold\ncron: 0 0 3 * * ?\nworkspace: elsewhere\nparameters: {key: x}\n");
        assertThatThrownBy(this::reload).hasMessageContaining("there is no workspace \"elsewhere\"");
        file("bad", "job: tick\nafter: {schedule: good}\n");
        file("good", "job: tick\nafter: {schedule: bad}\n");
        assertThatThrownBy(this::reload).hasMessageContaining("again and again");
        assertThat(bean(ScheduleStore.class).all()).isEmpty();
        // Quartz keeps its connections by the scheduler's name for the whole JVM: one node at a time.
        node.close();
        assertThatThrownBy(() -> start(true).close()).hasStackTraceContaining("again and again");
        node = start(false);
    }

    @Test
    void nodesThatReadTheFolderTogetherAgree() throws Exception {
        for (int i = 0; i < 10; i++) {
            file("s" + i, "job: tick\ncron: 0 0 3 * * ?\n");
        }
        CompletableFuture<Reconciler.Changes> here = CompletableFuture.supplyAsync(this::reload);
        CompletableFuture<Reconciler.Changes> there = CompletableFuture.supplyAsync(this::reload);
        assertThat(here.get().added().size() + there.get().added().size()).isEqualTo(10);
        assertThat(here.get().unchanged().size() + there.get().unchanged().size())
                .isEqualTo(10);
        assertThat(watch.count("SELECT count(*) FROM qrtz_triggers")).isEqualTo(10);
    }

    @Test
    void afterADowntimeEachMisfirePolicyDoesWhatItSays() throws Exception {
        // Half an hour away from now, so that no time is just about to come.
        int minute = (Instant.now().atZone(ZoneOffset.UTC).getMinute() + 30) % 60;
        String cron = "job: tick\ncron: 0 " + minute + " * * * ?\nmisfire: ";
        for (String policy : List.of("once", "all", "skip")) {
            file(policy, cron + policy + "\n");
        }
        reload();
        Instant next = Instant.ofEpochMilli(trigger("once", "next_fire_time"));
        jdbc.sql("UPDATE qrtz_triggers SET next_fire_time = :time")
                .param("time", next.minus(Duration.ofHours(5)).toEpochMilli())
                .update();
        node.close();

        node = start(true);
        watch.awaitAtLeast(15, Duration.ofMinutes(1), "SELECT count(*) FROM schedule_fires WHERE outcome <> 'waiting'");

        assertThat(outcomes("once")).containsExactly(times(next, "missed", "missed", "missed", "missed", "launched"));
        assertThat(outcomes("all"))
                .containsExactly(times(next, "launched", "launched", "launched", "launched", "launched"));
        assertThat(outcomes("skip")).containsExactly(times(next, "missed", "missed", "missed", "missed", "missed"));
        assertThat(watch.count("SELECT count(*) FROM launches WHERE identity LIKE 'once@%'"))
                .isEqualTo(1);
        assertThat(watch.count("SELECT count(*) FROM launches WHERE identity LIKE 'all@%'"))
                .isEqualTo(5);
        assertThat(watch.count("SELECT count(*) FROM launches WHERE identity LIKE 'skip@%'"))
                .isZero();
        assertThat(watch.count("SELECT count(DISTINCT next_fire_time) FROM qrtz_triggers"))
                .isEqualTo(1);
        assertThat(trigger("all", "next_fire_time")).isEqualTo(next.toEpochMilli());
        assertThat(bean(ScheduleStore.class).missed(TestNode.WORKSPACE, "skip")).isEqualTo(5);
        watch.awaitAtLeast(6, Duration.ofMinutes(1), "SELECT count(*) FROM launches WHERE state = 'completed'");
        node.close();
        node = start(false);
    }

    private static String[] times(Instant next, String... outcomes) {
        String[] lines = new String[outcomes.length];
        for (int i = 0; i < outcomes.length; i++) {
            lines[i] = next.minus(Duration.ofHours(outcomes.length - i)) + " " + outcomes[i];
        }
        return lines;
    }

    @Test
    void ofVeryManyMissedTimesAThousandAreCaughtUpAndTheRestIsCounted() throws Exception {
        file("busy", "job: tick\ncron: 0 * * * * ?\nmisfire: skip\n");
        reload();
        Instant longAgo = Instant.now().truncatedTo(ChronoUnit.MINUTES).minus(Duration.ofHours(50));
        bean(Fires.class).record("busy", longAgo);
        assertThat(watch.count("SELECT count(*) FROM schedule_fires")).isEqualTo(1_001);
        assertThat(bean(ScheduleStore.class).missed(TestNode.WORKSPACE, "busy")).isBetween(2_999L, 3_000L);
        assertThat(bean(MissedTimes.class).count()).isBetween(2_999L, 3_000L);
        assertThat(jdbc.sql(
                                "SELECT message FROM events WHERE type = 'schedule.missed' AND data ->> 'schedule' = 'busy'")
                        .query(String.class)
                        .single())
                .matches(
                        "The schedule busy missed (2999|3000) times since " + longAgo + "; its misfire policy is skip");
    }

    @Test
    void aTimeThatIsToldTwiceLaunchesOnce() throws Exception {
        file("nightly", "job: tick\ncron: 0 * * * * ?\n");
        reload();
        Instant time = second();
        bean(Fires.class).timeHasCome("nightly", time);
        bean(Fires.class).timeHasCome("nightly", time);
        // As after a crash between the launch and its record.
        jdbc.sql("UPDATE schedule_fires SET outcome = 'waiting', run_id = NULL, due_at = now()")
                .update();
        bean(Fires.class).launchDue();
        assertThat(fire("nightly").outcome()).isEqualTo(Fire.Outcome.LAUNCHED);
        assertThat(jdbc.sql("SELECT identity || ' ' || origin FROM launches")
                        .query(String.class)
                        .list())
                .containsExactly("nightly@" + time + " schedule:nightly");
        finish(fire("nightly").runId());
    }

    @Test
    void aTimeOnAnExceptedDayIsLeftOut() throws Exception {
        file("nightly", "job: tick\ncron: 0 * * * * ?\nexcept: [2000-01-01 .. 2099-12-31]\nmisfire: all\n");
        reload();
        bean(Fires.class).timeHasCome("nightly", second());
        assertThat(watch.count("SELECT count(*) FROM schedule_fires")).isZero();
    }

    private long busy(String key) throws Exception {
        TestNode.GATES.put(key, new CountDownLatch(1));
        Launched launched =
                bean(Runs.class).launch(LaunchRequest.of(TestNode.WORKSPACE, "hold", Map.of("key", key), "test"));
        watch.awaitAtLeast(1, Duration.ofSeconds(30), "SELECT count(*) FROM launches WHERE state = 'running'");
        return launched.runId();
    }

    @Test
    void whileARunIsBusyWithTheSameTheTimeIsSkippedWithItsReason() throws Exception {
        long busy = busy("a");
        file("often", "job: hold\ncron: 0 * * * * ?\nparameters: {key: a}\n");
        reload();
        bean(Fires.class).timeHasCome("often", second());
        assertThat(fire("often").outcome()).isEqualTo(Fire.Outcome.SKIPPED);
        assertThat(fire("often").runId()).isEqualTo(busy);
        assertThat(fire("often").message()).contains("another run is busy with hold a");
        assertThatThrownBy(() -> bean(Operations.class).run(saved("often"), "me", ""))
                .isInstanceOf(RunConflict.class);
    }

    @Test
    void whileARunIsBusyWithTheSameTheTimeQueuesWhereItShall() throws Exception {
        long busy = busy("a");
        file("often", "job: hold\ncron: 0 * * * * ?\noverlap: queue\nparameters: {key: a}\n");
        reload();
        bean(Fires.class).timeHasCome("often", second());
        assertThat(fire("often").outcome()).isEqualTo(Fire.Outcome.LAUNCHED);
        assertThat(watch.count("SELECT count(*) FROM launches WHERE state = 'queued'"))
                .isEqualTo(1);
        open("a");
        finish(busy);
        finish(fire("often").runId());
    }

    @Test
    void aRunThatIsBusyWithTheSameIsStoppedWhereItShall() throws Exception {
        long busy = busy("a");
        file("often", "job: hold\ncron: 0 * * * * ?\noverlap: stop-running\nparameters: {key: a}\n");
        reload();
        bean(Fires.class).timeHasCome("often", second());
        assertThat(bean(Runs.class).finished(busy).get(60, TimeUnit.SECONDS).status())
                .isEqualTo("STOPPED");
        open("a");
        finish(fire("often").runId());
        assertThat(fire("often").outcome()).isEqualTo(Fire.Outcome.LAUNCHED);
    }

    @Test
    void aRunWhoseEndIsBeingWrittenIsNotTakenForDeadByItsSuccessor() throws Exception {
        long first = busy("a");
        try (var ending = database.dataSource().getConnection()) {
            ending.setAutoCommit(false);
            try (var statement = ending.createStatement()) {
                statement.execute("UPDATE launches SET state = 'completed', ended_at = now()");
                statement.execute("UPDATE job_leases SET boot_id = NULL");
                CompletableFuture<Launched> next = CompletableFuture.supplyAsync(() -> bean(Runs.class)
                        .launch(LaunchRequest.of(TestNode.WORKSPACE, "hold", Map.of("key", "a"), "test")));
                Await.until(
                        "the next run's launch waits for the lock, or ends",
                        () -> watch.count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                                                + " AND wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE%'")
                                        > 0
                                || next.isDone());
                ending.commit();
                assertThat(next.get(60, TimeUnit.SECONDS).created()).isTrue();
            }
        }
        assertThat(jdbc.sql("SELECT state FROM launches ORDER BY job_instance_id LIMIT 1")
                        .query(String.class)
                        .single())
                .isEqualTo("completed");
        assertThat(bean(Runs.class).get(first).orElseThrow().status()).isNotEqualTo("ABANDONED");
    }

    @Test
    void aLaunchThatFailsIsShownWithItsCauseAndTriedAgain() throws Exception {
        file("early", "job: hold\ncron: 0 * * * * ?\nparameters: {key: unready}\n");
        reload();
        bean(Fires.class).timeHasCome("early", second());
        assertThat(fire("early").outcome()).isEqualTo(Fire.Outcome.FAILED);
        assertThat(fire("early").message()).isEqualTo("the world is not ready");
        assertThat(fire("early").attempts()).isEqualTo(1);
        assertThat(fire("early").dueAt()).isBetween(Instant.now(), Instant.now().plusSeconds(11));
        bean(Fires.class).launchDue();
        assertThat(fire("early").attempts()).isEqualTo(1);

        file("early", "job: hold\ncron: 0 * * * * ?\nparameters: {key: ready}\n");
        reload();
        jdbc.sql("UPDATE schedule_fires SET due_at = now()").update();
        bean(Fires.class).launchDue();
        assertThat(fire("early").outcome()).isEqualTo(Fire.Outcome.LAUNCHED);
        assertThat(fire("early").dueAt()).isNull();
        finish(fire("early").runId());
    }

    @Test
    void stuckTriggersAreSetRight() throws Exception {
        for (String name : List.of("acquired", "blocked", "error", "held", "paused", "gone")) {
            file(name, "job: tick\ncron: 0 0 3 * * ?\n");
        }
        reload();
        bean(Operations.class).pause(saved("paused"), "me", "");
        jdbc.sql("UPDATE qrtz_triggers SET trigger_state = 'ACQUIRED' WHERE trigger_name IN ('acquired', 'held')")
                .update();
        jdbc.sql("UPDATE qrtz_triggers SET trigger_state = 'BLOCKED' WHERE trigger_name = 'blocked'")
                .update();
        jdbc.sql("UPDATE qrtz_triggers SET trigger_state = 'ERROR' WHERE trigger_name = 'error'")
                .update();
        jdbc.sql("UPDATE qrtz_triggers SET trigger_state = 'PAUSED_BLOCKED' WHERE trigger_name = 'paused'")
                .update();
        jdbc.sql("DELETE FROM qrtz_simprop_triggers WHERE trigger_name = 'gone'")
                .update();
        jdbc.sql("DELETE FROM qrtz_triggers WHERE trigger_name = 'gone'").update();
        jdbc.sql("""
                INSERT INTO qrtz_scheduler_state (sched_name, instance_name, last_checkin_time, checkin_interval)
                VALUES ('tidemill', 'alive', 0, 2000)
                """).update();
        fired("held", "alive", "ACQUIRED", Instant.now().minusSeconds(3600));

        List<String> healed = bean(Sweeper.class).sweep();

        assertThat(healed)
                .hasSize(5)
                .anySatisfy(line -> assertThat(line).contains("acquired").contains("stuck in ACQUIRED"));
        assertThat(state("acquired")).isEqualTo("WAITING");
        assertThat(state("blocked")).isEqualTo("WAITING");
        assertThat(state("error")).isEqualTo("WAITING");
        assertThat(state("paused")).isEqualTo("PAUSED");
        assertThat(state("held")).isEqualTo("ACQUIRED");
        assertThat(state("gone")).isEqualTo("WAITING");
        assertThat(bean(Sweeper.class).sweep()).isEmpty();
    }

    private void fired(String name, String instance, String state, Instant time) {
        jdbc.sql("""
                        INSERT INTO qrtz_fired_triggers (sched_name, entry_id, trigger_name, trigger_group, instance_name,
                          fired_time, sched_time, priority, state, job_name, job_group, is_nonconcurrent, requests_recovery)
                        VALUES ('tidemill', :name, :name, 'schedules', :instance, :time, :time, 5, :state, :name, 'schedules',
                          true, true)
                        """)
                .param("name", name)
                .param("instance", instance)
                .param("state", state)
                .param("time", time.toEpochMilli())
                .update();
    }

    @Test
    void aTimeThatAProcessTookToItsGraveIsLaunchedAfterAll() throws Exception {
        file("lost", "job: tick\ncron: 0 * * * * ?\n");
        reload();
        Instant time = Instant.now().truncatedTo(ChronoUnit.MINUTES).minusSeconds(120);
        jdbc.sql("UPDATE qrtz_triggers SET trigger_state = 'BLOCKED'").update();
        fired("lost", "nobody", "EXECUTING", time);

        assertThat(bean(Sweeper.class).sweep())
                .anySatisfy(line -> assertThat(line).contains("a process that is gone"));
        bean(Fires.class).launchDue();

        assertThat(state("lost")).isEqualTo("WAITING");
        assertThat(watch.count("SELECT count(*) FROM launches")).isEqualTo(1);
        assertThat(outcomes("lost")).anyMatch(line -> line.endsWith("launched"));
    }

    @Test
    void aScheduleFollowsTheEndOfARunOnceForEach() throws Exception {
        file("on-success", "job: tick\nafter: {job: hold}\n");
        file("on-failure", "job: tick\nafter: {job: hold, on: failure}\n");
        file("always", "job: tick\nafter: {job: hold, on: any}\n");
        file("chained", "job: tick\nafter: {schedule: on-success}\n");
        reload();
        Runs runs = bean(Runs.class);
        long good = runs.launch(LaunchRequest.of(TestNode.WORKSPACE, "hold", Map.of("key", "good"), "test"))
                .runId();
        finish(good);
        long bad = runs.launch(LaunchRequest.of(TestNode.WORKSPACE, "hold", Map.of("key", "broken"), "test"))
                .runId();
        finish(bad);
        bean(Fires.class).launchDue();
        bean(Fires.class).launchDue();

        assertThat(outcomes("on-success")).containsExactly("run " + good + " launched");
        assertThat(outcomes("on-failure")).containsExactly("run " + bad + " launched");
        assertThat(outcomes("always")).containsExactly("run " + good + " launched", "run " + bad + " launched");
        long follower = Objects.requireNonNull(fire("on-success").runId());
        finish(follower);
        bean(Fires.class).launchDue();
        assertThat(outcomes("chained")).containsExactly("run " + follower + " launched");
        assertThat(watch.count("SELECT count(*) FROM launches WHERE job = 'tick'"))
                .isEqualTo(5);
    }

    @Test
    void aPausedScheduleLaunchesNothingAndGoesOnFromNowWhenResumed() throws Exception {
        file("hourly", "job: tick\ncron: 0 0 * * * ?\nmisfire: all\n");
        file("follows", "job: tick\nafter: {job: hold}\n");
        reload();
        long next = trigger("hourly", "next_fire_time");
        bean(Operations.class).pause(saved("hourly"), "me", "holidays");
        bean(Operations.class).pause(saved("follows"), "me", "holidays");
        assertThat(state("hourly")).isEqualTo("PAUSED");
        long run = bean(Runs.class)
                .launch(LaunchRequest.of(TestNode.WORKSPACE, "hold", Map.of("key", "good"), "test"))
                .runId();
        finish(run);
        jdbc.sql("UPDATE qrtz_triggers SET next_fire_time = next_fire_time - 36000000")
                .update();
        bean(Operations.class).resume(saved("hourly"), "me", "back");
        assertThat(state("hourly")).isEqualTo("WAITING");
        assertThat(trigger("hourly", "next_fire_time")).isGreaterThanOrEqualTo(next);
        assertThat(watch.count("SELECT count(*) FROM schedule_fires")).isZero();
        assertThat(jdbc.sql(
                                "SELECT action || ' ' || (detail ->> 'reason') FROM audit_entries WHERE action LIKE 'schedule.%' ORDER BY id")
                        .query(String.class)
                        .list())
                .containsExactly("schedule.pause holidays", "schedule.pause holidays", "schedule.resume back");
    }

    @Test
    void aBackfillRunsWhatIsMissingOrFailedAndLeavesTheRest() throws Exception {
        file("daily", "job: hold\ncron: 0 0 3 * * ?\nparameters: {key: a}\n");
        reload();
        Instant from = Instant.parse("2026-03-01T00:00:00Z");
        Instant to = Instant.parse("2026-03-03T23:00:00Z");
        Backfill backfill = bean(Backfill.class);

        assertThat(backfill.run(saved("daily"), from, to, Backfill.Select.MISSING, true, "me", ""))
                .extracting(Backfill.Item::action)
                .containsExactly("launch", "launch", "launch");
        assertThat(watch.count("SELECT count(*) FROM launches")).isZero();

        List<Backfill.Item> launched = backfill.run(saved("daily"), from, to, Backfill.Select.MISSING, false, "me", "");
        for (Backfill.Item item : launched) {
            finish(item.runId());
        }
        assertThat(jdbc.sql("SELECT identity || ' ' || priority FROM launches ORDER BY 1")
                        .query(String.class)
                        .list())
                .containsExactly(
                        "daily@2026-03-01T03:00:00Z -100",
                        "daily@2026-03-02T03:00:00Z -100",
                        "daily@2026-03-03T03:00:00Z -100");

        jdbc.sql("UPDATE launches SET state = 'failed' WHERE identity = 'daily@2026-03-02T03:00:00Z'")
                .update();
        assertThat(backfill.run(saved("daily"), from, to, Backfill.Select.MISSING, true, "me", ""))
                .extracting(Backfill.Item::action)
                .containsOnly("leave");
        List<Backfill.Item> again =
                backfill.run(saved("daily"), from, to, Backfill.Select.MISSING_AND_FAILED, false, "me", "");
        assertThat(again).extracting(Backfill.Item::action).containsExactly("leave", "launch again", "leave");
        finish(again.get(1).runId());
        assertThat(backfill.run(saved("daily"), from, to, Backfill.Select.MISSING_AND_FAILED, true, "me", ""))
                .extracting(Backfill.Item::action)
                .containsOnly("leave");
        assertThat(backfill.run(saved("daily"), from, to, Backfill.Select.ALL, true, "me", ""))
                .extracting(Backfill.Item::action)
                .containsOnly("launch again");
        assertThat(watch.count("SELECT count(*) FROM launches WHERE identity = 'daily@2026-03-02T03:00:00Z#2'"))
                .isEqualTo(1);
        assertThatThrownBy(() -> backfill.run(
                        saved("daily"), from, Instant.now().plusSeconds(60), Backfill.Select.ALL, true, "me", ""))
                .isInstanceOf(BadRequest.class)
                .hasMessageContaining("still to come");
    }

    @Test
    void theLagIsTheAgeOfTheOldestTimeThatNobodyFired() throws Exception {
        assertThat(bean(ScheduleLag.class).lag()).isZero();
        file("hourly", "job: tick\ncron: 0 0 * * * ?\n");
        file("still", "job: tick\ncron: 0 0 * * * ?\npaused: true\n");
        reload();
        assertThat(bean(ScheduleLag.class).lag()).isZero();
        jdbc.sql("UPDATE qrtz_triggers SET next_fire_time = :time WHERE trigger_name = 'still'")
                .param("time", Instant.now().minusSeconds(900).toEpochMilli())
                .update();
        assertThat(bean(ScheduleLag.class).lag()).isZero();
        jdbc.sql("UPDATE qrtz_triggers SET next_fire_time = :time WHERE trigger_name = 'hourly'")
                .param("time", Instant.now().minusSeconds(300).toEpochMilli())
                .update();
        assertThat(bean(ScheduleLag.class).lag()).isBetween(Duration.ofSeconds(299), Duration.ofSeconds(360));
        assertThat(bean(SchedulesWatch.class).health().getStatus()).isEqualTo(Status.DOWN);
        jdbc.sql("UPDATE qrtz_triggers SET next_fire_time = :time WHERE trigger_name = 'hourly'")
                .param("time", Instant.now().minusSeconds(5).toEpochMilli())
                .update();
        assertThat(bean(SchedulesWatch.class).health().getStatus()).isEqualTo(Status.UP);
    }
}
