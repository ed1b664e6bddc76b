package dev.tidemill.transfer;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What an exported file says about itself: its entry `manifest.json`.
///
/// @param format always `tidemill-project`
/// @param version of the format
/// @param set the live set of a file of version 1; null since
/// @param sets what the vectors were made by, the live one first; empty where the project has no
///     vectors
/// @param parts every other entry, in the order in which they are read
record Manifest(
        String format,
        int version,
        String program,
        String exportedAt,
        Project project,
        @Nullable Set set,
        @Nullable List<Set> sets,
        long documents,
        List<Part> parts) {

    static final String FORMAT = "tidemill-project";
    static final int VERSION = 2;
    static final String ENTRY = "manifest.json";

    Manifest {
        if (sets == null) {
            sets = set == null ? List.of() : List.of(set);
        }
        sets = List.copyOf(sets);
        set = null;
        parts = List.copyOf(parts);
    }

    List<Set> vectorSets() {
        return sets == null ? List.of() : sets;
    }

    /// The project that was exported.
    record Project(String slug, String name, @Nullable String description) {}

    /// What vectors were made by.
    ///
    /// @param type as the bytes are laid out: halfvec or vector
    /// @param state live, soaking or held; null in files of version 1, whose one set was the live one
    /// @param efSearch candidates of a walk of the index, null for the default
    /// @param recall share of the true nearest ten that the index found
    /// @param probes vectors of fixed texts, in base64
    /// @param soakUntil how long a soaking or held set is kept
    record Set(
            String model,
            String fingerprint,
            int dimensions,
            String type,
            @Nullable String state,
            @Nullable Integer efSearch,
            @Nullable Double recall,
            @Nullable String probes,
            @Nullable String soakUntil) {

        boolean live() {
            return state == null || state.equals("live");
        }
    }

    /// An entry.
    ///
    /// @param sha256 of its bytes, as they are in the file
    /// @param set place of its set among [#sets], null for parts without vectors and in files of
    ///     version 1
    record Part(
            String name,
            String kind,
            long items,
            long bytes,
            String sha256,
            @Nullable Integer set) {

        int setPlace() {
            return set == null ? 0 : set;
        }
    }
}
