package dev.tidemill.backup;

import dev.tidemill.run.Progress;
import dev.tidemill.run.WorkerThreads;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.item.ItemStreamReader;

/// Hands on the results of work in their order, while the next pieces are being done on threads of its own. What
/// there is to do is asked when the step opens, so a restart needs to remember nothing.
class AheadReader<I, O> implements ItemStreamReader<O> {

    /// What there is to do.
    interface Todo<I> {
        List<I> list(ExecutionContext context) throws Exception;
    }

    private final String name;
    private final Todo<I> todo;
    private final Function<I, Callable<O>> work;
    private final int threads;
    private final Deque<Future<O>> results = new ArrayDeque<>();
    private @Nullable ExecutorService pool;
    private Iterator<I> left = List.<I>of().iterator();
    private @Nullable Sessions sessions;

    AheadReader(String name, Todo<I> todo, Function<I, Callable<O>> work, int threads) {
        this.name = name;
        this.todo = todo;
        this.work = work;
        this.threads = threads;
    }

    /// Closes the connections of the work when the step ends.
    AheadReader<I, O> on(Sessions used) {
        sessions = used;
        return this;
    }

    @Override
    public void open(ExecutionContext context) {
        List<I> items;
        try {
            items = todo.list(context);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("step " + name + " cannot begin: " + e.getMessage(), e);
        }
        Progress.total(context, items.size());
        left = items.iterator();
        pool = Executors.newFixedThreadPool(threads, WorkerThreads.named(name + "-"));
    }

    @Override
    public @Nullable O read() throws Exception {
        ExecutorService running = pool;
        if (running == null) {
            throw new IllegalStateException("the reader of step " + name + " is not open");
        }
        while (results.size() <= threads && left.hasNext()) {
            results.add(running.submit(work.apply(left.next())));
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

    /// Waits for the work in hand, so that none of it goes on behind the back of the run that follows.
    @Override
    public void close() {
        ExecutorService running = pool;
        if (running == null) {
            return;
        }
        pool = null;
        results.clear();
        running.shutdownNow();
        try {
            if (!running.awaitTermination(2, TimeUnit.MINUTES)) {
                throw new IllegalStateException("work of step " + name + " did not end within two minutes");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            if (sessions != null) {
                sessions.close();
            }
        }
    }
}
