package dev.tidemill.transfer;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What an exported file says about itself: its entry `manifest.json`.
///
/// @param format always `tidemill-project`
/// @param version of the format
/// @param set the vectors' model, null where the project has no vectors
/// @param parts every other entry, in the order in which they are read
record Manifest(
        String format,
        int version,
        String program,
        String exportedAt,
        Project project,
        @Nullable Set set,
        long documents,
        List<Part> parts) {

    static final String FORMAT = "tidemill-project";
    static final int VERSION = 1;
    static final String ENTRY = "manifest.json";

    /// The project that was exported.
    record Project(String slug, String name, @Nullable String description) {}

    /// What the vectors were made by.
    ///
    /// @param type as the bytes are laid out: halfvec or vector
    record Set(String model, String fingerprint, int dimensions, String type) {}

    /// An entry.
    ///
    /// @param sha256 of its bytes, uncompressed
    record Part(String name, String kind, long items, long bytes, String sha256) {}
}
