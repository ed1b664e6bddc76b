package dev.tidemill.ingest;

import dev.tidemill.run.Progress;
import dev.tidemill.run.WorkerThreads;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.item.ItemStreamReader;

/// Reads the results of costly work in order, while the next pieces of work are being done on threads
/// of its own: the work goes on while a chunk is written and committed, and holds no connection. What
/// there is to do is read from the data, so nothing needs to be remembered for a restart.
class LookAheadReader<I, O> implements ItemStreamReader<O> {

    /// Turns one item into its result.
    interface Work<I, O> {
        O apply(I item) throws Exception;
    }

    private final String name;
    private final LongSupplier remaining;
    private final Supplier<List<I>> pages;
    private final Work<I, O> work;
    private int threads;
    private int ahead;
    private final Deque<Future<O>> results = new ArrayDeque<>();
    private @Nullable ExecutorService pool;
    private Iterator<I> page = List.<I>of().iterator();
    private boolean exhausted;

    /// @param remaining items left to do, for the progress
    /// @param pages the next items at each call, an empty list at the end
    /// @param threads pieces of work done at a time
    /// @param ahead results kept ready at most
    LookAheadReader(
            String name, LongSupplier remaining, Supplier<List<I>> pages, Work<I, O> work, int threads, int ahead) {
        this.name = name;
        this.remaining = remaining;
        this.pages = pages;
        this.work = work;
        this.threads = threads;
        this.ahead = ahead;
    }

    /// Works on one item after another, none before it is asked for. Before the reader is opened.
    final void oneAtATime() {
        threads = 1;
        ahead = 1;
    }

    @Override
    public void open(ExecutionContext context) {
        Progress.total(context, remaining.getAsLong());
        pool = Executors.newFixedThreadPool(threads, WorkerThreads.named(name + "-"));
    }

    @Override
    public @Nullable O read() throws Exception {
        ExecutorService running = pool;
        if (running == null) {
            throw new IllegalStateException("the reader of step " + name + " is not open");
        }
        while (results.size() < ahead) {
            I item = next();
            if (item == null) {
                break;
            }
            results.add(running.submit(() -> work.apply(item)));
        }
        Future<O> first = results.poll();
        if (first == null) {
            return null;
        }
        try {
            return first.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw e;
        }
    }

    private @Nullable I next() {
        while (!page.hasNext() && !exhausted) {
            List<I> items = pages.get();
            exhausted = items.isEmpty();
            page = items.iterator();
        }
        return page.hasNext() ? page.next() : null;
    }

    /// Waits for the work in hand: native code must not be left running behind the step's back.
    @Override
    public void close() {
        ExecutorService running = pool;
        if (running == null) {
            return;
        }
        pool = null;
        running.shutdownNow();
        try {
            if (!running.awaitTermination(1, TimeUnit.MINUTES)) {
                throw new IllegalStateException(
                        "work of step " + name + " did not end within a minute of being cancelled");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        results.forEach(this::discard);
        results.clear();
    }

    private void discard(Future<O> result) {
        if (result.state() == Future.State.SUCCESS) {
            discard(result.resultNow());
        }
    }

    /// Releases a result that nobody will read.
    void discard(O result) {}
}
