package dev.tidemill.admin.runs;

import dev.tidemill.run.RunView;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/// One client that is told of changes. It is written to by a thread of its own, so that a slow one delays nobody;
/// what it did not take in time is replaced by what is newer.
final class Listener {

    final UUID workspaceId;

    /// The run that is followed, null for all of the workspace.
    final @Nullable Long followed;

    final SseEmitter emitter = new SseEmitter(0L);
    private final Duration heartbeat;
    private final Runnable left;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition news = lock.newCondition();
    private final SequencedMap<Long, Change> waiting = new LinkedHashMap<>();
    private final Map<Long, String> told = new HashMap<>();
    private final Map<Long, Long> live = new HashMap<>();
    private boolean over;
    private @Nullable String skip;

    Listener(UUID workspaceId, @Nullable Long followed, @Nullable String lastEvent, Duration heartbeat, Runnable left) {
        this.workspaceId = workspaceId;
        this.followed = followed;
        this.skip = lastEvent;
        this.heartbeat = heartbeat;
        this.left = left;
    }

    void start() {
        emitter.onCompletion(this::close);
        emitter.onError(cause -> close());
        Thread.ofVirtual().name("events-", 0).start(this::tell);
    }

    /// Runs that it was told to be live, whose end it has to be told.
    Set<Long> awaited() {
        lock.lock();
        try {
            return Set.copyOf(live.values());
        } finally {
            lock.unlock();
        }
    }

    /// Puts a run in line, when it has changed since.
    void offer(RunView run) {
        Change change = Change.of(run);
        lock.lock();
        try {
            if (run.state().ended()) {
                live.remove(run.launch());
            } else {
                live.put(run.launch(), run.id());
            }
            if (change.id().equals(told.put(run.launch(), change.id()))) {
                return;
            }
            waiting.put(run.launch(), change);
            news.signal();
        } finally {
            lock.unlock();
        }
    }

    /// Nothing more follows after what waits.
    void close() {
        lock.lock();
        try {
            over = true;
            news.signal();
        } finally {
            lock.unlock();
        }
    }

    private void tell() {
        try {
            while (true) {
                Map.Entry<Long, Change> next = next();
                if (next == null) {
                    if (isOver()) {
                        break;
                    }
                    emitter.send(SseEmitter.event().comment("alive"));
                } else if (send(next.getValue())) {
                    break;
                }
            }
            emitter.complete();
        } catch (IOException | IllegalStateException e) {
            // The client left: the container ends the request.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            left.run();
        }
    }

    private boolean isOver() {
        lock.lock();
        try {
            return over;
        } finally {
            lock.unlock();
        }
    }

    /// True after the last event of a run that is followed alone.
    private boolean send(Change change) throws IOException {
        boolean known = change.id().equals(skip);
        skip = null;
        if (!known) {
            emitter.send(SseEmitter.event().id(change.id()).name("progress").data(change.run()));
        }
        if (change.run().state().ended()) {
            emitter.send(SseEmitter.event().id(change.id()).name("end").data(change.run()));
            return followed != null;
        }
        return false;
    }

    /// Null after a while without news, or when nothing more comes.
    private Map.@Nullable Entry<Long, Change> next() throws InterruptedException {
        lock.lock();
        try {
            long left = heartbeat.toNanos();
            while (waiting.isEmpty() && !over && left > 0) {
                left = news.awaitNanos(left);
            }
            return waiting.pollFirstEntry();
        } finally {
            lock.unlock();
        }
    }
}
