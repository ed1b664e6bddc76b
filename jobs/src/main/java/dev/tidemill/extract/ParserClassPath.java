package dev.tidemill.extract;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import org.jspecify.annotations.Nullable;

/// The class path of a child JVM: this package and the parsers' libraries, nothing that knows a
/// database or a key. Works from class folders, from jars named in a manifest, and from an executable
/// jar with libraries inside, which are then unpacked into the spool.
final class ParserClassPath {

    private static final String OWN_CLASS = "dev/tidemill/extract/ParserProcess.class";
    private static final String NESTED_LIBRARIES = "BOOT-INF/lib/";
    private static final List<String> LIBRARIES = List.of(
            "tidemill-jobs",
            "tika-",
            "pdfbox-",
            "fontbox-",
            "xmpbox-",
            "jempbox-",
            "poi-",
            "xmlbeans-",
            "commons-codec-",
            "commons-collections4-",
            "commons-compress-",
            "commons-csv-",
            "commons-io-",
            "commons-lang3-",
            "commons-logging-",
            "commons-math3-",
            "commons-text-",
            "curvesapi-",
            "SparseBitSet-",
            "log4j-api-",
            "slf4j-api-",
            "apache-mime4j-",
            "jsoup-",
            "juniversalchardet-",
            "jackcess-",
            "java-libpst-",
            "bcprov-",
            "bcpkix-",
            "bcutil-",
            "bcjmail-",
            "jackson-core-",
            "jspecify-");

    private ParserClassPath() {}

    static List<Path> of(String classPath, Path unpackInto) throws IOException {
        Set<Path> found = new LinkedHashSet<>();
        Set<Path> seen = new LinkedHashSet<>();
        for (String entry : classPath.split(java.io.File.pathSeparator, -1)) {
            if (!entry.isEmpty()) {
                collect(Path.of(entry).toAbsolutePath().normalize(), found, seen, unpackInto);
            }
        }
        if (found.stream()
                .noneMatch(
                        path -> isLibrary(path) && path.getFileName().toString().startsWith("tika-core"))) {
            throw new IOException(
                    "the class path of this program names no tika-core jar, so no parser process can start: "
                            + classPath);
        }
        return List.copyOf(found);
    }

    private static void collect(Path entry, Set<Path> found, Set<Path> seen, Path unpackInto) throws IOException {
        if (!seen.add(entry)) {
            return;
        }
        if (Files.isDirectory(entry)) {
            if (Files.exists(entry.resolve(OWN_CLASS))) {
                found.add(entry);
            }
        } else if (Files.isRegularFile(entry) && entry.toString().endsWith(".jar")) {
            if (isLibrary(entry)) {
                found.add(entry);
                return;
            }
            try (JarFile jar = new JarFile(entry.toFile())) {
                unpack(jar, found, unpackInto);
                for (Path named : namedInManifest(jar, entry)) {
                    collect(named, found, seen, unpackInto);
                }
            }
        }
    }

    private static boolean isLibrary(Path jar) {
        String name = String.valueOf(jar.getFileName());
        return LIBRARIES.stream().anyMatch(name::startsWith);
    }

    private static void unpack(JarFile jar, Set<Path> found, Path unpackInto) throws IOException {
        for (JarEntry entry : Collections.list(jar.entries())) {
            String name = entry.getName();
            if (!name.startsWith(NESTED_LIBRARIES) || !name.endsWith(".jar")) {
                continue;
            }
            Path target = unpackInto.resolve(name.substring(name.lastIndexOf('/') + 1));
            if (isLibrary(target)) {
                Files.createDirectories(unpackInto);
                try (InputStream in = jar.getInputStream(entry)) {
                    Files.copy(in, target);
                }
                found.add(target);
            }
        }
    }

    private static List<Path> namedInManifest(JarFile jar, Path location) throws IOException {
        Manifest manifest = jar.getManifest();
        @Nullable
        String named = manifest == null ? null : manifest.getMainAttributes().getValue(Attributes.Name.CLASS_PATH);
        List<Path> paths = new ArrayList<>();
        if (named != null) {
            for (String element : named.strip().split("\\s+", -1)) {
                URI uri = location.toUri().resolve(element);
                if ("file".equals(uri.getScheme())) {
                    paths.add(Path.of(uri).normalize());
                }
            }
        }
        return paths;
    }

    static String joined(List<Path> paths) {
        return String.join(
                java.io.File.pathSeparator, paths.stream().map(Path::toString).toList());
    }

    static List<Path> ofThisProgram(Path unpackInto) {
        try {
            return of(System.getProperty("java.class.path", ""), unpackInto);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
