package dev.tidemill.backup;

import dev.tidemill.run.LookAheadReader;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Hands on the results of work as they come, while the next pieces are being done on threads of its own. What there
/// is to do is asked when the step opens, so a restart needs to remember nothing.
class AheadReader<I, O> extends LookAheadReader<I, O> {

    /// What there is to do.
    interface Todo<I> {
        List<I> list() throws Exception;
    }

    private @Nullable Sessions sessions;

    AheadReader(String name, Todo<I> todo, Work<I, O> work, int threads) {
        this(name, new Once<>(name, todo), work, threads);
    }

    private AheadReader(String name, Once<I> items, Work<I, O> work, int threads) {
        super(name, items::count, items::take, work, threads, threads + 1);
        unordered();
    }

    /// Closes the connections of the work when the step ends.
    AheadReader<I, O> on(Sessions used) {
        sessions = used;
        return this;
    }

    @Override
    public void close() {
        try {
            super.close();
        } finally {
            if (sessions != null) {
                sessions.close();
            }
        }
    }

    /// The items as one page, asked for when they are counted.
    private static final class Once<I> {
        private final String step;
        private final Todo<I> todo;
        private List<I> items = List.of();

        Once(String step, Todo<I> todo) {
            this.step = step;
            this.todo = todo;
        }

        long count() {
            try {
                items = todo.list();
                return items.size();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException("step " + step + " cannot begin: " + e.getMessage(), e);
            }
        }

        List<I> take() {
            List<I> all = items;
            items = List.of();
            return all;
        }
    }
}
