package dev.tidemill.source;

import dev.tidemill.document.RefusalReason;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The regular files under a folder in the order of their names, depth first; one folder's names are
/// held at a time. Hidden files and symbolic links are left out: a link could lead anywhere.
final class DirectoryListing implements Listing {

    private final Path root;
    private final long total;
    private final Deque<List<Path>> pending = new ArrayDeque<>();

    DirectoryListing(Path root) throws IOException {
        this.root = root;
        Counter counter = new Counter();
        Files.walkFileTree(root, counter);
        this.total = counter.files;
        pending.push(children(root));
    }

    /// Last name first, so that the next one is taken off the end.
    private static List<Path> children(Path directory) throws IOException {
        List<Path> children = new ArrayList<>();
        try (var entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                if (!hidden(entry) && !Files.isSymbolicLink(entry)) {
                    children.add(entry);
                }
            }
        }
        children.sort(Collections.reverseOrder());
        return children;
    }

    private static boolean hidden(Path path) {
        return path.getFileName().toString().startsWith(".");
    }

    @Override
    public @Nullable SourceItem next() {
        while (!pending.isEmpty()) {
            List<Path> siblings = pending.peek();
            if (siblings.isEmpty()) {
                pending.pop();
                continue;
            }
            Path path = siblings.removeLast();
            try {
                BasicFileAttributes attributes =
                        Files.readAttributes(path, BasicFileAttributes.class, java.nio.file.LinkOption.NOFOLLOW_LINKS);
                if (attributes.isDirectory()) {
                    pending.push(children(path));
                } else if (attributes.isRegularFile()) {
                    return item(root, path, attributes);
                }
            } catch (IOException e) {
                return unreadable(root, path, e);
            }
        }
        return null;
    }

    static SourceItem item(Path root, Path file, BasicFileAttributes attributes) {
        return new SourceItem(
                key(root, file),
                file.getFileName().toString(),
                null,
                Map.of("modified", attributes.lastModifiedTime().toInstant().toString()),
                new SourceItem.OfFile(file, false));
    }

    private static SourceItem unreadable(Path root, Path path, IOException e) {
        return new SourceItem(
                key(root, path),
                path.getFileName().toString(),
                null,
                Map.of(),
                new SourceItem.Unavailable(RefusalReason.UNREADABLE, "cannot be read: " + e));
    }

    private static String key(Path root, Path path) {
        return root.equals(path)
                ? path.getFileName().toString()
                : root.relativize(path).toString().replace('\\', '/');
    }

    @Override
    public long total() {
        return total;
    }

    @Override
    public void close() {}

    /// Counts what [#next] will yield, without holding the names.
    private static final class Counter extends SimpleFileVisitor<Path> {
        private long files;
        private boolean inside;

        @Override
        public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
            boolean skip = inside && hidden(directory);
            inside = true;
            return skip ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (attributes.isRegularFile() && !hidden(file)) {
                files++;
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException e) {
            files++;
            return FileVisitResult.CONTINUE;
        }
    }
}
