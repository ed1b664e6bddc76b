package dev.tidemill.ingest;

import dev.tidemill.document.Block;
import dev.tidemill.document.BlockKind;
import dev.tidemill.document.Chunk;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/// A list of values, written once and read once or more: a few in memory, more of them in a file of the spool, read
/// one at a time. Closing it deletes the file.
final class SpoolFile<T> implements AutoCloseable {

    /// How a value is written and read.
    interface Codec<T> {
        void write(T value, DataOutputStream out) throws IOException;

        T read(DataInputStream in) throws IOException;
    }

    /// Up to this size the values stay in memory: most documents never need a file.
    private static final int IN_MEMORY = 64 << 10;

    private final Codec<T> codec;
    private final Spool spool;
    private final String what;
    private ByteArrayOutputStream memory = new ByteArrayOutputStream();
    private DataOutputStream out = new DataOutputStream(memory);
    private @Nullable Path file;
    private int size;

    SpoolFile(Spool spool, String what, Codec<T> codec) {
        this.spool = spool;
        this.what = what;
        this.codec = codec;
    }

    void add(T value) {
        try {
            codec.write(value, out);
            size++;
            if (file == null && memory.size() > IN_MEMORY) {
                spill();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(this + " cannot be written: " + e.getMessage(), e);
        }
    }

    private void spill() throws IOException {
        Path made = spool.file(what);
        file = made;
        out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(made), 1 << 16));
        memory.writeTo(out);
        memory = new ByteArrayOutputStream(0);
    }

    int size() {
        return size;
    }

    /// Ends the writing; reading may begin.
    void complete() throws IOException {
        out.close();
    }

    /// The values in the order in which they were added. Close it.
    Values values() throws IOException {
        InputStream in = file == null
                ? new ByteArrayInputStream(memory.toByteArray())
                : new BufferedInputStream(Files.newInputStream(file), 1 << 16);
        return new Values(new DataInputStream(in));
    }

    /// The values in the order in which they were added. Close it.
    Stream<T> stream() {
        try {
            Values values = values();
            return StreamSupport.stream(Spliterators.spliterator(values, size, Spliterator.ORDERED), false)
                    .onClose(() -> {
                        try {
                            values.close();
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    });
        } catch (IOException e) {
            throw new UncheckedIOException(this + " cannot be read: " + e.getMessage(), e);
        }
    }

    @Override
    public String toString() {
        return file == null ? "the spool of " + what : file.toString();
    }

    /// A reading of the file.
    final class Values implements Iterator<T>, AutoCloseable {
        private final DataInputStream in;
        private int read;

        private Values(DataInputStream in) {
            this.in = in;
        }

        @Override
        public boolean hasNext() {
            return read < size;
        }

        @Override
        public T next() {
            if (!hasNext()) {
                throw new NoSuchElementException(SpoolFile.this + " has only " + size + " values");
            }
            try {
                read++;
                return codec.read(in);
            } catch (IOException e) {
                throw new UncheckedIOException(SpoolFile.this + " cannot be read: " + e.getMessage(), e);
            }
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }

    @Override
    public void close() throws IOException {
        out.close();
        if (file != null) {
            Files.deleteIfExists(file);
        }
    }

    static final Codec<Block> BLOCKS = new Codec<>() {
        @Override
        public void write(Block block, DataOutputStream out) throws IOException {
            out.writeUTF(block.kind().name());
            out.writeInt(block.level());
            string(out, block.text());
            number(out, block.page() == null ? null : block.page().longValue());
            number(out, block.startMillis());
            number(out, block.endMillis());
        }

        @Override
        public Block read(DataInputStream in) throws IOException {
            BlockKind kind = BlockKind.valueOf(in.readUTF());
            int level = in.readInt();
            String text = string(in);
            Long page = number(in);
            return new Block(kind, level, text, page == null ? null : page.intValue(), number(in), number(in));
        }
    };

    static final Codec<Chunk> CHUNKS = new Codec<>() {
        @Override
        public void write(Chunk chunk, DataOutputStream out) throws IOException {
            out.writeInt(chunk.ordinal());
            out.writeInt(chunk.start());
            out.writeInt(chunk.end());
            string(out, chunk.text());
            string(out, chunk.header());
            out.writeInt(chunk.headingPath().size());
            for (String heading : chunk.headingPath()) {
                string(out, heading);
            }
            out.writeInt(chunk.tokens());
            number(out, chunk.firstPage() == null ? null : chunk.firstPage().longValue());
            number(out, chunk.lastPage() == null ? null : chunk.lastPage().longValue());
            number(out, chunk.startMillis());
            number(out, chunk.endMillis());
        }

        @Override
        public Chunk read(DataInputStream in) throws IOException {
            int ordinal = in.readInt();
            int start = in.readInt();
            int end = in.readInt();
            String text = string(in);
            String header = string(in);
            List<String> headingPath = new ArrayList<>();
            for (int left = in.readInt(); left > 0; left--) {
                headingPath.add(string(in));
            }
            int tokens = in.readInt();
            Long firstPage = number(in);
            Long lastPage = number(in);
            return new Chunk(
                    ordinal,
                    start,
                    end,
                    text,
                    header,
                    headingPath,
                    tokens,
                    firstPage == null ? null : firstPage.intValue(),
                    lastPage == null ? null : lastPage.intValue(),
                    number(in),
                    number(in));
        }
    };

    private static void string(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static String string(DataInputStream in) throws IOException {
        return new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
    }

    private static void number(DataOutputStream out, @Nullable Long value) throws IOException {
        out.writeBoolean(value != null);
        if (value != null) {
            out.writeLong(value);
        }
    }

    private static @Nullable Long number(DataInputStream in) throws IOException {
        return in.readBoolean() ? in.readLong() : null;
    }
}
