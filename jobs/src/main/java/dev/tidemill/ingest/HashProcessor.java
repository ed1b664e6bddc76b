package dev.tidemill.ingest;

import dev.tidemill.document.ContentHash;
import dev.tidemill.document.RefusalReason;
import dev.tidemill.source.SourceItem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import org.springframework.batch.infrastructure.item.ItemProcessor;

/// Reads an item's bytes once for their hash. Small files are kept, so that they need not be read again to be
/// stored.
final class HashProcessor implements ItemProcessor<SourceItem, Candidate> {

    /// With 100 documents in a transaction, 26 MB at most.
    private static final int KEPT_BYTES = 256 << 10;

    private final long maxBytes;

    HashProcessor(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    @Override
    public Candidate process(SourceItem item) {
        return switch (item.content()) {
            case SourceItem.OfBytes(byte[] bytes) -> new Candidate(item, ContentHash.of(bytes), bytes.length, bytes);
            case SourceItem.OfFile file -> read(item, file.path());
            case SourceItem.Unavailable(RefusalReason reason, String detail) -> throw new Refusal(reason, detail);
        };
    }

    private Candidate read(SourceItem item, Path path) {
        try {
            long size = Files.size(path);
            if (size > maxBytes) {
                throw new Refusal(
                        RefusalReason.TOO_LARGE,
                        "is " + size + " bytes, more than the " + maxBytes + " of ingest.extract.max-file");
            }
            if (size <= KEPT_BYTES) {
                byte[] bytes = Files.readAllBytes(path);
                return new Candidate(item, ContentHash.of(bytes), bytes.length, bytes);
            }
            MessageDigest digest = ContentHash.sha256();
            long read = 0;
            byte[] buffer = new byte[1 << 16];
            try (InputStream in = Files.newInputStream(path)) {
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    digest.update(buffer, 0, n);
                    read += n;
                }
            }
            return new Candidate(item, ContentHash.ofDigest(digest.digest()), read, null);
        } catch (IOException e) {
            throw new Refusal(RefusalReason.UNREADABLE, "cannot be read: " + e);
        }
    }
}
