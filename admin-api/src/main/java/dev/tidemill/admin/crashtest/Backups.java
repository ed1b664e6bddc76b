package dev.tidemill.admin.crashtest;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The backups of a side as they lie in its folder, looked at without the program's own catalogue.
final class Backups {

    private static final String MANIFEST = "manifest.json";

    /// Tables that tell of the corpus. Those of the platform hold the runs, which are others on each side.
    private static final String CORPUS =
            "public\\.(projects|sources|documents|document_versions|document_texts|chunks|blobs|blob_parts"
                    + "|embedding_cache|vector_sets|vectors_\\d+|golden_sets|golden_questions|dead_letters)";

    private Backups() {}

    private static Path folder(Side side) {
        return side.home().resolve("backups");
    }

    /// The folders of backups, whole or not, oldest first.
    private static List<Path> all(Side side) throws IOException {
        if (!Files.isDirectory(folder(side))) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(folder(side))) {
            return folders.sorted().toList();
        }
    }

    private static JsonNode manifest(Path backup) throws IOException {
        return JsonMapper.shared().readTree(Files.readAllBytes(backup.resolve(MANIFEST)));
    }

    /// Makes one where there is none.
    static void settle(World world) throws InterruptedException, IOException {
        for (Side side : world.sides()) {
            if (all(side).isEmpty()) {
                world.run(side, Order.of("backup-of-" + side.database(), "backup", Map.of()));
            }
        }
    }

    /// How many are listed, and what the newest holds.
    static List<String> contents(Side side) throws IOException {
        List<Path> all = all(side);
        List<String> lines = new ArrayList<>();
        lines.add("backups " + all.size());
        lines.addAll(side.lines(
                "backups in the database", "SELECT scope, state, level, count(*) FROM backups GROUP BY 1, 2, 3"));
        Path newest = all.getLast();
        for (JsonNode table : manifest(newest).path("tables")) {
            String name = table.path("name").asString();
            if (name.matches(CORPUS)) {
                lines.add("backed up " + table.path("rows") + " rows of " + name.replaceFirst("\\d+$", ""));
            }
        }
        JsonNode marks = JsonMapper.shared()
                .readTree(Files.readAllBytes(newest.resolve("marks.json")))
                .path("marks");
        lines.add("level " + marks.path("level") + ", damage " + marks.path("damage"));
        return lines;
    }

    /// What is wrong with the files, each byte looked at.
    static List<String> faults(Side side) throws IOException {
        List<String> faults = new ArrayList<>();
        for (Path backup : all(side)) {
            if (!Files.exists(backup.resolve(MANIFEST))) {
                faults.add("files of a backup that is none: " + backup.getFileName());
                continue;
            }
            Set<Path> known = new HashSet<>(
                    Set.of(backup.resolve(MANIFEST), backup.resolve("manifest.mac"), backup.resolve("marks.json")));
            for (JsonNode part : manifest(backup).path("parts")) {
                Path file = backup.resolve(part.path("name").asString());
                known.add(file);
                if (!Files.exists(file)) {
                    faults.add("a part is missing: " + file);
                } else if (!sha256(file).equals(part.path("sha256").asString())) {
                    faults.add("a part is not what the manifest says: " + file);
                }
            }
            try (Stream<Path> files = Files.walk(backup)) {
                files.filter(Files::isRegularFile)
                        .filter(file -> !known.contains(file))
                        .forEach(file -> faults.add("a file that no manifest names: " + file));
            }
        }
        return faults;
    }

    /// Backups that are listed and lack something.
    static List<String> half(Side side) throws IOException {
        List<String> half = new ArrayList<>();
        for (Path backup : all(side)) {
            try {
                if (!Files.exists(backup.resolve(MANIFEST))) {
                    continue;
                }
                for (JsonNode part : manifest(backup).path("parts")) {
                    Path file = backup.resolve(part.path("name").asString());
                    if (Files.size(file) != part.path("bytes").asLong()) {
                        half.add("listed although not whole: " + file);
                    }
                }
            } catch (NoSuchFileException e) {
                // A retention takes the manifest first: then it is no backup any more.
                if (Files.exists(backup.resolve(MANIFEST))) {
                    half.add("listed although not whole: " + e.getMessage());
                }
            }
        }
        return half;
    }

    private static String sha256(Path file) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
                in.transferTo(java.io.OutputStream.nullOutputStream());
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /// What a restored database holds otherwise than the one that was backed up.
    static List<String> differences(World world, Side side, String restored) {
        List<String> source = side.ledger().contents();
        List<String> copy = new Ledger(world.database(restored)).contents();
        List<String> differences = new ArrayList<>();
        CrashTest.beyond(source, copy).forEach(line -> differences.add("not restored: " + line));
        CrashTest.beyond(copy, source).forEach(line -> differences.add("restored and never there: " + line));
        return differences;
    }

    /// Sessions that the server keeps for a backup although nobody makes one.
    static List<String> keepers(Side side) throws InterruptedException {
        String sql = """
                SELECT pid, application_name FROM pg_stat_activity
                WHERE datname = current_database() AND application_name LIKE 'tidemill keeps %'
                """;
        // A session that was told to end takes a moment, and no row tells when it is gone.
        for (int look = 0; look < 50 && !side.rows(sql).isEmpty(); look++) {
            TimeUnit.MILLISECONDS.sleep(100);
        }
        return side.lines("a session that keeps a snapshot", sql);
    }
}
