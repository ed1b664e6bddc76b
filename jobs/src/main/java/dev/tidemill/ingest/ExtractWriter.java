package dev.tidemill.ingest;

import dev.tidemill.document.Block;
import dev.tidemill.run.DeadLetters;
import dev.tidemill.store.Chunks;
import dev.tidemill.store.Chunks.TextPart;
import dev.tidemill.store.Versions;
import dev.tidemill.store.Workspaces;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.item.ItemWriter;

/// Stores texts and chunks, or the reason why there are none, and moves each version on.
class ExtractWriter implements ItemWriter<Outcome> {

    private static final int PART_CHARS = 16_384;

    private final Workspaces workspaces;
    private final Versions versions;
    private final Chunks chunks;
    private final DeadLetters deadLetters;
    private final IngestParameters parameters;
    private final String profile;
    private final RefusalBudget budget;

    ExtractWriter(
            Workspaces workspaces,
            Versions versions,
            Chunks chunks,
            DeadLetters deadLetters,
            IngestParameters parameters,
            String profile,
            RefusalBudget budget) {
        this.workspaces = workspaces;
        this.versions = versions;
        this.chunks = chunks;
        this.deadLetters = deadLetters;
        this.parameters = parameters;
        this.profile = profile;
        this.budget = budget;
    }

    @Override
    public void write(Chunk<? extends Outcome> outcomes) {
        workspaces.run(parameters.scope().workspaceId(), () -> {
            versions.beginWriting(parameters.scope());
            long refused = 0;
            for (Outcome outcome : outcomes) {
                switch (outcome) {
                    case Outcome.Extracted extracted -> store(extracted);
                    case Outcome.Refused given -> {
                        refuse(given);
                        refused++;
                    }
                }
            }
            budget.count(outcomes.size(), refused);
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
        deadLetters.resolve(
                parameters.scope().workspaceId(),
                Ingest.JOB,
                Ingest.EXTRACT,
                List.of(parameters.itemKey(extracted.version().key())));
    }

    private void refuse(Outcome.Refused refused) {
        versions.refused(parameters.scope(), refused.version().id(), refused.reason(), refused.mediaType(), profile);
        deadLetters.record(
                parameters.scope().workspaceId(),
                Ingest.JOB,
                Ingest.EXTRACT,
                parameters.itemKey(refused.version().key()),
                refused.version().id(),
                parameters.runId(),
                refused.reason().name(),
                refused.detail());
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
