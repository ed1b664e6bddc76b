package dev.tidemill.document;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The outcome of reading one document: its blocks were delivered, or it was refused.
public sealed interface Extraction {

    /// The blocks were delivered.
    ///
    /// @param title the document's own title, null where it names none
    /// @param mediaType what the bytes are, by content
    /// @param metadata author, created, language and the like, as the format states them
    record Extracted(@Nullable String title, String mediaType, Map<String, String> metadata) implements Extraction {
        public Extracted {
            metadata = Map.copyOf(metadata);
        }
    }

    /// No block of it is to be used.
    ///
    /// @param detail one sentence for the operator: what is wrong with this file
    record Refused(RefusalReason reason, String mediaType, String detail) implements Extraction {}
}
