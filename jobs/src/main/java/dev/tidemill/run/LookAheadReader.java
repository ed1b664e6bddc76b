package dev.tidemill.run;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.item.ItemStreamReader;

/// Reads the results of costly work, in order unless told otherwise, while the next pieces of work are being done on
/// threads
/// of its own: the work goes on while a chunk is written and committed, and holds no connection. What
/// there is to do is read from the data, so nothing needs to be remembered for a restart.
public class LookAheadReader<I, O> implements ItemStreamReader<O> {

    /// Turns one item into its result.
    public interface Work<I, O> {
        O apply(I item) throws Exception;
    }

    private final String name;
    private final LongSupplier remaining;
    private final Supplier<List<I>> pages;
    private final Work<I, O> work;
    private int threads;
    private int ahead;
    private int atRisk = Integer.MAX_VALUE;
    private int uncommitted;
    private boolean unordered;
    private final Deque<Future<O>> results = new ArrayDeque<>();
    private @Nullable ExecutorService pool;
    private @Nullable CompletionService<O> completed;
    private Iterator<I> page = List.<I>of().iterator();
    private boolean exhausted;

    /// Made of its parts.
    ///
    /// @param remaining items left to do, for the progress
    /// @param pages the next items at each call, an empty list at the end
    /// @param threads pieces of work done at a time
    /// @param ahead results kept ready at most
    public LookAheadReader(
            String name, LongSupplier remaining, Supplier<List<I>> pages, Work<I, O> work, int threads, int ahead) {
        this.name = name;
        this.remaining = remaining;
        this.pages = pages;
        this.work = work;
        this.threads = threads;
        this.ahead = ahead;
    }

    /// Works on one item after another, none before it is asked for. Before the reader is opened.
    protected final void oneAtATime() {
        threads = 1;
        ahead = 1;
    }

    /// Begins no more work than this before a chunk is committed: what a kill loses at most. Before the reader is
    /// opened.
    ///
    /// @param results at least the size of a chunk, or no chunk would ever be full
    public final LookAheadReader<I, O> losingAtMost(int results) {
        atRisk = results;
        return this;
    }

    /// Hands on every result as soon as it is there, whatever its place: a long piece of work holds up no other. Before
    /// the reader is opened.
    public final LookAheadReader<I, O> unordered() {
        unordered = true;
        return this;
    }

    @Override
    public void open(ExecutionContext context) {
        uncommitted = 0;
        Progress.total(context, remaining.getAsLong());
        ExecutorService running = Executors.newFixedThreadPool(threads, WorkerThreads.named(name + "-"));
        pool = running;
        completed = unordered ? new ExecutorCompletionService<>(running) : null;
    }

    @Override
    public @Nullable O read() throws Exception {
        ExecutorService running = pool;
        if (running == null) {
            throw new IllegalStateException("the reader of step " + name + " is not open");
        }
        while (results.size() < ahead && uncommitted + results.size() < atRisk) {
            I item = next();
            if (item == null) {
                break;
            }
            results.add(
                    completed != null
                            ? completed.submit(() -> work.apply(item))
                            : running.submit(() -> work.apply(item)));
        }
        Future<O> first = nextResult();
        if (first == null) {
            return null;
        }
        uncommitted++;
        try {
            return first.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw e;
        }
    }

    /// Called at the end of a chunk's transaction.
    @Override
    public void update(ExecutionContext context) {
        uncommitted = 0;
    }

    private @Nullable Future<O> nextResult() throws InterruptedException {
        if (completed == null || results.isEmpty()) {
            return results.poll();
        }
        Future<O> first = completed.take();
        results.removeIf(result -> result == first);
        return first;
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
            if (!running.awaitTermination(2, TimeUnit.MINUTES)) {
                throw new IllegalStateException(
                        "work of step " + name + " did not end within two minutes of being cancelled");
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
    protected void discard(O result) {}
}
