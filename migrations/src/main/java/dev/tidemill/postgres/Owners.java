package dev.tidemill.postgres;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.atomic.AtomicInteger;

/// The processes that keep a cluster's server alive, one file each: named by process id, holding the start time.
/// The watchdog reads the same files. It takes the whole folder away once it has decided to stop the server.
///
/// @param folder one folder per cluster
record Owners(Path folder) {

    private static final AtomicInteger NUMBER = new AtomicInteger();

    /// Empties the folder for a server that is about to start.
    void reset() throws IOException {
        Files.createDirectories(folder);
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        }
    }

    /// Enters this process, whole or not at all.
    ///
    /// @return the file to remove when done
    /// @throws NoSuchFileException where the watchdog has taken the folder away
    Path enter() throws IOException {
        long pid = ProcessHandle.current().pid();
        String name = pid + "-" + NUMBER.incrementAndGet();
        Path draft = folder.resolveSibling("owner-" + name);
        Files.writeString(draft, startTime(pid) + "\n");
        try {
            return Files.move(draft, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(draft);
        }
    }

    boolean anyAlive() throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                if (isAlive(file)) {
                    return true;
                }
            }
            return false;
        } catch (NoSuchFileException | NotDirectoryException takenAway) {
            return false;
        }
    }

    /// Whether the process that a file names is still the one that wrote it.
    static boolean isAlive(Path file) throws IOException {
        try {
            String name = String.valueOf(file.getFileName());
            long pid = Long.parseLong(name.substring(0, name.indexOf('-')));
            return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false)
                    && Files.readString(file).strip().equals(startTime(pid));
        } catch (NoSuchFileException left) {
            return false;
        }
    }

    /// The kernel's start time of a process, which tells it from a later one with the same id; `unknown` outside
    /// Linux.
    static String startTime(long pid) throws IOException {
        Path status = Path.of("/proc", Long.toString(pid), "stat");
        if (!Files.exists(Path.of("/proc/self/stat"))) {
            return "unknown";
        }
        try {
            String line = Files.readString(status);
            // The second field, the program's name in parentheses, may itself hold blanks and parentheses.
            String[] fields = line.substring(line.lastIndexOf(") ") + 2).split(" ", -1);
            return fields[0].equals("Z") ? "ended" : fields[19];
        } catch (IOException ended) {
            if (Files.exists(status)) {
                throw ended;
            }
            return "ended";
        }
    }
}
