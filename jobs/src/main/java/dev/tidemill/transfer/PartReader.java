package dev.tidemill.transfer;

import dev.tidemill.run.Group;
import dev.tidemill.run.Progress;
import dev.tidemill.run.WorkerThreads;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.item.ItemStreamReader;

/// Reads the items of all parts of a kind in groups, each to be written in one chunk. Meanwhile it reads ahead, within
/// the
/// same bounds. A resumed step reads them again from the beginning: what is in the database already, the writers leave
/// alone.
class PartReader<T> implements ItemStreamReader<Group<T>> {

    /// How the content of a part is read.
    interface Format<T> {
        Source<T> of(InputStream in);
    }

    /// Takes the next item out of a part, null at its end.
    interface Source<T> {
        @Nullable
        Weighed<T> next() throws IOException;
    }

    /// An item with the bytes that it takes in memory, more or less.
    record Weighed<T>(T item, long bytes) {}

    /// What a group may have at most. An item of more bytes is a group of its own.
    record Bounds(int items, long bytes) {}

    /// What the reading thread hands over.
    private sealed interface Read<T> {
        record Full<T>(Group<T> group, long bytes) implements Read<T> {}

        record End<T>() implements Read<T> {}

        record Failure<T>(Exception failure) implements Read<T> {}
    }

    private final Supplier<Archive> archives;
    private final String kind;
    private final Function<Manifest.Part, Format<T>> formats;
    private final Predicate<Manifest.Part> wanted;
    private final Bounds bounds;
    private final Held held;
    private final BlockingQueue<Read<T>> ahead = new LinkedBlockingQueue<>();
    private @Nullable Archive archive;
    private @Nullable Thread thread;
    private Read.@Nullable Full<T> inHand;

    /// @param wanted parts that are read at all
    PartReader(
            Supplier<Archive> archives,
            String kind,
            Predicate<Manifest.Part> wanted,
            Function<Manifest.Part, Format<T>> formats,
            Bounds bounds) {
        this.archives = archives;
        this.kind = kind;
        this.wanted = wanted;
        this.formats = formats;
        this.bounds = bounds;
        this.held = new Held(bounds);
    }

    /// What is in memory: in the group that is being written, in those that wait, and in the one that is being made.
    private static final class Held {
        private final Bounds bounds;
        private long items;
        private long bytes;

        Held(Bounds bounds) {
            this.bounds = bounds;
        }

        /// One group is written while the next one is made; bytes are bounded over both.
        synchronized void awaitRoom() throws InterruptedException {
            while (bytes >= bounds.bytes() || items >= 2L * bounds.items()) {
                wait();
            }
        }

        synchronized void add(long moreItems, long moreBytes) {
            items += moreItems;
            bytes += moreBytes;
            notifyAll();
        }
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
        Read<T> end;
        try {
            Making making = new Making();
            for (Manifest.Part part : parts) {
                readPart(open, part, making);
            }
            making.handOver();
            end = new Read.End<>();
        } catch (EOFException e) {
            end = new Read.Failure<>(new IllegalStateException("a part of the file ends too early: copy it again", e));
        } catch (IOException | RuntimeException e) {
            end = new Read.Failure<>(e);
        } catch (InterruptedException e) {
            // The step is over.
            Thread.currentThread().interrupt();
            return;
        } catch (OutOfMemoryError e) {
            // The step would wait for ever for what nobody reads.
            end = new Read.Failure<>(new IllegalStateException(
                    "there is too little memory to read the " + kind + " of the file: give the process more", e));
        }
        ahead.add(end);
    }

    private void readPart(Archive open, Manifest.Part part, Making making) throws IOException, InterruptedException {
        try (InputStream in = open.read(part)) {
            Source<T> source = formats.apply(part).of(in);
            held.awaitRoom();
            for (Weighed<T> next = source.next(); next != null; next = source.next()) {
                held.add(1, next.bytes());
                making.add(next);
                held.awaitRoom();
            }
        }
    }

    /// The group that is being made.
    private final class Making {
        private List<T> items = new ArrayList<>();
        private long bytes;

        void add(Weighed<T> next) {
            if (bytes + next.bytes() > bounds.bytes()) {
                handOver();
            }
            items.add(next.item());
            bytes += next.bytes();
            if (items.size() == bounds.items() || bytes >= bounds.bytes()) {
                handOver();
            }
        }

        void handOver() {
            if (!items.isEmpty()) {
                ahead.add(new Read.Full<>(new Group<>(items), bytes));
                items = new ArrayList<>();
                bytes = 0;
            }
        }
    }

    @Override
    public @Nullable Group<T> read() throws Exception {
        // Whoever asks for the next group is done with the last one.
        Read.Full<T> done = inHand;
        if (done != null) {
            inHand = null;
            held.add(-done.group().items().size(), -done.bytes());
        }
        Read<T> next = ahead.take();
        return switch (next) {
            case Read.Full<T> full -> {
                inHand = full;
                yield full.group();
            }
            case Read.End<T> end -> {
                // Whoever reads on gets the end again.
                ahead.add(end);
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
