package dev.tidemill.ingest;

import dev.tidemill.document.RefusalReason;
import dev.tidemill.run.DataError;
import dev.tidemill.run.Items;
import dev.tidemill.run.SelectiveWriter;
import dev.tidemill.source.SourceItem;
import dev.tidemill.store.Documents;
import dev.tidemill.store.Documents.Known;
import dev.tidemill.store.Originals;
import dev.tidemill.store.Workspaces;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.infrastructure.item.Chunk;

/// Records what the source lists: new and changed documents get a version, unchanged ones are noted as seen.
class DiscoverWriter implements SelectiveWriter<Candidate>, Items<SourceItem> {

    /// Refusals that another try may undo. Every other one holds until the bytes change or its dead letter is
    /// replayed: of crashes too, as what ended a process three times would do so in every ingest.
    private static final Set<String> WORTH_ANOTHER_TRY =
            Set.of(RefusalReason.TIMEOUT.name(), RefusalReason.OUT_OF_MEMORY.name());

    private final Workspaces workspaces;
    private final Documents documents;
    private final Originals originals;
    private final IngestParameters parameters;
    private final String profile;

    DiscoverWriter(
            Workspaces workspaces,
            Documents documents,
            Originals originals,
            IngestParameters parameters,
            String profile) {
        this.workspaces = workspaces;
        this.documents = documents;
        this.originals = originals;
        this.parameters = parameters;
        this.profile = profile;
    }

    @Override
    public void write(Chunk<? extends Candidate> chunk, BiConsumer<Candidate, DataError> giveUp) throws IOException {
        List<Path> temporary = new ArrayList<>();
        workspaces.run(parameters.scope().workspaceId(), () -> {
            Map<String, Known> known = documents.known(
                    parameters.scope(),
                    chunk.getItems().stream().map(c -> c.item().key()).toList());
            List<UUID> unchanged = new ArrayList<>();
            Map<String, Documents.Found> added = new LinkedHashMap<>();
            for (Candidate candidate : chunk) {
                Refusal refusal = record(candidate, known.get(candidate.item().key()), unchanged, added);
                if (refusal != null) {
                    giveUp.accept(candidate, refusal);
                }
                if (candidate.item().content() instanceof SourceItem.OfFile file && file.temporary()) {
                    temporary.add(file.path());
                }
            }
            add(added);
            documents.seen(parameters.scope(), unchanged, parameters.listing());
        });
        for (Path file : temporary) {
            Files.deleteIfExists(file);
        }
    }

    private void add(Map<String, Documents.Found> added) {
        documents.addVersions(
                parameters.scope(), List.copyOf(added.values()), parameters.listing(), parameters.runId());
        added.clear();
    }

    /// @return why the document cannot be kept after all, null when it is
    private @Nullable Refusal record(
            Candidate found, @Nullable Known known, List<UUID> unchanged, Map<String, Documents.Found> added) {
        if (known != null && isUnchanged(found, known, profile)) {
            unchanged.add(known.id());
            return null;
        }
        SourceItem item = found.item();
        try (InputStream in = open(found)) {
            originals.store(parameters.scope().workspaceId(), found.hash(), found.size(), in);
        } catch (Originals.ChangedWhileReading e) {
            return new Refusal(RefusalReason.CHANGED_WHILE_READING, "changed while it was being read: ingest it again");
        } catch (IOException e) {
            return new Refusal(RefusalReason.UNREADABLE, "cannot be read: " + e);
        }
        if (added.containsKey(item.key())) {
            // The source lists the same document twice: each gets its version.
            add(added);
        }
        added.put(
                item.key(),
                new Documents.Found(item.key(), item.fileName(), item.title(), item.metadata(), found.hash()));
        return null;
    }

    /// Whether nothing would come of recording it again.
    static boolean isUnchanged(Candidate found, Known known, String profile) {
        if (known.deleted() || known.state() == null || !found.hash().equals(known.hash())) {
            return false;
        }
        if (known.refusalReason() != null && WORTH_ANOTHER_TRY.contains(known.refusalReason())) {
            return false;
        }
        // A version that is not extracted yet has no profile: it will get the present one.
        return known.profile() == null || known.profile().equals(profile);
    }

    private static InputStream open(Candidate found) throws IOException {
        if (found.bytes() != null) {
            return new ByteArrayInputStream(found.bytes());
        }
        return switch (found.item().content()) {
            case SourceItem.OfFile file -> Files.newInputStream(file.path());
            case SourceItem.OfBytes(byte[] bytes) -> new ByteArrayInputStream(bytes);
            case SourceItem.Unavailable none -> throw new IOException(none.detail());
        };
    }

    @Override
    public String key(SourceItem item) {
        return parameters.itemKey(item.key());
    }

    @Override
    public String payload(SourceItem item) {
        return switch (item.content()) {
            case SourceItem.OfFile file when !file.temporary() -> "file " + file.path();
            case SourceItem.OfFile _, SourceItem.OfBytes _, SourceItem.Unavailable _ ->
                parameters.type().id() + " " + parameters.location() + " item " + item.key();
        };
    }

    @Override
    public void givenUp(SourceItem item, DataError error) {
        documents.seenWithoutContent(parameters.scope(), item.key(), parameters.listing());
        if (item.content() instanceof SourceItem.OfFile file && file.temporary()) {
            try {
                Files.deleteIfExists(file.path());
            } catch (IOException e) {
                throw new UncheckedIOException(file.path() + " cannot be removed: " + e.getMessage(), e);
            }
        }
    }
}
