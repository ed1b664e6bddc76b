package dev.tidemill.transfer;

import dev.tidemill.run.Progress;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.item.ItemStreamReader;

/// Reads the items of all parts of a kind. A resumed step reads them again from the beginning: what is in the database
/// already, the writers leave alone.
class PartReader<T> implements ItemStreamReader<T> {

    /// Takes the next item out of a part, null at its end.
    interface Format<T> {
        @Nullable
        T next(InputStream in) throws IOException;
    }

    private final Path file;
    private final String kind;
    private final Format<T> format;
    private @Nullable Archive archive;
    private Iterator<Manifest.Part> parts = List.<Manifest.Part>of().iterator();
    private @Nullable InputStream in;

    PartReader(Path file, String kind, Format<T> format) {
        this.file = file;
        this.kind = kind;
        this.format = format;
    }

    @Override
    public void open(ExecutionContext context) {
        Archive open = Archive.open(file);
        archive = open;
        parts = open.parts(kind).iterator();
        Progress.total(
                context,
                open.parts(kind).stream().mapToLong(Manifest.Part::items).sum());
    }

    @Override
    public @Nullable T read() throws IOException {
        Archive open = archive;
        if (open == null) {
            throw new IllegalStateException("the reader of " + kind + " is not open");
        }
        while (true) {
            InputStream part = in;
            if (part != null) {
                try {
                    T item = format.next(part);
                    if (item != null) {
                        return item;
                    }
                } catch (EOFException e) {
                    throw new IllegalStateException("a part of " + file + " ends too early: copy it again", e);
                }
                part.close();
                in = null;
            }
            if (!parts.hasNext()) {
                return null;
            }
            in = open.read(parts.next());
        }
    }

    @Override
    public void close() {
        Archive open = archive;
        archive = null;
        in = null;
        if (open != null) {
            open.close();
        }
    }
}
