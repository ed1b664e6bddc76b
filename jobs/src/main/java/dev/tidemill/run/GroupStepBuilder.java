package dev.tidemill.run;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.listener.StepListener;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.core.step.builder.ChunkOrientedStepBuilder;
import org.springframework.batch.core.step.item.ChunkOrientedStep;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.item.ItemProcessor;
import org.springframework.batch.infrastructure.item.ItemReader;
import org.springframework.batch.infrastructure.item.ItemStream;
import org.springframework.batch.infrastructure.item.ItemWriter;

/// As [ChunkStepBuilder], for items that differ much in size: the reader decides how many make a chunk, so that their
/// bytes bound a transaction and not their number alone.
public final class GroupStepBuilder<T> {

    private final ChunkOrientedStepBuilder<Group<T>, Group<T>> step;
    private final ChunkPolicies policies;
    private @Nullable ItemReader<Group<T>> reader;
    private @Nullable ItemWriter<? super T> writer;
    private @Nullable Items<T> items;

    GroupStepBuilder(ChunkOrientedStepBuilder<Group<T>, Group<T>> step, ChunkPolicies policies) {
        this.step = step;
        this.policies = policies;
    }

    /// What is known of the items, for the dead letters of those that the writer gives up on.
    public GroupStepBuilder<T> items(Items<T> known) {
        items = known;
        return this;
    }

    /// Each group becomes a chunk.
    public GroupStepBuilder<T> reader(ItemReader<Group<T>> by) {
        reader = by;
        return this;
    }

    /// Takes the items of one group at a time.
    public GroupStepBuilder<T> writer(ItemWriter<? super T> by) {
        writer = by;
        return this;
    }

    public ChunkOrientedStep<Group<T>, Group<T>> build() {
        ItemReader<Group<T>> from = Objects.requireNonNull(reader, "a step needs a reader");
        ItemWriter<? super T> to = Objects.requireNonNull(writer, "a step needs a writer");
        for (Object part : new Object[] {from, to}) {
            if (part instanceof ItemStream stream) {
                step.stream(stream);
            }
            if (part instanceof StepListener listener) {
                step.listener(listener);
            }
        }
        ChunkPolicy<T, T> policy = policies.of(items);
        ItemProcessor<T, T> noting = policy.processor(null);
        ItemWriter<T> writing = policy.writer(to);
        step.reader(policy.reader(from));
        step.writer(groups -> {
            for (Group<T> group : groups) {
                for (T item : group.items()) {
                    noting.process(item);
                }
                writing.write(new Chunk<>(group.items()));
                // The step counts the group as one.
                StepExecution counts = policy.step();
                counts.setReadCount(counts.getReadCount() + group.items().size() - 1);
                counts.setWriteCount(counts.getWriteCount() + group.items().size() - 1);
            }
        });
        step.listener(policy.end());
        return step.build();
    }
}
