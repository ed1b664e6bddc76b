package dev.tidemill.run;

import java.util.function.BiConsumer;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.item.ItemWriter;

/// A writer that may find, while it writes, that an item cannot be kept. It hands that item over with its error and
/// leaves nothing of it behind. An exception is never about one item: it rolls the chunk back and fails the step.
public interface SelectiveWriter<O> extends ItemWriter<O> {

    /// Writes a chunk, as far as its items can be kept.
    ///
    /// @param giveUp takes an item of the chunk that cannot be kept
    void write(Chunk<? extends O> chunk, BiConsumer<O, DataError> giveUp) throws Exception;

    @Override
    default void write(Chunk<? extends O> chunk) throws Exception {
        write(chunk, (item, error) -> {
            throw error;
        });
    }
}
