package dev.tidemill.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tidemill.run.StepProgress.Part;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.job.JobInstance;
import org.springframework.batch.core.job.parameters.JobParameters;
import org.springframework.batch.core.scope.context.StepSynchronizationManager;
import org.springframework.batch.core.step.StepExecution;

class PaceTest {

    private static final Instant START = Instant.parse("2026-05-01T12:00:00Z");

    private static Instant at(double seconds) {
        return START.plusMillis(Math.round(seconds * 1_000));
    }

    /// Commits the same number of items in the same time, again and again.
    private static Pace steady(int commits, double seconds, long items) {
        Pace pace = Pace.start(START);
        for (int i = 1; i <= commits; i++) {
            pace = pace.committed(at(i * seconds), i * items);
        }
        return pace;
    }

    private static StepProgress progress(Pace pace, long left, Instant now) {
        return StepProgress.of(List.of(new Part(0, pace.items(), left, pace, true)), now);
    }

    @Test
    void aSteadyPaceIsItsRateFromTheFirstCommitOn() {
        assertThat(steady(1, 2, 50).rate()).isEqualTo(25);
        assertThat(steady(200, 2, 50).rate()).isCloseTo(25, within(1e-9));
    }

    @Test
    void whatIsAMinuteOldCountsAnEthOfWhatIsNew() {
        // A minute at 10 items a second, then none: after a minute more, 10 * w / (w + 1) with w = e^-1.
        Pace pace = Pace.start(START).committed(at(60), 600).committed(at(120), 600);

        assertThat(pace.rate()).isCloseTo(10 / (1 + Math.E), within(1e-9));
    }

    @Test
    void estimatingEndsWithTheThirdCommit() {
        assertThat(steady(2, 10, 5).estimating(at(20))).isTrue();
        assertThat(steady(3, 10, 5).estimating(at(30))).isFalse();
    }

    @Test
    void estimatingEndsWithTheTenthSecond() {
        assertThat(steady(9, 1, 5).estimating(at(9.999))).isTrue();
        assertThat(steady(9, 1, 5).estimating(at(10))).isFalse();
    }

    @Test
    void chunksWithoutItemsTellNoRate() {
        assertThat(steady(5, 10, 0).estimating(at(50))).isTrue();
        assertThat(progress(steady(5, 10, 0), 100, at(50)).etaSeconds()).isNull();
    }

    @Test
    void withQuickChunksAMinuteWithoutACommitIsAStall() {
        Pace pace = steady(10, 2, 5);

        assertThat(pace.stalled(at(20 + 59.999))).isFalse();
        assertThat(pace.stalled(at(20 + 60))).isTrue();
    }

    @Test
    void withSlowChunksFiveOfTheirMedianAreAStall() {
        Pace pace = steady(4, 30, 5);

        assertThat(pace.stalled(at(120 + 149.999))).isFalse();
        assertThat(pace.stalled(at(120 + 150))).isTrue();
    }

    @Test
    void aStepThatHasNotCommittedYetStallsFromItsStart() {
        assertThat(Pace.start(START).stalled(at(59.999))).isFalse();
        assertThat(Pace.start(START).stalled(at(60))).isTrue();
    }

    @Test
    void theMedianIsTheMiddleChunk() {
        Pace pace = Pace.start(START).committed(at(1), 1).committed(at(3), 2).committed(at(13), 3);

        assertThat(pace.medianChunk()).isEqualTo(Duration.ofSeconds(2));
        assertThat(pace.committed(at(17), 4).medianChunk()).isEqualTo(Duration.ofSeconds(3));
    }

    @Test
    void theTimeLeftIsWhatIsLeftByTheRateLessTheTimeSinceTheLastCommit() {
        Pace pace = steady(5, 10, 100);

        StepProgress then = progress(pace, 2_500, at(50));
        assertThat(then.rate()).isCloseTo(10, within(1e-9));
        assertThat(List.of(then.done(), then.total())).containsExactly(500L, 2_500L);
        assertThat(List.of(then.etaLowSeconds(), then.etaSeconds(), then.etaHighSeconds()))
                .containsExactly(200L, 200L, 200L);
        assertThat(progress(pace, 2_500, at(57)).etaSeconds()).isEqualTo(193);
    }

    @Test
    void theBandIsThatOfTheFastestAndTheSlowestTenthOfTheChunks() {
        // Eleven chunks of 1, 2, … 11 items a second: a tenth from each end lie 2 and 10.
        Pace pace = Pace.start(START);
        for (int i = 1; i <= 11; i++) {
            pace = pace.committed(at(10 * i), pace.items() + 10L * i);
        }

        assertThat(pace.slow()).isCloseTo(2, within(1e-9));
        assertThat(pace.fast()).isCloseTo(10, within(1e-9));
        StepProgress progress = progress(pace, pace.items() + 1_000, at(110));
        assertThat(progress.etaLowSeconds()).isEqualTo(100);
        assertThat(progress.etaHighSeconds()).isEqualTo(500);
        assertThat(progress.etaSeconds()).isBetween(100L, 500L);
    }

