package dev.tidemill.search;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/// Which legs look for chunks.
public enum SearchMode {
    /// both, fused by rank
    HYBRID,
    /// by meaning alone
    VECTOR,
    /// by words alone
    TEXT;

    /// The name in requests and on the command line.
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static SearchMode byId(String id) {
        return Arrays.stream(values())
                .filter(mode -> mode.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown mode \"" + id + "\": use one of "
                        + Arrays.stream(values()).map(SearchMode::id).collect(Collectors.joining(", "))));
    }
}
