package dev.tidemill.postgres;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A PostgreSQL server installed on this machine.
///
/// @param pgvector the version of pgvector installed into it, null without
record Installation(Path binDirectory, int major, @Nullable String pgvector) {

    private static final int OLDEST = 13;
    private static final Pattern MAJOR = Pattern.compile("PostgreSQL\\)? (\\d+)");
    private static final Pattern DEFAULT_VERSION = Pattern.compile("default_version\\s*=\\s*'(\\d+)\\.(\\d+)([^']*)'");
    private static final String WAYS_OUT =
            " Run './tidemill setup' to install what is missing, or set DATABASE_URL to a"
                    + " PostgreSQL that has pgvector (postgres://user:password@host:5432/database).";

    /// The newest usable installation, or the one of the major version that an existing cluster needs.
    ///
    /// @param environment where PG_BINDIR and PATH are looked up
    /// @param root the folder that stands for `/`
    static Installation find(Map<String, String> environment, Path root, OptionalInt major) {
        List<Installation> found = new ArrayList<>();
        for (Path bin : candidates(environment, root)) {
            inspect(bin).ifPresent(found::add);
        }
        if (found.isEmpty()) {
            throw new DatabaseUnavailable(
                    "No PostgreSQL server is installed: neither PG_BINDIR, PATH nor the folders of the"
                            + " distribution's packages (/usr/lib/postgresql/*/bin) hold initdb, pg_ctl and postgres."
                            + WAYS_OUT);
        }
        if (major.isPresent()) {
            List<Installation> same =
                    found.stream().filter(i -> i.major == major.getAsInt()).toList();
            if (same.isEmpty()) {
                throw new DatabaseUnavailable("The data folder was made by PostgreSQL " + major.getAsInt()
                        + ", but only " + names(found) + " is installed. Install PostgreSQL " + major.getAsInt()
                        + " again, or choose another data folder with TIDEMILL_HOME.");
            }
            found = same;
        }
        return found.stream()
                .filter(i -> i.pgvector != null)
                .max(Comparator.comparingInt(Installation::major))
                .orElseThrow(withoutPgvector(found));
    }

    private static Supplier<DatabaseUnavailable> withoutPgvector(List<Installation> found) {
        return () -> new DatabaseUnavailable(
                "The extension pgvector, version 0.7 or newer, is not installed for " + names(found) + "." + WAYS_OUT);
    }

    private static String names(List<Installation> found) {
        return found.stream()
                .map(i -> "PostgreSQL " + i.major + " in " + i.binDirectory)
                .collect(Collectors.joining(", "));
    }

    static Set<Path> candidates(Map<String, String> environment, Path root) {
        Set<Path> bins = new LinkedHashSet<>();
        String chosen = environment.getOrDefault("PG_BINDIR", "");
        if (!chosen.isEmpty()) {
            return Set.of(Path.of(chosen));
        }
        bins.addAll(children(root.resolve("usr/lib/postgresql"), "*", "bin"));
        bins.addAll(children(root.resolve("usr"), "pgsql-*", "bin"));
        bins.addAll(children(root.resolve("opt/homebrew/opt"), "postgresql*", "bin"));
        bins.addAll(children(root.resolve("usr/local/opt"), "postgresql*", "bin"));
        for (String entry : environment.getOrDefault("PATH", "").split(":", -1)) {
            if (entry.isEmpty()) {
                continue;
            }
            Path folder = Path.of(entry);
            bins.add(folder);
            Path config = folder.resolve("pg_config");
            if (Files.isExecutable(config)) {
                Command.run(List.of(config.toString(), "--bindir"))
                        .output()
                        .lines()
                        .findFirst()
                        .ifPresent(bin -> bins.add(Path.of(bin)));
            }
        }
        return bins;
    }

    private static List<Path> children(Path parent, String glob, String below) {
        if (!Files.isDirectory(parent)) {
            return List.of();
        }
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(parent, glob)) {
            folders.forEach(folder -> found.add(folder.resolve(below)));
        } catch (IOException unreadable) {
            throw new UncheckedIOException("Cannot list " + parent, unreadable);
        }
        return found;
    }

    private static Optional<Installation> inspect(Path bin) {
        for (String program : List.of("initdb", "pg_ctl", "postgres")) {
            if (!Files.isExecutable(bin.resolve(program))) {
                return Optional.empty();
            }
        }
        Matcher version =
                MAJOR.matcher(Command.run(List.of(bin.resolve("postgres").toString(), "--version"))
                        .output());
        if (!version.find() || Integer.parseInt(version.group(1)) < OLDEST) {
            return Optional.empty();
        }
        int major = Integer.parseInt(version.group(1));
        return Optional.of(new Installation(bin, major, pgvector(bin, major)));
    }

    private static @Nullable String pgvector(Path bin, int major) {
        Path config = bin.resolve("pg_config");
        List<Path> folders = new ArrayList<>();
        if (Files.isExecutable(config)) {
            String share = Command.run(List.of(config.toString(), "--sharedir"))
                    .output()
                    .strip();
            folders.add(Path.of(share, "extension"));
        }
        // Debian keeps pg_config in a package of its own.
        folders.add(bin.resolve("../../../../share/postgresql/" + major + "/extension")
                .normalize());
        for (Path folder : folders) {
            Path control = folder.resolve("vector.control");
            if (Files.isReadable(control)) {
                Matcher version = DEFAULT_VERSION.matcher(read(control));
                // halfvec came with 0.7
                if (version.find()
                        && (Integer.parseInt(version.group(1)) > 0 || Integer.parseInt(version.group(2)) >= 7)) {
                    return version.group(1) + "." + version.group(2) + version.group(3);
                }
            }
        }
        return null;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException unreadable) {
            throw new UncheckedIOException("Cannot read " + file, unreadable);
        }
    }
}
