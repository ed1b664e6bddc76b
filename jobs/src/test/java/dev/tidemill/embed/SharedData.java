package dev.tidemill.embed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Finds the shared test documents, which are not part of the repository.
public final class SharedData {

    private SharedData() {}

    public static Path folder(String name) {
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

    /// The files under a folder that end like this, sorted.
    public static List<Path> files(String folder, String ending) {
        try (Stream<Path> walk = Files.walk(folder(folder))) {
            return walk.filter(Files::isRegularFile)
                    .filter(file -> file.toString().endsWith(ending))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static String read(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
