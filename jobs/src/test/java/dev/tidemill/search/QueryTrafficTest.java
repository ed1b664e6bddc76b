package dev.tidemill.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.postgres.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Who goes first, told by the order of events: pauses here are an hour, which nobody waits for, or a millisecond.
class QueryTrafficTest {

    private static final Duration FOR_EVER = Duration.ofHours(1);
    private static final Duration SHORT = Duration.ofMillis(1);

    private final QueryTraffic traffic = new QueryTraffic();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<CountDownLatch> open = new ArrayList<>();

    @AfterEach
    void end() {
        open.forEach(CountDownLatch::countDown);
        threads.close();
    }

    /// Something that has begun, and ends when it is told to.
    private record Held(Future<?> done, CountDownLatch release) {

        void end() throws Exception {
            release.countDown();
            done.get(1, TimeUnit.MINUTES);
        }
    }

    private CountDownLatch latch() {
        CountDownLatch latch = new CountDownLatch(1);
        open.add(latch);
        return latch;
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(1, TimeUnit.MINUTES)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private Held query() {
        CountDownLatch began = latch();
        CountDownLatch end = latch();
        Future<?> done = threads.submit(() -> traffic.during(() -> {
            began.countDown();
            await(end);
            return null;
        }));
        await(began);
        return new Held(done, end);
    }

    private Future<?> work(Duration pause, Runnable piece) {
        return threads.submit(() -> traffic.behind(pause, () -> {
            piece.run();
            return null;
        }));
    }

    private void untilWaiting(int pieces) throws Exception {
        Await.until(pieces + " pieces wait", () -> traffic.waiting() == pieces);
    }

    @Test
    void withoutQueriesAnyNumberOfPiecesIsDoneAtATime() throws Exception {
        CountDownLatch both = new CountDownLatch(2);
        Runnable together = () -> {
            both.countDown();
            await(both);
        };

        Future<?> one = work(FOR_EVER, together);
        Future<?> other = work(FOR_EVER, together);

        one.get(1, TimeUnit.MINUTES);
        other.get(1, TimeUnit.MINUTES);
    }

    @Test
    void workWaitsUntilTheLastQueryIsAnswered() throws Exception {
        AtomicInteger begun = new AtomicInteger();
        Held first = query();
        Held second = query();
        Future<?> work = work(FOR_EVER, begun::incrementAndGet);
        untilWaiting(1);

        first.end();
        untilWaiting(1);
        assertThat(begun).hasValue(0);
        second.end();

        work.get(1, TimeUnit.MINUTES);
        assertThat(begun).hasValue(1);
    }

    @Test
    void workComesToItsEndHoweverLongQueriesGoOn() throws Exception {
        Held query = query();

        for (int piece = 0; piece < 3; piece++) {
            work(SHORT, () -> {}).get(1, TimeUnit.MINUTES);
        }

        assertThat(query.done.isDone()).isFalse();
    }

    @Test
    void besideQueriesOnePieceIsDoneAtATime() throws Exception {
        Held query = query();
        AtomicInteger atWork = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        List<Future<?>> pieces = new ArrayList<>();
        CountDownLatch first = latch();
        for (int i = 0; i < 8; i++) {
            pieces.add(work(SHORT, () -> {
                most.accumulateAndGet(atWork.incrementAndGet(), Math::max);
                await(first);
                atWork.decrementAndGet();
            }));
        }
        // One is held at its work, and the others see it.
        untilWaiting(7);
        first.countDown();

        for (Future<?> piece : pieces) {
            piece.get(1, TimeUnit.MINUTES);
        }
        assertThat(most).hasValue(1);
        query.end();
    }

    @Test
    void workBegunInAQuietMomentHoldsBackWhatWouldBeDoneBesideAQuery() throws Exception {
        CountDownLatch end = latch();
        CountDownLatch began = latch();
        Future<?> early = work(SHORT, () -> {
            began.countDown();
            await(end);
        });
        await(began);
        Held query = query();
        AtomicInteger begun = new AtomicInteger();
        Future<?> late = work(SHORT, begun::incrementAndGet);
        untilWaiting(1);

        assertThat(begun).hasValue(0);
        end.countDown();
        early.get(1, TimeUnit.MINUTES);

        late.get(1, TimeUnit.MINUTES);
        assertThat(query.done.isDone()).isFalse();
    }

    @Test
    void withoutAPauseNothingIsWaitedFor() throws Exception {
        Held query = query();
        CountDownLatch both = new CountDownLatch(2);
        Runnable together = () -> {
            both.countDown();
            await(both);
        };

        Future<?> one = work(Duration.ZERO, together);
        work(Duration.ZERO, together).get(1, TimeUnit.MINUTES);
        one.get(1, TimeUnit.MINUTES);

        assertThat(query.done.isDone()).isFalse();
    }

    @Test
    void aPieceOrAQueryThatFailsHoldsNobodyBack() throws Exception {
        assertThatThrownBy(() -> traffic.during(() -> {
                    throw new IllegalStateException("no answer");
                }))
                .hasMessage("no answer");
        assertThatThrownBy(() -> traffic.behind(FOR_EVER, () -> {
                    throw new IllegalStateException("no vector");
                }))
                .hasMessage("no vector");

        Held query = query();
        work(SHORT, () -> {}).get(1, TimeUnit.MINUTES);
        query.end();
        work(FOR_EVER, () -> {}).get(1, TimeUnit.MINUTES);
    }

    @Test
    void workThatIsToldToStopDoesNotWaitOn() throws Exception {
        query();
        Future<?> work = work(FOR_EVER, () -> {});
        untilWaiting(1);

        assertThat(work.cancel(true)).isTrue();

        untilWaiting(0);
    }
}
