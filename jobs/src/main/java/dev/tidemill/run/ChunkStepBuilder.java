package dev.tidemill.run;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.listener.StepListener;
import org.springframework.batch.core.repository.JobRepository;
import org.springframework.batch.core.step.builder.ChunkOrientedStepBuilder;
import org.springframework.batch.core.step.item.ChunkOrientedStep;
import org.springframework.batch.infrastructure.item.ItemProcessor;
import org.springframework.batch.infrastructure.item.ItemReader;
import org.springframework.batch.infrastructure.item.ItemStream;
import org.springframework.batch.infrastructure.item.ItemWriter;

/// A chunk-oriented step under the policy of its job, the section `run` of the job's YAML:
///
/// - A processor that fails for a cause that may pass is called again as `run.retry` says, the chunk's transaction
///   untouched.
/// - A processor that throws [DataError] gives the item up: with [#keyed] it becomes a dead letter in the chunk's
///   own transaction, within `run.skip`. A letter whose item goes well later is resolved by that.
/// - Whatever else is thrown, and all that a writer throws, rolls the chunk back and fails the step; the run is
///   resumed as `run.retry` says.
///
/// ```java
/// steps.<Order, Invoice>chunks("bill", 100).keyed(Order::number).reader(r).processor(p).writer(w).build()
/// ```
public final class ChunkStepBuilder<I, O> extends ChunkOrientedStepBuilder<I, O> {

    private final ChunkPolicies policies;
    private @Nullable ItemReader<? extends I> reader;
    private @Nullable ItemProcessor<? super I, ? extends O> processor;
    private @Nullable ItemWriter<? super O> writer;
    private @Nullable Items<I> items;

    ChunkStepBuilder(String name, JobRepository repository, int commitItems, ChunkPolicies policies) {
        super(name, repository, commitItems);
        this.policies = policies;
    }

    /// Says how items are called in dead letters.
    public ChunkStepBuilder<I, O> keyed(Function<? super I, String> key) {
        return items(key::apply);
    }

    /// As [#keyed], with more that is known of the items.
    public ChunkStepBuilder<I, O> items(Items<I> known) {
        items = known;
        return this;
    }

    @Override
    public ChunkStepBuilder<I, O> reader(ItemReader<? extends I> by) {
        reader = by;
        return this;
    }

    @Override
    public ChunkStepBuilder<I, O> processor(ItemProcessor<? super I, ? extends O> by) {
        processor = by;
        return this;
    }

    @Override
    public ChunkStepBuilder<I, O> writer(ItemWriter<? super O> by) {
        writer = by;
        return this;
    }

    @Override
    public ChunkOrientedStep<I, O> build() {
        if (reader == null || writer == null) {
            throw new IllegalStateException("a chunk step needs a reader and a writer");
        }
        for (Object part : new @Nullable Object[] {reader, processor, writer}) {
            if (part instanceof ItemStream stream) {
                stream(stream);
            }
            if (part instanceof StepListener listener) {
                listener(listener);
            }
        }
        ChunkPolicy<I, O> policy = policies.of(items);
        super.reader(policy.reader(reader));
        if (processor != null || items != null) {
            super.processor(policy.processor(processor));
        }
        super.writer(policy.writer(writer));
        listener(policy.end());
        return super.build();
    }
}
