package dev.tidemill.ingest;

import dev.tidemill.document.Block;
import dev.tidemill.document.Chunk;
import dev.tidemill.document.RefusalReason;
import dev.tidemill.store.Versions.Discovered;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;

/// What reading one document version came to.
sealed interface Outcome {

    Discovered version();

    /// Its text and chunks wait in the spool.
    ///
    /// @param textLength code points of the text
    record Extracted(
            Discovered version,
            String title,
            String mediaType,
            Map<String, String> metadata,
            SpoolFile<Block> blocks,
            SpoolFile<Chunk> chunks,
            int textLength)
            implements Outcome, AutoCloseable {

        /// Gives its place in the spool back.
        @Override
        public void close() {
            try (blocks;
                    chunks) {
                // Closing is all there is to do.
            } catch (IOException e) {
                throw new UncheckedIOException("the spool of " + version.key() + " could not be cleaned", e);
            }
        }
    }

    /// It is given up on.
    record Refused(Discovered version, RefusalReason reason, String mediaType, String detail) implements Outcome {}

    /// The readable ones; the others are given up on.
    static Extracted readable(Outcome outcome) {
        return switch (outcome) {
            case Extracted extracted -> extracted;
            case Refused refused -> throw new Refusal(refused.reason(), refused.mediaType(), refused.detail());
        };
    }
}
