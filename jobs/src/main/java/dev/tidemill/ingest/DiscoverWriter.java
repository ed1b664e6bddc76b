package dev.tidemill.ingest;

import dev.tidemill.document.RefusalReason;
import dev.tidemill.run.DeadLetters;
import dev.tidemill.source.SourceItem;
import dev.tidemill.store.Documents;
import dev.tidemill.store.Documents.Known;
import dev.tidemill.store.Originals;
import dev.tidemill.store.Workspaces;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.item.ItemWriter;

/// Records what the source lists: new and changed documents get a version, unchanged ones are noted as seen.
class DiscoverWriter implements ItemWriter<Candidate> {

    /// Refusals that another try may undo. Every other one holds until the bytes change.
    private static final Set<String> WORTH_ANOTHER_TRY =
            Set.of(RefusalReason.TIMEOUT.name(), RefusalReason.CRASHED.name(), RefusalReason.OUT_OF_MEMORY.name());

    private final Workspaces workspaces;
    private final Documents documents;
    private final Originals originals;
    private final DeadLetters deadLetters;
    private final IngestParameters parameters;
    private final String profile;
    private final RefusalBudget budget;

    DiscoverWriter(
            Workspaces workspaces,
            Documents documents,
            Originals originals,
            DeadLetters deadLetters,
            IngestParameters parameters,
            String profile,
            RefusalBudget budget) {
        this.workspaces = workspaces;
        this.documents = documents;
        this.originals = originals;
        this.deadLetters = deadLetters;
        this.parameters = parameters;
        this.profile = profile;
        this.budget = budget;
    }

    @Override
    public void write(Chunk<? extends Candidate> chunk) throws IOException {
        List<Path> temporary = new ArrayList<>();
        workspaces.run(parameters.scope().workspaceId(), () -> {
            Map<String, Known> known = documents.known(
                    parameters.scope(),
                    chunk.getItems().stream().map(c -> c.item().key()).toList());
            List<UUID> unchanged = new ArrayList<>();
            Map<String, Documents.Found> added = new LinkedHashMap<>();
            List<String> readable = new ArrayList<>();
            long refused = 0;
            for (Candidate candidate : chunk) {
                Candidate outcome = switch (candidate) {
                    case Candidate.Refused given -> given;
                    case Candidate.Listed found ->
                        record(found, known.get(found.item().key()), unchanged, added);
                };
                if (outcome instanceof Candidate.Refused given) {
                    refuse(given);
                    refused++;
                } else {
                    readable.add(parameters.itemKey(outcome.item().key()));
                }
                if (candidate.item().content() instanceof SourceItem.OfFile file && file.temporary()) {
                    temporary.add(file.path());
                }
            }
            add(added);
            documents.seen(parameters.scope(), unchanged, parameters.listing());
            deadLetters.resolve(parameters.scope().workspaceId(), Ingest.JOB, Ingest.DISCOVER, readable);
            budget.count(chunk.size(), refused);
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

    private Candidate record(
            Candidate.Listed found, @Nullable Known known, List<UUID> unchanged, Map<String, Documents.Found> added) {
        if (known != null && isUnchanged(found, known)) {
            unchanged.add(known.id());
            return found;
        }
        SourceItem item = found.item();
        try (InputStream in = open(found)) {
            originals.store(parameters.scope().workspaceId(), found.hash(), found.size(), in);
        } catch (Originals.ChangedWhileReading e) {
            return new Candidate.Refused(
                    item, RefusalReason.CHANGED_WHILE_READING, "changed while it was being read: ingest it again");
        } catch (IOException e) {
            return new Candidate.Refused(item, RefusalReason.UNREADABLE, "cannot be read: " + e);
        }
        if (added.containsKey(item.key())) {
            // The source lists the same document twice: each gets its version.
            add(added);
        }
        added.put(
                item.key(),
                new Documents.Found(item.key(), item.fileName(), item.title(), item.metadata(), found.hash()));
        return found;
    }

    private boolean isUnchanged(Candidate.Listed found, Known known) {
        if (known.deleted() || known.state() == null || !found.hash().equals(known.hash())) {
            return false;
        }
        if (known.refusalReason() != null && WORTH_ANOTHER_TRY.contains(known.refusalReason())) {
            return false;
        }
        // A version that is not extracted yet has no profile: it will get the present one.
        return known.profile() == null || known.profile().equals(profile);
    }

    private static InputStream open(Candidate.Listed found) throws IOException {
        if (found.bytes() != null) {
            return new ByteArrayInputStream(found.bytes());
        }
        return switch (found.item().content()) {
            case SourceItem.OfFile file -> Files.newInputStream(file.path());
            case SourceItem.OfBytes(byte[] bytes) -> new ByteArrayInputStream(bytes);
            case SourceItem.Unavailable none -> throw new IOException(none.detail());
        };
    }

    private void refuse(Candidate.Refused refused) {
        documents.seenWithoutContent(parameters.scope(), refused.item().key(), parameters.listing());
        deadLetters.record(
                parameters.scope().workspaceId(),
                Ingest.JOB,
                Ingest.DISCOVER,
                parameters.itemKey(refused.item().key()),
                null,
                parameters.runId(),
                refused.reason().name(),
                refused.detail());
    }
}
