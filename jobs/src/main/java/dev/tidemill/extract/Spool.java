package dev.tidemill.extract;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/// The one folder an extractor writes to, below the spool it was given. Folders of programs that died are removed
/// when the next one starts.
final class Spool {

    private static final String PREFIX = "extract-";

    private Spool() {}

    static Path create(Path spool) {
        try {
            Files.createDirectories(spool);
            removeOrphans(spool);
            return Files.createTempDirectory(
                    spool, PREFIX + ProcessHandle.current().pid() + "-");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write to the spool " + spool + ": " + e.getMessage(), e);
        }
    }

    private static void removeOrphans(Path spool) throws IOException {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(spool, PREFIX + "*")) {
            for (Path folder : folders) {
                String[] parts = folder.getFileName().toString().split("-", -1);
                if (parts.length > 1 && parts[1].matches("\\d{1,10}") && !isAlive(Long.parseLong(parts[1]))) {
                    delete(folder);
                }
            }
        }
    }

    private static boolean isAlive(long pid) {
        return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }

    static void deleteChildren(Path folder, String kept) throws IOException {
        try (DirectoryStream<Path> children = Files.newDirectoryStream(folder)) {
            for (Path child : children) {
                if (!String.valueOf(child.getFileName()).equals(kept)) {
                    delete(child);
                }
            }
        }
    }

    /// Deletes a folder with all it holds, links as links. Already gone is fine.
    static void delete(Path folder) {
        try {
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.deleteIfExists(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                    if (failure instanceof NoSuchFileException) {
                        return FileVisitResult.CONTINUE;
                    }
                    throw failure;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
                        throws IOException {
                    Files.deleteIfExists(directory);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + folder + " from the spool: " + e.getMessage(), e);
        }
    }
}