    @Test
    void withoutATotalThereIsARateAndNoTimeLeft() {
        StepProgress progress = progress(steady(5, 10, 100), 0, at(50));

        assertThat(progress.total()).isNull();
        assertThat(progress.rate()).isNotNull();
        assertThat(progress.etaSeconds()).isNull();
    }

    @Test
    void aStalledStepPromisesNoEnd() {
        StepProgress progress = progress(steady(5, 10, 100), 2_500, at(110));

        assertThat(progress.stalled()).isTrue();
        assertThat(progress.etaSeconds()).isNull();
    }

    @Test
    void moreThanWasCountedRaisesTheTotal() {
        assertThat(progress(steady(5, 10, 100), 400, at(50)).total()).isEqualTo(500);
    }

    @Test
    void anEndedStepIsNeitherEstimatingNorStalled() {
        StepProgress progress = StepProgress.of(List.of(new Part(0, 5, 5, Pace.start(START), false)), at(600));

        assertThat(progress.estimating()).isFalse();
        assertThat(progress.stalled()).isFalse();
        assertThat(progress.rate()).isNull();
    }

    @Test
    void partitionsAddUp() {
        Pace pace = steady(5, 10, 100);
        Part part = new Part(20, 500, 1_000, pace, true);

        StepProgress both = StepProgress.of(List.of(part, part), at(50));

        assertThat(both.done()).isEqualTo(1_040);
        assertThat(both.total()).isEqualTo(2_040);
        assertThat(both.rate()).isCloseTo(20, within(1e-9));
        assertThat(both.etaSeconds()).isEqualTo(50);
    }

    @Test
    void theTextHoldsAllOfIt() {
        Pace pace = steady(40, 3, 7);

        Pace read = Objects.requireNonNull(Pace.parse(pace.text()));

        assertThat(pace.chunks()).hasSize(30);
        assertThat(read.chunks()).isEqualTo(pace.chunks());
        assertThat(read.rate()).isCloseTo(pace.rate(), within(1e-4));
        assertThat(List.of(read.items(), read.commits())).containsExactly(280L, 40L);
        assertThat(Pace.parse(Pace.start(START).text())).isEqualTo(Pace.start(START));
        assertThat(Pace.parse("2|x")).isNull();
    }

    @AfterEach
    void leave() {
        StepSynchronizationManager.release();
    }

    @Test
    void aResumedStepGoesOnFromWhatWasCommitted() {
        AtomicReference<Instant> now = new AtomicReference<>(START);
        PaceStream stream = new PaceStream(now::get);
        StepExecution first = step(1);
        StepSynchronizationManager.register(first);
        stream.open(first.getExecutionContext());
        commit(stream, first, 100, now, at(5));
        commit(stream, first, 100, now, at(10));
        Context committed = stored(first);
        // The third chunk was written and counted, but its process died before the commit: its count is lost with
        // it.
        StepSynchronizationManager.release();

        StepExecution second = step(2);
        second.setExecutionContext(
                new org.springframework.batch.infrastructure.item.ExecutionContext(first.getExecutionContext()));
        StepSynchronizationManager.register(second);
        now.set(at(1_000));
        stream.open(second.getExecutionContext());

        assertThat(committed.text(Progress.PACE)).isPresent();
        assertThat(Progress.before(second.getExecutionContext())).isEqualTo(200);
        commit(stream, second, 50, now, at(1_005));
        Pace pace = Objects.requireNonNull(Progress.pace(second.getExecutionContext()));
        assertThat(pace.items()).isEqualTo(50);
        assertThat(pace.rate())
                .as("the time in which nobody worked does not count")
                .isCloseTo(10, within(1e-6));
    }

    @Test
    void aTransactionThatCommitsNoChunkDoesNotCount() {
        PaceStream stream = new PaceStream(InstantSource.fixed(START));
        StepExecution step = step(1);
        StepSynchronizationManager.register(step);
        stream.open(step.getExecutionContext());

        stream.update(step.getExecutionContext());

        assertThat(Progress.pace(step.getExecutionContext())).isEqualTo(Pace.start(START));
    }

    private static void commit(
            PaceStream stream, StepExecution step, long items, AtomicReference<Instant> now, Instant at) {
        now.set(at);
        step.setWriteCount(step.getWriteCount() + items);
        step.incrementCommitCount();
        stream.update(step.getExecutionContext());
    }

    private static Context stored(StepExecution step) {
        return Context.of("{\"progress.pace\":\"" + step.getExecutionContext().getString(Progress.PACE) + "\"}");
    }

    private static StepExecution step(long id) {
        JobExecution execution = new JobExecution(id, new JobInstance(1, "job"), new JobParameters());
        return new StepExecution(id, "step", execution);
    }
}
