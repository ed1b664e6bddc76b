package dev.tidemill.extract;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Finds the shared test documents, which are not part of the repository.
final class SharedFiles {

    private SharedFiles() {}

    static Path folder(String name) {
        String stated = System.getProperty("tidemill.shared");
        if (stated != null) {
            return Path.of(stated, name);
        }
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path data = at.resolveSibling("shared").resolve("data").resolve(name);
            if (Files.isDirectory(data)) {
                return data;
            }
        }
        throw new IllegalStateException(
                "shared/data/" + name + " not found beside the project; name its parent with -Dtidemill.shared");
    }

    /// All files under a folder but its manifest, as paths relative to it, sorted.
    static List<String> all(String folder) {
        Path root = folder(folder);
        try (Stream<Path> walk = Files.walk(root)) {
            return walk.filter(Files::isRegularFile)
                    .map(file -> root.relativize(file).toString())
                    .filter(name -> !name.equals("MANIFEST.tsv"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
