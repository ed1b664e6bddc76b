package dev.tidemill.admin.schedules;

import dev.tidemill.run.Runs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.TransactionException;

/// Runs the schedules in a server: reads the folder, starts Quartz, launches what is due and sweeps. In other
/// processes it only reads the folder when it is asked to.
final class SchedulesClock implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(SchedulesClock.class);
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration SWEEP = Duration.ofSeconds(30);

    private final @Nullable Path folder;
    private final boolean server;
    private final Runs runs;
    private final Reconciler reconciler;
    private final Alarms alarms;
    private final Fires fires;
    private final Sweeper sweeper;
    private @Nullable ScheduledExecutorService thread;
    private List<ScheduledFuture<?>> rounds = List.of();

    /// @param folder of the files, null when the program was not told: then the store stays as it is
    SchedulesClock(
            @Nullable Path folder,
            boolean server,
            Runs runs,
            Reconciler reconciler,
            Alarms alarms,
            Fires fires,
            Sweeper sweeper) {
        this.folder = folder;
        this.server = server;
        this.runs = runs;
        this.reconciler = reconciler;
        this.alarms = alarms;
        this.fires = fires;
        this.sweeper = sweeper;
    }

    /// Reads the folder again.
    ///
    /// @throws InvalidSchedule naming the first file that is wrong; then nothing is changed
    Reconciler.Changes reload() {
        if (folder == null) {
            return new Reconciler.Changes(List.of(), List.of(), List.of(), List.of());
        }
        Reconciler.Changes changes = reconciler.reconcile(ScheduleFolder.read(folder, runs.jobs()));
        log.info(
                "schedules: added {}, changed {}, removed {}, {} unchanged",
                changes.added(),
                changes.changed(),
                changes.removed(),
                changes.unchanged().size());
        return changes;
    }

    @Override
    public void start() {
        if (!server) {
            return;
        }
        reload();
        alarms.start();
        ScheduledExecutorService looking = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("schedules").daemon().factory());
        ScheduledFuture<?> launches = looking.scheduleWithFixedDelay(
                () -> quietly("what is due cannot be launched yet", fires::launchDue),
                LOOK.toMillis(),
                LOOK.toMillis(),
                TimeUnit.MILLISECONDS);
        ScheduledFuture<?> sweeps = looking.scheduleWithFixedDelay(
                () -> quietly("triggers cannot be looked after yet", sweeper::sweep),
                0,
                SWEEP.toMillis(),
                TimeUnit.MILLISECONDS);
        rounds = List.of(launches, sweeps);
        thread = looking;
    }

    /// A thread's edge: what is thrown would end the repetition.
    private static void quietly(String what, Runnable work) {
        try {
            work.run();
        } catch (DataAccessException | TransactionException e) {
            log.warn("{}: {}", what, e.getMessage());
        } catch (RuntimeException e) {
            log.error("{}", what, e);
        }
    }

    @Override
    public void stop() {
        ScheduledExecutorService looking = thread;
        if (looking == null) {
            return;
        }
        alarms.standBy();
        rounds.forEach(round -> round.cancel(false));
        looking.shutdown();
        try {
            if (!looking.awaitTermination(10, TimeUnit.SECONDS)) {
                log.warn("a launch was still being asked for; it is asked for again by the next process");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        thread = null;
    }

    @Override
    public boolean isRunning() {
        return thread != null;
    }

    /// After the runs, which it asks; so it stops before them.
    @Override
    public int getPhase() {
        return Integer.MAX_VALUE - 50;
    }
}
