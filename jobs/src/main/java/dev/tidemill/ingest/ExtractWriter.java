package dev.tidemill.ingest;

import dev.tidemill.document.Block;
import dev.tidemill.document.RefusalReason;
import dev.tidemill.run.DataError;
import dev.tidemill.run.Items;
import dev.tidemill.store.Chunks;
import dev.tidemill.store.Chunks.TextPart;
import dev.tidemill.store.Versions;
import dev.tidemill.store.Workspaces;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.item.ItemWriter;

/// Stores texts and chunks, or the reason why there are none, and moves each version on.
class ExtractWriter implements ItemWriter<Outcome.Extracted>, Items<Outcome> {

    private static final int PART_CHARS = 16_384;

    private final Workspaces workspaces;
    private final Versions versions;
    private final Chunks chunks;
    private final IngestParameters parameters;
    private final String profile;

    ExtractWriter(
            Workspaces workspaces, Versions versions, Chunks chunks, IngestParameters parameters, String profile) {
        this.workspaces = workspaces;
        this.versions = versions;
        this.chunks = chunks;
        this.parameters = parameters;
        this.profile = profile;
    }

    @Override
    public void write(Chunk<? extends Outcome.Extracted> extracted) {
        workspaces.run(parameters.scope().workspaceId(), () -> {
            versions.beginWriting(parameters.scope());
            extracted.forEach(this::store);
        });
    }

    private void store(Outcome.Extracted extracted) {
        long versionId = extracted.version().id();
        try (SpoolFile<Block> blocks = extracted.blocks();
                SpoolFile<dev.tidemill.document.Chunk> stored = extracted.chunks();
                var texts = blocks.values();
                var values = stored.values()) {
            chunks.writeText(parameters.scope(), versionId, new Parts(texts));
            chunks.write(parameters.scope(), extracted.version().documentId(), versionId, parameters.runId(), values);
        } catch (IOException e) {
            throw new UncheckedIOException("the spool of " + extracted.version().key() + " cannot be read", e);
        }
        versions.extracted(
                parameters.scope(),
                versionId,
                extracted.mediaType(),
                extracted.title(),
                extracted.metadata(),
                profile,
                extracted.textLength(),
                extracted.chunks().size());
    }

    @Override
    public String key(Outcome outcome) {
        return parameters.itemKey(outcome.version().key());
    }

    @Override
    public Long versionId(Outcome outcome) {
        return outcome.version().id();
    }

    @Override
    public String payload(Outcome outcome) {
        return "document version " + outcome.version().id() + " of "
                + outcome.version().fileName() + ", sha256 "
                + outcome.version().hash().hex();
    }

    @Override
    public void givenUp(Outcome outcome, DataError error) {
        Refusal refusal = error instanceof Refusal known
                ? known
                : new Refusal(RefusalReason.valueOf(error.reason()), String.valueOf(error.getMessage()));
        versions.refused(parameters.scope(), outcome.version().id(), refusal.why(), refusal.mediaType(), profile);
    }

    /// Joins blocks into parts of a size that suits the database.
    private static final class Parts implements Iterator<TextPart> {
        private final Iterator<Block> blocks;
        private int offset;

        Parts(Iterator<Block> blocks) {
            this.blocks = blocks;
        }

        @Override
        public boolean hasNext() {
            return blocks.hasNext();
        }

        @Override
        public TextPart next() {
            if (!hasNext()) {
                throw new NoSuchElementException("no further text");
            }
            StringBuilder text = new StringBuilder();
            while (blocks.hasNext() && text.length() < PART_CHARS) {
                text.append(blocks.next().text());
            }
            TextPart part = new TextPart(offset, text.toString());
            offset += text.codePointCount(0, text.length());
            return part;
        }
    }
}
