package dev.tidemill.transfer;

import dev.tidemill.run.Progress;
import dev.tidemill.run.WorkerThreads;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.item.ItemStreamReader;

/// Reads the items of all parts of a kind, some ahead of the chunk that is being written. A resumed
/// step reads them again
/// from the beginning: what is in the database already, the writers leave alone.
class PartReader<T> implements ItemStreamReader<T> {

    /// Takes the next item out of a part, null at its end.
    interface Format<T> {
        @Nullable
        T next(InputStream in) throws IOException;
    }

    /// What the reading thread hands over.
    private sealed interface Read<T> {
        record Item<T>(T item) implements Read<T> {}

        record End<T>() implements Read<T> {}

        record Failure<T>(Exception failure) implements Read<T> {}
    }

    private final Supplier<Archive> archives;
    private final String kind;
    private final Function<Manifest.Part, Format<T>> formats;
    private final Predicate<Manifest.Part> wanted;
    private final BlockingQueue<Read<T>> ahead;
    private @Nullable Archive archive;
    private @Nullable Thread thread;

    /// @param wanted parts that are read at all
    /// @param ahead items that are kept ready at most
    PartReader(
            Supplier<Archive> archives,
            String kind,
            Predicate<Manifest.Part> wanted,
            Function<Manifest.Part, Format<T>> formats,
            int ahead) {
        this.archives = archives;
        this.kind = kind;
        this.wanted = wanted;
        this.formats = formats;
        this.ahead = new ArrayBlockingQueue<>(ahead);
    }

    @Override
    public void open(ExecutionContext context) {
        Archive open = archives.get();
        archive = open;
        List<Manifest.Part> parts = open.parts(kind).stream().filter(wanted).toList();
        Progress.total(context, parts.stream().mapToLong(Manifest.Part::items).sum());
        Thread reading = WorkerThreads.named("import-" + kind + "-").newThread(() -> readAll(open, parts));
        thread = reading;
        reading.start();
    }

    private void readAll(Archive open, List<Manifest.Part> parts) {
        try {
            Read<T> end;
            try {
                for (Manifest.Part part : parts) {
                    readPart(open, part);
                }
                end = new Read.End<>();
            } catch (EOFException e) {
                end = new Read.Failure<>(
                        new IllegalStateException("a part of the file ends too early: copy it again", e));
            } catch (IOException | RuntimeException e) {
                end = new Read.Failure<>(e);
            }
            ahead.put(end);
        } catch (InterruptedException e) {
            // The step is over.
            Thread.currentThread().interrupt();
        }
    }

    private void readPart(Archive open, Manifest.Part part) throws IOException, InterruptedException {
        Format<T> format = formats.apply(part);
        try (InputStream in = open.read(part)) {
            for (T item = format.next(in); item != null; item = format.next(in)) {
                ahead.put(new Read.Item<>(item));
            }
        }
    }

    @Override
    public @Nullable T read() throws Exception {
        Read<T> next = ahead.take();
        return switch (next) {
            case Read.Item<T>(T item) -> item;
            case Read.End<T> end -> {
                // Whoever reads on gets the end again.
                ahead.put(end);
                yield null;
            }
            case Read.Failure<T>(Exception failure) -> throw failure;
        };
    }

    @Override
    public void close() {
        Thread reading = thread;
        Archive open = archive;
        thread = null;
        archive = null;
        if (reading != null) {
            reading.interrupt();
            try {
                reading.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        if (open != null) {
            open.close();
        }
    }
}
