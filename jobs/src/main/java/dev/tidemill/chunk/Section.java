package dev.tidemill.chunk;

import java.util.List;

/// The headings some text stands under.
///
/// @param number which one it is in its document, so that sections of the same name differ
/// @param path the headings, outermost first
/// @param header the context header: title and path, shortened to its share of a chunk
/// @param headerTokens the tokens of the header
record Section(int number, List<String> path, String header, int headerTokens) {

    /// Whether both are the same one, not only of the same name.
    boolean is(Section other) {
        return number == other.number;
    }

    /// How many headings both have in common, from the outermost.
    int shared(Section other) {
        int limit = Math.min(path.size(), other.path.size());
        int count = 0;
        while (count < limit && path.get(count).equals(other.path.get(count))) {
            count++;
        }
        return count;
    }

    /// Whether the other one is inside this one or has the same parent.
    boolean isSiblingOrParentOf(Section other) {
        int shared = shared(other);
        return shared == path.size() || (shared == path.size() - 1 && shared == other.path.size() - 1);
    }
}
