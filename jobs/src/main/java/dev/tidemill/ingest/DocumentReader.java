package dev.tidemill.ingest;

import dev.tidemill.chunk.ChunkProfile;
import dev.tidemill.chunk.Chunker;
import dev.tidemill.document.Block;
import dev.tidemill.document.Chunk;
import dev.tidemill.document.Extraction;
import dev.tidemill.document.RefusalReason;
import dev.tidemill.extract.Extractor;
import dev.tidemill.store.Originals;
import dev.tidemill.store.Versions.Discovered;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.function.ToIntFunction;

/// Reads one document: original to blocks, blocks to chunks. Everything goes through the spool, so that
/// memory does not grow with the document.
final class DocumentReader {

    private final UUID workspaceId;
    private final Originals originals;
    private final Extractor extractor;
    private final ChunkProfile profile;
    private final ToIntFunction<String> countTokens;
    private final Spool spool;

    DocumentReader(
            UUID workspaceId,
            Originals originals,
            Extractor extractor,
            ChunkProfile profile,
            ToIntFunction<String> countTokens,
            Spool spool) {
        this.workspaceId = workspaceId;
        this.originals = originals;
        this.extractor = extractor;
        this.profile = profile;
        this.countTokens = countTokens;
        this.spool = spool;
    }

    Outcome read(Discovered version) throws IOException, InterruptedException {
        Path original = spool.file("original");
        SpoolFile<Block> blocks = new SpoolFile<>(spool, "blocks", SpoolFile.BLOCKS);
        SpoolFile<Chunk> chunks = new SpoolFile<>(spool, "chunks", SpoolFile.CHUNKS);
        boolean kept = false;
        try {
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(original))) {
                originals.read(workspaceId, version.hash(), out);
            }
            Extraction extraction = extractor.extract(original, version.fileName(), blocks::add);
            blocks.complete();
            Outcome outcome = switch (extraction) {
                case Extraction.Refused refused ->
                    new Outcome.Refused(version, refused.reason(), refused.mediaType(), refused.detail());
                case Extraction.Extracted extracted -> chunk(version, extracted, blocks, chunks);
            };
            kept = outcome instanceof Outcome.Extracted;
            return outcome;
        } finally {
            Files.deleteIfExists(original);
            if (!kept) {
                blocks.close();
                chunks.close();
            }
        }
    }

    private Outcome chunk(
            Discovered version, Extraction.Extracted extracted, SpoolFile<Block> blocks, SpoolFile<Chunk> chunks)
            throws IOException {
        String title = title(version, extracted);
        Chunker chunker = new Chunker(profile, title, countTokens, chunks::add);
        int length = 0;
        try (var values = blocks.values()) {
            while (values.hasNext()) {
                Block block = values.next();
                length += block.text().codePointCount(0, block.text().length());
                chunker.accept(block);
            }
        }
        chunker.finish();
        chunks.complete();
        if (chunks.size() == 0) {
            return new Outcome.Refused(version, RefusalReason.NO_TEXT, extracted.mediaType(), "holds no text");
        }
        return new Outcome.Extracted(
                version, title, extracted.mediaType(), extracted.metadata(), blocks, chunks, length);
    }

    private static String title(Discovered version, Extraction.Extracted extracted) {
        if (version.title() != null) {
            return version.title();
        }
        if (extracted.title() != null && !extracted.title().isBlank()) {
            return extracted.title().strip();
        }
        String name = version.fileName();
        int dot = name.lastIndexOf('.');
        return dot > 0 ? name.substring(0, dot) : name;
    }
}
