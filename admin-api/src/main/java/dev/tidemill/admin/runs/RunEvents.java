package dev.tidemill.admin.runs;

import dev.tidemill.admin.web.NotFound;
import dev.tidemill.run.RunHistory;
import dev.tidemill.run.RunView;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.TransactionException;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/// Tells clients what changes about runs, wherever these are at work: the database is asked once in an interval for
/// all that listen in a workspace.
final class RunEvents implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(RunEvents.class);

    private final RunHistory history;
    private final EventProperties properties;
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();
    private @Nullable ScheduledExecutorService clock;
    private volatile boolean running;

    RunEvents(RunHistory history, EventProperties properties) {
        this.history = history;
        this.properties = properties;
    }

    /// Everything about one launch until it ends.
    ///
    /// @param lastEvent id of the last event that the client has seen
    /// @throws NotFound when there is no such run
    SseEmitter follow(UUID workspaceId, long run, @Nullable String lastEvent) {
        RunView view = history.now(workspaceId, false, Set.of(run)).followed().get(run);
        if (view == null) {
            throw new NotFound("there is no run " + run);
        }
        return listen(workspaceId, run, lastEvent, List.of(view));
    }

    /// Everything about all launches that have not ended, and those to come.
    SseEmitter all(UUID workspaceId, @Nullable String lastEvent) {
        return listen(
                workspaceId,
                null,
                lastEvent,
                history.now(workspaceId, true, Set.of()).live());
    }

    private SseEmitter listen(UUID workspaceId, @Nullable Long run, @Nullable String lastEvent, List<RunView> now) {
        if (listeners.size() >= properties.listeners()) {
            throw new TooManyListeners(properties.listeners());
        }
        Listener[] self = new Listener[1];
        Listener listener = new Listener(workspaceId, run, lastEvent, properties.heartbeat(), () -> leave(self[0]));
        self[0] = listener;
        now.forEach(listener::offer);
        listeners.add(listener);
        if (!running) {
            listener.close();
        }
        listener.start();
        return listener.emitter;
    }

    private synchronized void leave(Listener listener) {
        listeners.remove(listener);
        notifyAll();
    }

    int listening() {
        return listeners.size();
    }

    /// Waits until less clients listen than this.
    synchronized void awaitFewer(int than) throws InterruptedException {
        while (listeners.size() >= than) {
            wait();
        }
    }

    private void look() {
        try {
            Map<UUID, List<Listener>> byWorkspace =
                    listeners.stream().collect(Collectors.groupingBy(listener -> listener.workspaceId));
            byWorkspace.forEach(this::look);
        } catch (DataAccessException | TransactionException e) {
            log.warn("changes of runs cannot be told now ({}); trying again", e.getMessage());
        } catch (RuntimeException e) {
            // The clock would end with the first exception.
            log.error("changes of runs could not be told; trying again", e);
        }
    }

    private void look(UUID workspaceId, List<Listener> here) {
        Set<Long> wanted = new HashSet<>();
        boolean all = false;
        for (Listener listener : here) {
            if (listener.followed == null) {
                all = true;
                wanted.addAll(listener.awaited());
            } else {
                wanted.add(listener.followed);
            }
        }
        RunHistory.Now now = history.now(workspaceId, all, wanted);
        for (Listener listener : here) {
            if (listener.followed == null) {
                listener.awaited().stream().map(now.followed()::get).forEach(run -> {
                    if (run != null) {
                        listener.offer(run);
                    }
                });
                now.live().forEach(listener::offer);
            } else {
                RunView run = now.followed().get(listener.followed);
                if (run == null) {
                    listener.close();
                } else {
                    listener.offer(run);
                }
            }
        }
    }

    @Override
    public void start() {
        ScheduledExecutorService ticking = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("events").daemon().factory());
        long every = properties.interval().toMillis();
        ScheduledFuture<?> _ = ticking.scheduleWithFixedDelay(this::look, every, every, TimeUnit.MILLISECONDS);
        clock = ticking;
        running = true;
    }

    /// An open stream would keep the web server from coming to rest.
    @Override
    public void stop() {
        running = false;
        if (clock != null) {
            clock.shutdownNow();
        }
        listeners.forEach(Listener::close);
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /// Before the runs and the web server are stopped.
    @Override
    public int getPhase() {
        return Integer.MAX_VALUE - 50;
    }

    /// No more clients can be told.
    static final class TooManyListeners extends RuntimeException {

        private static final long serialVersionUID = 1;

        TooManyListeners(int most) {
            super(most + " clients follow runs already: close one, or raise tidemill.events.listeners");
        }
    }
}
