package dev.tidemill.source;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// The kinds of source.
public enum SourceType {
    /// a folder or a single file
    DIRECTORY,
    /// files that a user handed in; what an earlier upload brought stays
    UPLOAD,
    /// an address, or a text file with one address a line
    URLS,
    /// a file with one JSON object a line: `_id` or `id`, `title`, `text`, `metadata`
    JSONL;

    /// The name in requests, YAML and the database.
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Whether a document that is not listed any more is gone.
    public boolean complete() {
        return this != UPLOAD;
    }

    public static List<String> ids() {
        return Arrays.stream(values()).map(SourceType::id).toList();
    }

    public static SourceType byId(String id) {
        return Arrays.stream(values())
                .filter(type -> type.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "unknown source type \"" + id + "\": use one of " + String.join(", ", ids())));
    }
}
