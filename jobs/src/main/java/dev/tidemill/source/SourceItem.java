package dev.tidemill.source;

import dev.tidemill.document.RefusalReason;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One document as its source offers it.
///
/// @param key identity within the source: relative path, address or line id
/// @param fileName name with its ending, a hint to what the bytes are
/// @param title title that the source itself states, null where it states none
/// @param metadata what the source states about it
/// @param content its bytes, or why there are none
public record SourceItem(
        String key, String fileName, @Nullable String title, Map<String, String> metadata, Content content) {

    public SourceItem {
        metadata = Map.copyOf(metadata);
    }

    /// The bytes of an item.
    public sealed interface Content {}

    /// A file to be read where it lies.
    ///
    /// @param temporary delete it once it has been stored
    public record OfFile(Path path, boolean temporary) implements Content {}

    /// Bytes small enough to hold.
    @SuppressWarnings("ArrayRecordComponent") // never compared; copying every document's bytes would serve nobody
    public record OfBytes(byte[] bytes) implements Content {}

    /// Nothing could be read.
    ///
    /// @param detail one sentence for the operator
    public record Unavailable(RefusalReason reason, String detail) implements Content {}
}
