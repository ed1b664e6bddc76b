package dev.tidemill.backup;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.stream.Stream;

/// A folder. Files appear whole, under their names, once they and the folders that name them are on the disk.
final class DirectoryTarget implements Target {

    private static final String DRAFT = ".draft-";

    private final Path root;

    DirectoryTarget(Path root) {
        this.root = root.toAbsolutePath().normalize();
    }

    @Override
    public String description() {
        return "folder " + root;
    }

    private Path path(String name) throws IOException {
        Path path = root.resolve(name).normalize();
        if (!path.startsWith(root) || path.equals(root)) {
            throw new IOException("\"" + name + "\" is no name of something in " + root);
        }
        return path;
    }

    @Override
    public Upload create(String name) throws IOException {
        Path path = path(name);
        Path folder = folderOf(path);
        makeFolders(folder);
        return new FileUpload(path, folder.resolve(DRAFT + UUID.randomUUID()));
    }

    /// With the entries of the new folders in their parents made durable too.
    private void makeFolders(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        Path parent = folder.getParent();
        if (parent != null && !Files.isDirectory(parent)) {
            makeFolders(parent);
        }
        try {
            Files.createDirectory(folder);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(folder)) {
                throw e;
            }
        }
        if (parent != null) {
            sync(parent);
        }
    }

    private static Path folderOf(Path path) {
        return Objects.requireNonNull(path.getParent(), "a path below the folder of backups");
    }

    private static void sync(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static final class FileUpload extends Upload {
        private final Path path;
        private final Path draft;
        private final FileChannel channel;
        private boolean committed;

        FileUpload(Path path, Path draft) throws IOException {
            this.path = path;
            this.draft = draft;
            this.channel = FileChannel.open(draft, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            ByteBuffer buffer = ByteBuffer.wrap(bytes, offset, length);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        }

        @Override
        void commit(boolean onlyNew) throws IOException {
            // Once it failed, nothing is known of what is on the disk: the caller has to write it anew.
            channel.force(true);
            channel.close();
            if (onlyNew) {
                Files.createLink(path, draft);
                Files.delete(draft);
            } else {
                Files.move(draft, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
            committed = true;
            sync(folderOf(path));
        }

        @Override
        public void close() throws IOException {
            if (!committed) {
                channel.close();
                Files.deleteIfExists(draft);
            }
        }
    }

    @Override
    public InputStream open(String name) throws IOException {
        Path path = path(name);
        if (Files.isDirectory(path)) {
            throw new NoSuchFileException(path.toString());
        }
        return Files.newInputStream(path);
    }

    @Override
    public List<Entry> list(String prefix) throws IOException {
        int slash = prefix.lastIndexOf('/');
        Path below = slash < 0 ? root : path(prefix.substring(0, slash));
        if (!Files.isDirectory(below)) {
            return List.of();
        }
        // The folder itself may be a link to where there is room.
        Path real = root.toRealPath();
        Path from = real.resolve(root.relativize(below));
        List<Entry> entries = new ArrayList<>();
        try (Stream<Path> tree = Files.walk(from)) {
            for (Path file : tree.filter(Files::isRegularFile).toList()) {
                String name = real.relativize(file).toString();
                if (name.startsWith(prefix) && !file.getFileName().toString().startsWith(DRAFT)) {
                    try {
                        entries.add(new Entry(
                                name,
                                Files.size(file),
                                Files.getLastModifiedTime(file).toInstant()));
                    } catch (NoSuchFileException e) {
                        // Deleted while the folder was being listed.
                    }
                }
            }
        }
        entries.sort(Comparator.comparing(Entry::name));
        return entries;
    }

    @Override
    public void delete(String name) throws IOException {
        Path path = path(name);
        Files.deleteIfExists(path);
        removeEmpty(folderOf(path));
    }

    /// With the folders above it that thereby become empty.
    private void removeEmpty(Path emptied) throws IOException {
        Path folder = emptied;
        while (!folder.equals(root) && !folder.equals(root.toRealPath())) {
            try (Stream<Path> rest = Files.list(folder)) {
                if (rest.findAny().isPresent()) {
                    return;
                }
            } catch (NoSuchFileException gone) {
                return;
            }
            Files.deleteIfExists(folder);
            folder = folderOf(folder);
        }
    }

    @Override
    public OptionalLong free() {
        try {
            Path there = root;
            while (!Files.exists(there)) {
                there = folderOf(there);
            }
            return OptionalLong.of(Files.getFileStore(there).getUsableSpace());
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    @Override
    public int cleanUp(String prefix, Instant before) throws IOException {
        Path from = prefix.isEmpty() ? root : path(prefix);
        if (!Files.isDirectory(from)) {
            return 0;
        }
        int removed = 0;
        try (Stream<Path> tree = Files.walk(from.toRealPath())) {
            for (Path file : tree.filter(Files::isRegularFile).toList()) {
                if (file.getFileName().toString().startsWith(DRAFT)
                        && Files.getLastModifiedTime(file).toInstant().isBefore(before)) {
                    Files.deleteIfExists(file);
                    removeEmpty(folderOf(file));
                    removed++;
                }
            }
        }
        return removed;
    }

    @Override
    public void close() {}
}
