package dev.tidemill.admin.crashtest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// Counts the calls of embedding models that the killed side made, and those that were made again for a text whose
/// vector was paid before.
final class Payments {

    private final Path scratch;
    private final Map<String, Integer> seen = new HashMap<>();
    private final Set<String> paid = new HashSet<>();
    private long calls;
    private long repeated;

    Payments(Path scratch) {
        this.scratch = scratch;
    }

    private void look() {
        try {
            WorkerProcess.embeddings(scratch).forEach((text, all) -> {
                int made = all - seen.getOrDefault(text, 0);
                if (made > 0) {
                    seen.put(text, all);
                    calls += made;
                    repeated += paid.add(text) ? made - 1 : made;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException("the logs of the workers cannot be read: " + e.getMessage(), e);
        }
    }

    /// What was paid so far has to be paid anew: by another model, or as it was thrown away.
    void anew() {
        look();
        paid.clear();
    }

    long calls() {
        look();
        return calls;
    }

    long repeated() {
        look();
        return repeated;
    }
}
