package dev.tidemill.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.springframework.batch.infrastructure.item.ExecutionContext;

/// Results come as they are ready.
class AheadReaderTest {

    @Test
    void aLongPieceOfWorkHoldsUpNoOther() throws Exception {
        CountDownLatch others = new CountDownLatch(9);
        List<Integer> items = IntStream.range(0, 10).boxed().toList();
        AheadReader<Integer, Integer> reader = new AheadReader<>(
                "test",
                () -> items,
                item -> {
                    if (item == 0) {
                        others.await();
                    }
                    others.countDown();
                    return item;
                },
                2);
        reader.open(new ExecutionContext());
        List<Integer> read = new ArrayList<>();
        for (Integer item = reader.read(); item != null; item = reader.read()) {
            read.add(item);
        }
        reader.close();

        assertThat(read).hasSize(10).containsAll(items);
        // The last of the others may hand its result over after it let the long one go on.
        assertThat(read.subList(0, 8)).doesNotContain(0);
    }

    @Test
    void aFailureIsTheOneOfTheWork() throws Exception {
        AheadReader<Integer, Integer> reader = new AheadReader<>(
                "test",
                () -> List.of(1),
                item -> {
                    throw new java.io.IOException("no room");
                },
                2);
        reader.open(new ExecutionContext());

        assertThatThrownBy(reader::read).isInstanceOf(java.io.IOException.class).hasMessage("no room");
        reader.close();
    }
}
