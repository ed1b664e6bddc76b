package dev.tidemill.backup;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.NoSuchFileException;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;

/// Where backups are kept: a folder, or a bucket. Names are paths with slashes.
sealed interface Target extends AutoCloseable permits DirectoryTarget, S3Target {

    /// For people: no secret in it.
    String description();

    /// Begins to write. Nothing is to be seen under the name before the commit.
    Upload create(String name) throws IOException;

    /// Begins to read.
    ///
    /// @throws NoSuchFileException when there is nothing of that name
    InputStream open(String name) throws IOException;

    /// Everything whose name begins with a prefix, in the order of names.
    List<Entry> list(String prefix) throws IOException;

    /// Nothing happens where there is nothing of that name.
    void delete(String name) throws IOException;

    /// Room left, where it can be told.
    OptionalLong free();

    /// Takes away what uploads of names with a prefix left that were broken off before an instant.
    ///
    /// @return how many
    int cleanUp(String prefix, Instant before) throws IOException;

    /// As above, of all names.
    default int cleanUp(Instant before) throws IOException {
        return cleanUp("", before);
    }

    @Override
    void close();

    /// Something that is kept.
    record Entry(String name, long size, Instant at) {}

    /// Something that is being written. Closed without a commit, it leaves nothing behind.
    abstract class Upload extends OutputStream {

        /// Makes it durable and visible at once.
        ///
        /// @param onlyNew fail rather than replace what is there
        abstract void commit(boolean onlyNew) throws IOException;
    }

    /// Writes a small thing whole.
    default void put(String name, byte[] content, boolean onlyNew) throws IOException {
        try (Upload upload = create(name)) {
            upload.write(content);
            upload.commit(onlyNew);
        }
    }

    /// Reads a small thing whole.
    default byte[] read(String name, int most) throws IOException {
        try (InputStream in = open(name)) {
            byte[] content = in.readNBytes(most + 1);
            if (content.length > most) {
                throw new IOException(name + " in " + description() + " is longer than " + most + " bytes");
            }
            return content;
        }
    }
}
