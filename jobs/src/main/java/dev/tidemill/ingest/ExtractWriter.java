package dev.tidemill.ingest;

import dev.tidemill.document.Block;
import dev.tidemill.document.RefusalReason;
import dev.tidemill.embed.Embedder;
import dev.tidemill.run.DataError;
import dev.tidemill.run.Items;
import dev.tidemill.store.Chunks;
import dev.tidemill.store.Chunks.TextPart;
import dev.tidemill.store.Chunks.VersionChunk;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Versions;
import dev.tidemill.store.Versions.Discovered;
import dev.tidemill.store.Workspaces;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.item.ItemWriter;

/// Stores texts and chunks, or the reason why there are none, and moves each version on.
class ExtractWriter implements ItemWriter<Outcome.Extracted>, Items<Outcome> {

    private static final int PART_CHARS = 16_384;

    private final Workspaces workspaces;
    private final Versions versions;
    private final Chunks chunks;
    private final Vectors vectors;
    private final VectorSet set;
    private final Embedder embedder;
    private final EmbedAhead ahead;
    private final IngestParameters parameters;
    private final String profile;

    ExtractWriter(
            Workspaces workspaces,
            Versions versions,
            Chunks chunks,
            Vectors vectors,
            VectorSet set,
            Embedder embedder,
            EmbedAhead ahead,
            IngestParameters parameters,
            String profile) {
        this.workspaces = workspaces;
        this.versions = versions;
        this.chunks = chunks;
        this.vectors = vectors;
        this.set = set;
        this.embedder = embedder;
        this.ahead = ahead;
        this.parameters = parameters;
        this.profile = profile;
    }

    @Override
    public void write(Chunk<? extends Outcome.Extracted> extracted) {
        try {
            workspaces.run(parameters.scope().workspaceId(), () -> {
                versions.beginWriting(parameters.scope());
                if (!extracted.isEmpty()) {
                    List<Outcome.Extracted> all = List.copyOf(extracted.getItems());
                    store(all);
                    embedAhead(all);
                }
            });
        } finally {
            discard(extracted);
        }
    }

    private void store(List<Outcome.Extracted> extracted) {
        chunks.writeTexts(parameters.scope(), extracted.stream().flatMap(ExtractWriter::texts));
        chunks.write(parameters.scope(), parameters.runId(), extracted.stream().flatMap(ExtractWriter::chunks));
        versions.extracted(
                parameters.scope(),
                profile,
                extracted.stream()
                        .map(one -> new Versions.Extracted(
                                one.version().id(),
                                one.mediaType(),
                                one.title(),
                                one.metadata(),
                                one.textLength(),
                                one.chunks().size()))
                        .toList());
    }

    private void embedAhead(List<Outcome.Extracted> extracted) {
        // A service has no use for an idle processor here; the set may be gone if the project was switched long ago.
        int room = embedder.mayChange() ? 0 : ahead.room();
        if (room > 0 && vectors.keep(parameters.scope().workspaceId(), set)) {
            List<Long> ids = extracted.stream().map(one -> one.version().id()).toList();
            vectors.lacking(parameters.scope().workspaceId(), set, ids, room)
                    .forEach(text -> ahead.offer(embedder, text));
        }
    }

    private static Stream<TextPart> texts(Outcome.Extracted one) {
        Stream<Block> blocks = one.blocks().stream();
        Parts parts = new Parts(one.version().id(), blocks.iterator());
        return StreamSupport.stream(Spliterators.spliteratorUnknownSize(parts, Spliterator.ORDERED), false)
                .onClose(blocks::close);
    }

    private static Stream<VersionChunk> chunks(Outcome.Extracted one) {
        Discovered version = one.version();
        return one.chunks().stream().map(chunk -> new VersionChunk(version.documentId(), version.id(), chunk));
    }

    /// What was read is in the database now, or the step has failed and a resumed one reads it again.
    private static void discard(Chunk<? extends Outcome.Extracted> extracted) {
        extracted.forEach(Outcome.Extracted::close);
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
        private final long versionId;
        private final Iterator<Block> blocks;
        private int offset;

        Parts(long versionId, Iterator<Block> blocks) {
            this.versionId = versionId;
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
            TextPart part = new TextPart(versionId, offset, text.toString());
            offset += text.codePointCount(0, text.length());
            return part;
        }
    }
}
