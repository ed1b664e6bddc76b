package dev.tidemill.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.run.RunHistory.Page;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunHistoryTest {

    private static final UUID OURS = new UUID(1, 1);
    private static final UUID THEIRS = new UUID(2, 2);
    private static final Instant START = History.NOW.minusSeconds(100);
    private static final Instant END = History.NOW.minusSeconds(10);

    private History history;

    @BeforeEach
    void open() {
        history = new History();
    }

    @AfterEach
    void close() {
        history.close();
    }

    private void completed(UUID workspace, long id, String job, Map<String, String> parameters) {
        history.launch(workspace, id, job, "completed");
        history.run(id, id, "COMPLETED", START, END, parameters);
    }

    private void completed(long id) {
        completed(OURS, id, "ingest", Map.of("location", "/data/" + id));
    }

    private RunView run(long id) {
        return history.runs.get(OURS, id).orElseThrow();
    }

    private List<Long> found(RunQuery query) {
        return history.runs.page(OURS, query).runs().stream().map(RunView::id).toList();
    }

    private static RunQuery query(
            @Nullable String job, @Nullable RunState state, Map<String, String> parameters, @Nullable String text) {
        return new RunQuery(job, null, state, null, null, parameters, text, null, null, 50);
    }

    @Test
    void theDatabaseShowsNoRunOfAnotherWorkspace() {
        completed(1);
        completed(THEIRS, 2, "ingest", Map.of());

        assertThat(found(RunQuery.newest(50))).containsExactly(1L);
        assertThat(history.runs.get(OURS, 2)).isEmpty();
        assertThat(history.runs.detail(OURS, 2)).isEmpty();
        assertThat(history.runs.diff(OURS, 1, 2)).isEmpty();
        assertThat(history.runs.now(OURS, true, Set.of(2L)).followed()).isEmpty();
        assertThat(history.runs.get(THEIRS, 2)).isPresent();
    }

    @Test
    void aRunIsOverFromWhenTheDatabaseSaysSoOnceItsEndIsConcluded() {
        history.launch(OURS, 1, "ingest", "running");
        history.run(1, 10, "FAILED", START, END, Map.of());
        history.run(1, 11, "STARTED", START, null, Map.of());
        completed(THEIRS, 2, "ingest", Map.of());

        assertThat(history.runs.end(OURS, 10)).contains(new RunHistory.End(END));
        assertThat(history.runs.end(OURS, 11)).contains(new RunHistory.End(null));
        history.owner
                .sql("UPDATE batch_job_execution SET end_time = :end, status = 'COMPLETED' WHERE job_execution_id = 11")
                .param("end", History.local(END))
                .update();
        assertThat(history.runs.end(OURS, 11)).contains(new RunHistory.End(null));
        new RunRecords(history.owner).ended(11);
        Instant noted =
                Objects.requireNonNull(history.runs.end(OURS, 11).orElseThrow().at());
        new RunRecords(history.owner).ended(11);

        assertThat(noted).isAfter(END);
        assertThat(history.runs.end(OURS, 11)).contains(new RunHistory.End(noted));
        assertThat(history.runs.end(OURS, 2)).isEmpty();
        assertThat(history.runs.end(OURS, 12)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "queued, STARTING, false, 0, QUEUED",
        "running, STARTED, false, 0, RUNNING",
        "running, STARTED, true, 0, STOPPING",
        "waiting, FAILED, false, 0, RETRYING",
        "completed, COMPLETED, false, 0, COMPLETED",
        "completed, COMPLETED, false, 1, COMPLETED_WITH_SKIPS",
        "stopped, STOPPED, false, 0, STOPPED",
        "failed, FAILED, false, 0, FAILED",
        "needs_operator, FAILED, false, 0, NEEDS_OPERATOR",
        "abandoned, ABANDONED, false, 0, ABANDONED"
    })
    void theNewestRunStandsWhereItsLaunchDoesAndIsFoundByThat(
            String launch, String status, boolean stopRequested, long refused, RunState state) {
        history.launch(OURS, 7, "ingest", launch);
        history.run(7, 7, status, START, null, Map.of());
        history.owner
                .sql("UPDATE launches SET refused = :refused, stop_requested_at = CASE WHEN :stop THEN now() END")
                .param("refused", refused)
                .param("stop", stopRequested)
                .update();

        assertThat(run(7).state()).isEqualTo(state);
        for (RunState other : RunState.values()) {
            assertThat(found(query(null, other, Map.of(), null)))
                    .as("%s", other)
                    .hasSize(other == state ? 1 : 0);
        }
    }

    @Test
    void aResumedRunStandsWhereItEndedAndNamesAllRunsOfItsLaunch() {
        history.launch(OURS, 1, "ingest", "completed");
        history.run(1, 10, "FAILED", START, END, Map.of());
        history.run(1, 11, "COMPLETED", START, END, Map.of());

        assertThat(run(10).state()).isEqualTo(RunState.FAILED);
        assertThat(run(11).state()).isEqualTo(RunState.COMPLETED);
        assertThat(run(10).runs()).containsExactly(10L, 11L).isEqualTo(run(11).runs());
        assertThat(List.of(run(10).attempt(), run(11).attempt())).containsExactly(1, 2);
        assertThat(found(query(null, RunState.FAILED, Map.of(), null))).containsExactly(10L);
        assertThat(history.runs.now(OURS, false, Set.of(10L)).followed())
                .hasEntrySatisfying(10L, newest -> assertThat(newest.id()).isEqualTo(11));
    }

    @Test
    void aRunThatIsGoneOnWithDuringTheLookIsSeenAsItWasOrAsItIsButNotAsOver() {
        history.launch(OURS, 1, "ingest", "waiting");
        history.run(1, 10, "FAILED", START, END, Map.of());
        AtomicBoolean goneOnWith = new AtomicBoolean();
        // The clock is read between two statements of a look.
        RunHistory runs = new RunHistory(history.app, history.transactions, new Jobs(List.of()), () -> {
            if (!goneOnWith.getAndSet(true)) {
                history.run(1, 11, "STARTED", History.NOW, null, Map.of());
            }
            return History.NOW;
        });

        assertThat(runs.now(OURS, true, Set.of(10L))).satisfies(now -> {
            assertThat(goneOnWith).isTrue();
            assertThat(now.live()).extracting(RunView::state).containsExactly(RunState.RETRYING);
            assertThat(now.followed())
                    .hasEntrySatisfying(
                            10L, newest -> assertThat(newest.state()).isEqualTo(RunState.RETRYING));
        });
        assertThat(runs.now(OURS, true, Set.of(10L)).followed())
                .hasEntrySatisfying(10L, newest -> assertThat(newest.id()).isEqualTo(11));
    }

    @Test
    void aRetrySaysWhichOfHowManyWhenAndWhy() {
        history.launch(OURS, 1, "ingest", "waiting");
        history.run(1, 1, "FAILED", START, END, Map.of());
        history.failure(OURS, 1, 1, ErrorClass.UNKNOWN, "wrapped");
        history.failure(OURS, 1, 2, ErrorClass.TRANSIENT, "reset");
        history.owner
                .sql("UPDATE launches SET failures = 2, last_error = 'reset', due_at = '2026-05-01T12:01:00Z'")
                .update();

        RunView.Retry retry = run(1).retry();

        assertThat(retry).isEqualTo(new RunView.Retry(3, 5, Instant.parse("2026-05-01T12:01:00Z"), "reset"));
    }

    @Test
    void aRunWhoseProcessDiedSaysHowManyDeathsAreLeft() {
        history.launch(OURS, 1, "ingest", "waiting");
        history.run(1, 1, "FAILED", START, END, Map.of());
        history.owner
                .sql("UPDATE launches SET deaths = 1, last_error = 'its process died'")
                .update();

        assertThat(run(1).retry())
                .extracting(RunView.Retry::attempt, RunView.Retry::of)
                .containsExactly(2, 5);
    }

    @Test
    void pagesFollowEachOtherWithoutAGapOrARepetition() {
        for (long id = 1; id <= 7; id++) {
            completed(id);
        }
        List<Long> seen = new ArrayList<>();
        Long before = null;
        int pages = 0;
        do {
            Page page = history.runs.page(
                    OURS, new RunQuery(null, null, null, null, null, Map.of(), null, null, before, 3));
            page.runs().forEach(run -> seen.add(run.id()));
            before = page.next();
            pages++;
        } while (before != null);

        assertThat(seen).containsExactly(7L, 6L, 5L, 4L, 3L, 2L, 1L);
        assertThat(pages).isEqualTo(3);
    }

    @Test
    void aPageThatIsJustFullIsTheLastWhenNothingFollows() {
        completed(1);
        completed(2);

        assertThat(history.runs.page(OURS, RunQuery.newest(2)).next()).isNull();
        assertThat(history.runs.page(OURS, RunQuery.newest(1)).next()).isEqualTo(2);
    }

    @Test
    void theTimeAskedForCountsFromItsFirstInstantToBeforeItsLast() {
        completed(1);
        history.owner
                .sql("UPDATE runs SET requested_at = '2026-03-01T10:00:00Z'")
                .update();
        Instant at = Instant.parse("2026-03-01T10:00:00Z");

        assertThat(found(between(at, null))).hasSize(1);
        assertThat(found(between(at.plusMillis(1), null))).isEmpty();
        assertThat(found(between(null, at))).isEmpty();
        assertThat(found(between(null, at.plusMillis(1)))).hasSize(1);
    }

    private static RunQuery between(@Nullable Instant from, @Nullable Instant to) {
        return new RunQuery(null, null, null, from, to, Map.of(), null, null, null, 50);
    }

    @Test
    void runsAreFoundByJobStatusOriginAndParameters() {
        completed(1);
        completed(OURS, 2, "prune", Map.of("location", "/data/1", "dryRun", "true"));

        assertThat(found(query("prune", null, Map.of(), null))).containsExactly(2L);
        assertThat(found(query(null, null, Map.of("location", "/data/1"), null)))
                .containsExactly(2L, 1L);
        assertThat(found(query(null, null, Map.of("location", "/data/1", "dryRun", "true"), null)))
                .containsExactly(2L);
        assertThat(found(query(null, null, Map.of("location", "/data"), null))).isEmpty();
        assertThat(found(new RunQuery(null, "COMPLETED", null, null, null, Map.of(), null, "api", null, 9)))
                .hasSize(2);
        assertThat(found(new RunQuery(null, "FAILED", null, null, null, Map.of(), null, null, null, 9)))
                .isEmpty();
        assertThat(found(new RunQuery(null, null, null, null, null, Map.of(), null, "cli", null, 9)))
                .isEmpty();
    }

    @Test
    void aTextIsFoundInParametersReasonsAndFailuresAndItsSignsMeanThemselves() {
        completed(OURS, 1, "ingest", Map.of("location", "/data/Green_House"));
        completed(OURS, 2, "ingest", Map.of("location", "/data/greenXhouse"));
        history.failure(OURS, 2, 1, ErrorClass.DATA, "50% of it is missing");

        assertThat(found(query(null, null, Map.of(), "green_house"))).containsExactly(1L);
        assertThat(found(query(null, null, Map.of(), "BECAUSE"))).containsExactly(2L, 1L);
        assertThat(found(query(null, null, Map.of(), "50% of"))).containsExactly(2L);
        assertThat(found(query(null, null, Map.of(), "50%it"))).isEmpty();
        assertThat(found(query(null, null, Map.of(), "\\"))).isEmpty();
    }

    @Test
    void theDetailTellsTheExceptionsOfAllRunsOfTheLaunchWhole() {
        history.launch(OURS, 1, "ingest", "completed");
        history.run(1, 10, "FAILED", START, END, Map.of());
        history.run(1, 11, "COMPLETED", START, END, Map.of());
        history.failure(OURS, 10, 1, ErrorClass.TRANSIENT, "reset");

        List<RunFailure> failures = history.runs.detail(OURS, 11).orElseThrow().failures();

        assertThat(failures).hasSize(1);
        assertThat(failures.getFirst().runId()).isEqualTo(10);
        assertThat(failures.getFirst().stack()).contains("\n\tat a.b.C.d(C.java:1)");
    }

    @Test
    void aRunAtWorkTellsItsProgressAgainstEarlierRuns() {
        for (long id = 1; id <= 11; id++) {
            completed(id);
        }
        // The eldest is not among the last ten.
        history.owner
                .sql(
                        "UPDATE batch_job_execution SET end_time = start_time + interval '1 day' WHERE job_execution_id = 1")
                .update();
        history.launch(OURS, 20, "ingest", "running");
        history.run(20, 20, "STARTED", START, null, Map.of());
        Pace pace = Pace.start(History.NOW.minusSeconds(40))
                .committed(History.NOW.minusSeconds(30), 100)
                .committed(History.NOW.minusSeconds(20), 200)
                .committed(History.NOW.minusSeconds(10), 300);
        history.step(20, 1, "discover", 5, END, "{\"progress.total\":[\"java.lang.Long\",5]}");
        history.step(20, 2, "embed", 300, null, """
                {"progress.before":["java.lang.Long",50],"progress.total":["java.lang.Long",1000],"progress.pace":"%s"}
                """.formatted(pace.text()));

        RunProgress progress = Objects.requireNonNull(run(20).progress());

        assertThat(progress.step()).isEqualTo("embed");
        assertThat(progress.elapsedSeconds()).isEqualTo(100);
        assertThat(progress.medianSeconds()).isEqualTo(90);
        StepProgress step = progress.current();
        assertThat(step.done()).isEqualTo(350);
        assertThat(step.total()).isEqualTo(1_050);
        assertThat(step.rate()).isBetween(9.99, 10.01);
        assertThat(step.etaSeconds()).isEqualTo(60);
        assertThat(step.estimating()).isFalse();
        assertThat(step.stalled()).isFalse();
    }

    @Test
    void thePartsOfADividedStepStandBelowItAndAddUp() {
        history.launch(OURS, 20, "reembed", "running");
        history.run(20, 20, "STARTED", START, null, Map.of());
        history.step(20, 1, "embed", 0, null, "{}");
        history.step(20, 2, "embed:part0", 30, null, "{\"progress.total\":40}");
        history.step(20, 3, "embed:part1", 60, END, "{\"progress.total\":60}");

        List<StepView> steps = run(20).steps();

        assertThat(steps).hasSize(1);
        assertThat(steps.getFirst().partitions())
                .extracting(StepView::name)
                .containsExactly("embed:part0", "embed:part1");
        assertThat(steps.getFirst().progress().done()).isEqualTo(90);
        assertThat(steps.getFirst().progress().total()).isEqualTo(100);
    }

    @Test
    void aDifferenceNamesParametersCountsAndWhatTheRunsRanWith() {
        completed(OURS, 1, "ingest", Map.of("identity", "a", "location", "/a", "project", "p"));
        completed(OURS, 2, "ingest", Map.of("identity", "b", "location", "/b", "project", "p", "type", "urls"));
        history.step(1, 1, "discover", 5, END, "{}");
        history.step(2, 1, "discover", 8, END, "{}");
        history.step(2, 2, "embed", 9, END, "{}");
        history.owner
                .sql("UPDATE runs SET config_hash = run_id::text, code_version = '1'")
                .update();

        RunDiff diff = history.runs.diff(OURS, 1, 2).orElseThrow();

        assertThat(diff.parameters())
                .containsExactly(
                        new RunDiff.Parameter("location", "/a", "/b"), new RunDiff.Parameter("type", null, "urls"));
        assertThat(diff.steps()).extracting(RunDiff.Step::name).containsExactly("discover", "embed");
        assertThat(Objects.requireNonNull(diff.steps().getFirst().other()).written())
                .isEqualTo(8);
        assertThat(diff.steps().getLast().one()).isNull();
        assertThat(diff.one().seconds()).isEqualTo(90);
        assertThat(diff.sameConfig()).isFalse();
        assertThat(diff.sameVersion()).isTrue();
    }

    @Test
    void theWorkerIsNamedWithTheAgeOfItsHeartbeat() {
        history.launch(OURS, 1, "ingest", "running");
        history.run(1, 1, "STARTED", START, null, Map.of());
        UUID boot = UUID.randomUUID();
        new RunRecords(history.owner).started(1, new Node(boot, "here:1", null, 1, null, "9", true), "abc");
        assertThat(run(1).node()).isEqualTo(new RunView.Worker("here:1", null));
        history.owner.sql("""
                        INSERT INTO nodes (boot_id, name, pid, version, adopts, heartbeat_at, expires_at)
                        VALUES (:boot, 'here:1', 1, '9', true, clock_timestamp() - interval '1 hour', now())
                        """).param("boot", boot).update();

        assertThat(Objects.requireNonNull(run(1).node()).heartbeatAgeSeconds()).isBetween(3_600L, 3_700L);
        assertThat(run(1).configHash()).isEqualTo("abc");
        assertThat(run(1).codeVersion()).isEqualTo("9");
    }
}
