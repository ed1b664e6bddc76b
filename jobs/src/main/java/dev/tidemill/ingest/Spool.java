package dev.tidemill.ingest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// The folder where this process keeps what is too large for memory while it works on it. Folders of
/// processes that ended without cleaning up are removed at start.
public final class Spool implements AutoCloseable {

    private final Path folder;

    /// @param root folder of all spools
    public Spool(Path root) {
        try {
            Files.createDirectories(root);
            removeLeftovers(root);
            folder = Files.createDirectories(root.resolve(name(ProcessHandle.current())));
        } catch (IOException e) {
            throw new UncheckedIOException("the spool folder " + root + " cannot be used: " + e.getMessage(), e);
        }
    }

    private static void removeLeftovers(Path root) throws IOException {
        List<Path> folders;
        try (Stream<Path> entries = Files.list(root)) {
            folders = entries.toList();
        }
        for (Path folder : folders) {
            String name = folder.getFileName().toString();
            if (name.matches("\\d{1,10}-\\d{1,19}") && !isOfALivingProcess(name)) {
                remove(folder);
            }
        }
    }

    /// In a container each process has the number of the one before it; when it started tells them apart.
    private static String name(ProcessHandle process) {
        return process.pid() + "-"
                + process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    }

    private static boolean isOfALivingProcess(String name) {
        return ProcessHandle.of(Long.parseLong(name.substring(0, name.indexOf('-'))))
                .filter(process -> name(process).equals(name))
                .isPresent();
    }

    public Path folder() {
        return folder;
    }

    /// A new empty file.
    Path file(String what) throws IOException {
        return Files.createTempFile(folder, what + "-", ".tmp");
    }

    private static void remove(Path folder) throws IOException {
        List<Path> paths;
        try (Stream<Path> tree = Files.walk(folder)) {
            paths = tree.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : paths) {
            Files.deleteIfExists(path);
        }
    }

    @Override
    public void close() throws IOException {
        if (Files.exists(folder)) {
            remove(folder);
        }
    }
}
