package dev.tidemill.backup;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The write-ahead log in the target: every finished segment, compressed and sealed like a part, under the id of the
/// key that opens it.
final class WalArchive {

    private static final Logger log = LoggerFactory.getLogger(WalArchive.class);

    private static final String FOLDER = "wal/";
    private static final Pattern FILE =
            Pattern.compile("[0-9A-F]{24}|[0-9A-F]{8}\\.history|[0-9A-F]{24}\\.[0-9A-F]{8}\\.backup");
    private static final Pattern LSN = Pattern.compile("([0-9A-Fa-f]+)/([0-9A-Fa-f]+)");
    private static final int SEGMENTS_IN_A_LOG = 256;

    private final Catalogue catalogue;

    WalArchive(Catalogue catalogue) {
        this.catalogue = catalogue;
    }

    /// Sends what lies finished in a folder, oldest first, and takes away what has arrived. Sent twice, nothing
    /// changes.
    ///
    /// @return how many
    int ship(Path folder) throws Exception {
        List<Path> finished;
        try (Stream<Path> files = Files.list(folder)) {
            finished = files.filter(
                            file -> FILE.matcher(file.getFileName().toString()).matches())
                    .sorted()
                    .toList();
        }
        Keys.Key key = catalogue.keys().current();
        int sent = 0;
        for (Path file : finished) {
            String name = file.getFileName().toString();
            try {
                Parts.write(
                        catalogue.target(),
                        FOLDER + key.id() + "/" + name,
                        FOLDER + name,
                        key.secret(),
                        3,
                        out -> Files.copy(file, out));
            } catch (IOException e) {
                if (!Files.exists(file)) {
                    // Another process has sent it.
                    continue;
                }
                throw new IOException("the segment " + name + " cannot be sent: " + e.getMessage(), e);
            }
            Files.deleteIfExists(file);
            sent++;
        }
        return sent;
    }

    /// What lies finished in a folder and was not sent yet.
    static Backups.Waiting waiting(Path folder) {
        int segments = 0;
        Instant oldest = null;
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                if (!FILE.matcher(file.getFileName().toString()).matches()) {
                    continue;
                }
                try {
                    Instant at = Files.getLastModifiedTime(file).toInstant();
                    segments++;
                    oldest = oldest == null || at.isBefore(oldest) ? at : oldest;
                } catch (NoSuchFileException sentMeanwhile) {
                    log.debug("{} was sent while the segments were counted", file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder, e);
        }
        return new Backups.Waiting(segments, oldest);
    }

    /// Names with where they lie; the last key wins where a segment was sent under two.
    private SortedMap<String, String> files() throws IOException {
        TreeMap<String, String> files = new TreeMap<>();
        for (Target.Entry entry : catalogue.target().list(FOLDER)) {
            String name = entry.name().substring(entry.name().lastIndexOf('/') + 1);
            if (FILE.matcher(name).matches()) {
                files.put(name, entry.name());
            }
        }
        return files;
    }

    /// The files that replaying from a position needs, oldest first.
    ///
    /// @throws BackupDamaged naming the first segment that is missing
    List<String> from(String lsn) throws IOException {
        SortedMap<String, String> files = files();
        return unbroken(files.keySet(), lsn, catalogue.target().description()).stream()
                .map(name -> String.valueOf(files.get(name)))
                .toList();
    }

    /// Of the names in an archive those that replaying from a position needs, oldest first.
    ///
    /// @param where the archive is, for the message
    /// @throws BackupDamaged naming the first segment that is missing
    static List<String> unbroken(Collection<String> names, String lsn, String where) {
        String begin = segment(lsn);
        String previous = "";
        List<String> wanted = new ArrayList<>();
        for (String name : new TreeSet<>(names)) {
            if (!FILE.matcher(name).matches()) {
                continue;
            }
            if (name.endsWith(".history")) {
                wanted.add(name);
            } else if (name.length() == 24 && name.substring(8).compareTo(begin) >= 0) {
                boolean sameTimeline =
                        !previous.isEmpty() && previous.substring(0, 8).equals(name.substring(0, 8));
                if (sameTimeline && !next(previous).equals(name)) {
                    throw missing(next(previous), where);
                }
                if (previous.isEmpty() && !name.substring(8).equals(begin)) {
                    throw missing(name.substring(0, 8) + begin, where);
                }
                wanted.add(name);
                previous = name;
            }
        }
        if (previous.isEmpty()) {
            throw missing("…" + begin, where);
        }
        return wanted;
    }

    /// The last segment among files of the log, by name or by path; not a history, which may come behind it.
    static String lastSegment(List<String> files) {
        return files.stream()
                .map(file -> file.substring(file.lastIndexOf('/') + 1))
                .filter(name -> name.length() == 24)
                .max(Comparator.naturalOrder())
                .orElse("");
    }

    /// Brings files to a folder, in clear.
    ///
    /// @return the last segment
    String fetch(List<String> paths, Path folder) throws IOException {
        for (String path : paths) {
            String name = path.substring(path.lastIndexOf('/') + 1);
            String keyId = path.substring(FOLDER.length(), path.lastIndexOf('/'));
            try (InputStream in = Parts.opened(
                            new BufferedInputStream(catalogue.target().open(path), 1 << 16),
                            catalogue.keys().byId(keyId, "the segment " + name).secret(),
                            FOLDER + name);
                    OutputStream out = Files.newOutputStream(folder.resolve(name), StandardOpenOption.CREATE_NEW)) {
                in.transferTo(out);
            }
        }
        return lastSegment(paths);
    }

    private static BackupDamaged missing(String segment, String where) {
        return new BackupDamaged("the segment " + segment + " of the write-ahead log is missing in " + where
                + ": nothing after it can be recovered. Use a base backup that was taken"
                + " later, or restore a logical one");
    }

    boolean has(String segment) throws IOException {
        return files().containsKey(segment);
    }

    /// Removes segments that no base backup needs any more.
    ///
    /// @param lsn where the oldest kept one begins
    int expire(String lsn, boolean dryRun) throws IOException {
        String begin = segment(lsn);
        int gone = 0;
        for (var file : files().entrySet()) {
            String name = file.getKey();
            if (!name.endsWith(".history") && name.substring(8, 24).compareTo(begin) < 0) {
                gone++;
                if (!dryRun) {
                    catalogue.target().delete(file.getValue());
                }
            }
        }
        return gone;
    }

    /// Log and segment of a position, without the timeline: segments of 16 MB.
    static String segment(String lsn) {
        Matcher matcher = LSN.matcher(lsn);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("\"" + lsn + "\" is no position in the write-ahead log");
        }
        return String.format(
                Locale.ROOT,
                "%08X%08X",
                Long.parseLong(matcher.group(1), 16),
                Long.parseLong(matcher.group(2), 16) >> 24);
    }

    static String next(String segment) {
        long log = Long.parseLong(segment.substring(8, 16), 16);
        long number = Long.parseLong(segment.substring(16), 16) + 1;
        if (number == SEGMENTS_IN_A_LOG) {
            number = 0;
            log++;
        }
        return segment.substring(0, 8) + String.format(Locale.ROOT, "%08X%08X", log, number);
    }
}
