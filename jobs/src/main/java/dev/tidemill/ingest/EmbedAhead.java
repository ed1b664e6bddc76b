package dev.tidemill.ingest;

import dev.tidemill.embed.Embedder;
import dev.tidemill.run.WorkerThreads;
import dev.tidemill.store.Vectors.Text;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Embeds some of a run's texts in the processor time that its extract step leaves idle, for its embed step to
/// take. They are in memory only and few: what is lost with the process is made again.
///
/// Used by the thread of the run alone, apart from the embedding itself.
class EmbedAhead implements AutoCloseable {

    private static final int WAITING = 8;

    private final int kept;
    private final ThreadPoolExecutor pool;
    private final Map<Wanted, Future<float[]>> made = new HashMap<>();

    /// The vector of a text by a model.
    private record Wanted(String fingerprint, UUID contentId) {}

    /// @param kept most vectors in memory: no more than a commit of the embed step, as a kill loses them
    EmbedAhead(int threads, int kept) {
        this.kept = kept;
        this.pool = new ThreadPoolExecutor(
                threads,
                threads,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(WAITING),
                WorkerThreads.named("embed-ahead-"));
    }

    /// How many texts may be offered now.
    int room() {
        return Math.min(kept - made.size(), pool.getQueue().remainingCapacity());
    }

    /// Has the text embedded; no more texts than there is room for.
    void offer(Embedder embedder, Text text) {
        made.computeIfAbsent(
                new Wanted(embedder.fingerprint(), text.contentId()),
                wanted -> pool.submit(() -> EmbedReader.embed(embedder, text.contentId(), text.text())));
    }

    /// Lets go of what no thread has begun.
    void finish() {
        made.values().removeIf(vector -> vector instanceof Runnable task && pool.remove(task));
    }

    /// The vector of a text by the model, perhaps still in the making; null when it was not made ahead.
    @Nullable
    Future<float[]> take(Embedder embedder, UUID contentId) {
        return made.remove(new Wanted(embedder.fingerprint(), contentId));
    }

    /// Waits for the work in hand: native code must not be left running behind the run's back.
    @Override
    public void close() {
        pool.shutdownNow();
        try {
            if (!pool.awaitTermination(1, TimeUnit.MINUTES)) {
                throw new IllegalStateException("embedding ahead did not end within a minute of being cancelled");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        made.clear();
    }
}
