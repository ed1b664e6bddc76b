package dev.tidemill.backup;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/// The manifest of a whole backup that holds nothing.
final class MadeManifest {

    private MadeManifest() {}

    static Manifest of(String id, Instant at, Keys.Wrapped key) {
        return new Manifest(
                Manifest.FORMAT,
                id,
                "test",
                Manifest.Scope.FULL,
                null,
                at,
                at,
                at,
                "0/0",
                15,
                "15",
                "d",
                "o",
                List.of(),
                Map.of(),
                List.of(),
                0,
                key,
                List.of(),
                List.of());
    }
}
