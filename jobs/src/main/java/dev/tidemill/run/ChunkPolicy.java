package dev.tidemill.run;

import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.batch.core.BatchStatus;
import org.springframework.batch.core.ExitStatus;
import org.springframework.batch.core.listener.StepExecutionListener;
import org.springframework.batch.core.scope.context.StepContext;
import org.springframework.batch.core.scope.context.StepSynchronizationManager;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.infrastructure.item.ItemProcessor;
import org.springframework.batch.infrastructure.item.ItemReader;
import org.springframework.batch.infrastructure.item.ItemWriter;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/// Carries the retry and skip policy of a job into one of its chunk steps, around its reader, processor and writer.
final class ChunkPolicy<I, O> {

    private static final Logger log = LoggerFactory.getLogger(ChunkPolicy.class);

    /// A longer wait is not spent inside a step, in an open transaction and a place on the node: the run waits
    /// outside.
    static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

    private final ChunkPolicies shared;
    private final @Nullable Items<I> items;

    ChunkPolicy(ChunkPolicies shared, @Nullable Items<I> items) {
        this.shared = shared;
        this.items = items;
    }

    /// The ledger of the step execution that the thread works on; it ends with its context.
    @SuppressWarnings("unchecked") // put there below, by the one policy of the step
    private ItemLedger<I, O> ledger() {
        StepContext context = StepSynchronizationManager.getContext();
        if (context == null) {
            throw new IllegalStateException("no step is at work on this thread");
        }
        String name = ItemLedger.class.getName();
        synchronized (context) {
            ItemLedger<I, O> ledger = (ItemLedger<I, O>) context.getAttribute(name);
            if (ledger == null) {
                StepExecution step = context.getStepExecution();
                JobPolicy policy =
                        shared.policy(step.getJobExecution().getJobInstance().getJobName());
                // Without keys there is nothing to note an item by.
                boolean careful = items != null && shared.itemsInHand().careful(step);
                ledger = new ItemLedger<>(step, policy.skip(), items, shared.jdbc(), shared.letters(), careful);
                context.setAttribute(name, ledger);
            }
            return ledger;
        }
    }

    /// The step execution that the thread works on.
    StepExecution step() {
        return ledger().step();
    }

    /// Reads nothing more once the skip budget is spent.
    <R> ItemReader<R> reader(ItemReader<? extends R> delegate) {
        return () -> {
            SkipBudgetSpent spent = ledger().spent();
            if (spent != null) {
                throw spent;
            }
            return delegate.read();
        };
    }

    ItemProcessor<I, O> processor(@Nullable ItemProcessor<? super I, ? extends O> delegate) {
        return item -> {
            ItemLedger<I, O> ledger = ledger();
            for (int attempt = 1; ; attempt++) {
                try {
                    O output = delegate == null || !ledger.careful()
                            ? process(delegate, item)
                            : processCarefully(ledger, delegate, item);
                    ledger.processed(item, output);
                    return output;
                } catch (Exception e) {
                    if (failed(ledger, item, e, attempt)) {
                        return null;
                    }
                }
            }
        };
    }

    @SuppressWarnings({"unchecked", "NullAway"}) // without a processor, what is read is what is written
    private static <I, O> O process(@Nullable ItemProcessor<? super I, ? extends O> delegate, I item) throws Exception {
        return delegate == null ? (O) item : delegate.process(item);
    }

    private @Nullable O processCarefully(
            ItemLedger<I, O> ledger, ItemProcessor<? super I, ? extends O> delegate, I item) throws Exception {
        String key = ledger.name(item);
        if (!shared.itemsInHand().take(ledger.step(), key)) {
            throw new DataError(ItemsInHand.CRASHED, ItemsInHand.CRASHED_DETAIL);
        }
        try {
            return delegate.process(item);
        } finally {
            shared.itemsInHand().done(ledger.step(), key);
        }
    }

    /// Decides about a failed try of the processor.
    ///
    /// @return true when the item was given up, false when it is to be tried again
    private boolean failed(ItemLedger<I, O> ledger, I item, Exception failure, int attempt) throws Exception {
        ErrorClass kind = Failures.classify(failure);
        return switch (kind) {
            case DATA -> {
                DataError error = dataError(failure);
                if (error == null || !ledger.giveUp(item, error)) {
                    throw failure;
                }
                yield true;
            }
            case TRANSIENT, RATE_LIMITED -> {
                waitBeforeNext(ledger, item, failure, kind, attempt);
                yield false;
            }
            case NO_SPACE, UNKNOWN -> throw failure;
        };
    }

    private static @Nullable DataError dataError(Throwable failure) {
        Set<Throwable> seen = new HashSet<>();
        for (Throwable t = failure; t != null && seen.add(t); t = t.getCause()) {
            if (t instanceof DataError error) {
                return error;
            }
        }
        return null;
    }

    private void waitBeforeNext(ItemLedger<I, O> ledger, I item, Exception failure, ErrorClass kind, int attempt)
            throws Exception {
        StepExecution step = ledger.step();
        String job = step.getJobExecution().getJobInstance().getJobName();
        Backoff backoff = shared.policy(job).backoff(kind);
        if (isOfTheDatabase(failure)) {
            throw failure;
        }
        if (!backoff.allows(attempt)) {
            throw new TriedOut(attempt, ledger.name(item), failure);
        }
        Duration wait = backoff.waitAfter(attempt, shared.random());
        Duration asked = Failures.retryAfter(List.of(failure));
        if (asked != null && asked.compareTo(wait) > 0) {
            wait = asked;
        }
        if (wait.compareTo(LONGEST_WAIT) > 0) {
            throw failure;
        }
        log.info(
                "step {}: {} failed ({}), tried again in {}",
                step.getStepName(),
                ledger.name(item),
                Failures.root(failure).getMessage(),
                wait);
        if (!shared.pause().pause(wait, step::isTerminateOnly) || transactionIsTouched()) {
            throw failure;
        }
    }

    /// After an error of the database its transaction may be broken; only a new one is as good as the first.
    private static boolean isOfTheDatabase(Throwable failure) {
        Set<Throwable> seen = new HashSet<>();
        for (Throwable t = failure; t != null && seen.add(t); t = t.getCause()) {
            if (t instanceof SQLException || t instanceof DataAccessException || t instanceof TransactionException) {
                return true;
            }
        }
        return false;
    }

    /// Whether something was written in the chunk's transaction, which another try would write twice.
    private boolean transactionIsTouched() {
        return TransactionSynchronizationManager.isActualTransactionActive()
                && shared.jdbc()
                        .sql("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
                        .query(Boolean.class)
                        .single();
    }

    @SuppressWarnings("unchecked") // a writer of more general items takes these too
    ItemWriter<O> writer(ItemWriter<? super O> delegate) {
        return chunk -> {
            ItemLedger<I, O> ledger = ledger();
            if (!chunk.isEmpty()) {
                if (delegate instanceof SelectiveWriter<?> selective) {
                    ((SelectiveWriter<O>) selective).write(chunk, ledger::giveUpOutput);
                } else {
                    delegate.write(chunk);
                }
            }
            ledger.settle();
        };
    }

    /// Fails a step whose last chunk spent the budget: there was no further read to fail.
    StepExecutionListener end() {
        return new StepExecutionListener() {
            @Override
            public @Nullable ExitStatus afterStep(StepExecution step) {
                SkipBudgetSpent spent = ledger().spent();
                if (spent == null || step.getStatus() != BatchStatus.COMPLETED) {
                    return null;
                }
                step.addFailureException(spent);
                step.setStatus(BatchStatus.FAILED);
                return ExitStatus.FAILED.addExitDescription(spent);
            }
        };
    }
}
