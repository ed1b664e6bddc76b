package dev.tidemill.transfer;

import dev.tidemill.document.ContentHash;
import dev.tidemill.run.DataError;
import dev.tidemill.run.Items;
import dev.tidemill.run.SelectiveWriter;
import dev.tidemill.run.WorkerThreads;
import dev.tidemill.store.Chunks;
import dev.tidemill.store.Chunks.TextPart;
import dev.tidemill.store.Chunks.VersionChunk;
import dev.tidemill.store.Documents;
import dev.tidemill.store.Documents.Known;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Publisher;
import dev.tidemill.store.SourceScope;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Versions;
import dev.tidemill.store.Workspaces;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.scope.context.StepContext;
import org.springframework.batch.core.scope.context.StepSynchronizationManager;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.item.ItemStream;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Stores documents with their texts and chunks, and publishes them in the same transaction: their
/// vectors are there already.
/// One that is there, the same bytes cut in the same way, is left alone: so a resumed import goes
/// on, and a second one
/// changes nothing.
class ImportWriter implements SelectiveWriter<ImportedDocument>, Items<ImportedDocument>, ItemStream {

    /// The text index takes many new words at once far more cheaply than few. Queries look through
    /// those that wait.
    private static final int GIN_PENDING_KILOBYTES = 16 << 10;

    private final Workspaces workspaces;
    private final JdbcClient jdbc;
    private final Projects projects;
    private final Documents documents;
    private final Versions versions;
    private final Chunks chunks;
    private final Vectors vectors;
    private final Publisher publisher;
    private final TransferParameters parameters;
    private final List<VectorSet> sets;
    private final int threads;
    private final Runnable statistics;
    private boolean looked;
    private final Map<Place, SourceScope> scopes = new HashMap<>();
    private @Nullable ExecutorService pool;

    /// @param sets all of the project, none where the file has no vectors
    /// @param threads transactions at a time
    /// @param statistics has the planner look at what there is, once there is something
    ImportWriter(
            Workspaces workspaces,
            JdbcTemplate template,
            Projects projects,
            TransferParameters parameters,
            List<VectorSet> sets,
            int threads,
            Runnable statistics) {
        this.workspaces = workspaces;
        this.jdbc = JdbcClient.create(template);
        this.projects = projects;
        this.documents = new Documents(workspaces, jdbc);
        this.versions = new Versions(workspaces, jdbc);
        this.chunks = new Chunks(template);
        this.vectors = new Vectors(workspaces, template);
        this.publisher = new Publisher(jdbc);
        this.parameters = parameters;
        this.sets = List.copyOf(sets);
        this.threads = threads;
        this.statistics = statistics;
    }

    private record Place(String type, String location) {}

    private record Added(String key, UUID documentId, long versionId) {}

    @Override
    public void open(ExecutionContext context) {
        pool = Executors.newFixedThreadPool(replaces() ? 1 : threads, WorkerThreads.named("import-"));
    }

    @Override
    public void close() {
        ExecutorService running = pool;
        pool = null;
        if (running != null) {
            running.shutdown();
        }
    }

    /// A document that could not be imported.
    private record GivenUp(ImportedDocument document, DataError error) {}

    /// Shares the documents out to transactions of their own, so that making the text index of some
    /// goes on while others
    /// are. The caller's transaction has only the dead letters: what is done when it breaks off is
    /// left alone next time.
    @Override
    public void write(Chunk<? extends ImportedDocument> chunk, BiConsumer<ImportedDocument, DataError> giveUp) {
        Map<Place, List<ImportedDocument>> places = new LinkedHashMap<>();
        for (ImportedDocument document : chunk) {
            places.computeIfAbsent(new Place(document.sourceType(), document.location()), place -> new ArrayList<>())
                    .add(document);
        }
        List<Future<List<GivenUp>>> shares = new ArrayList<>();
        places.forEach((place, listed) -> {
            SourceScope scope = scopes.computeIfAbsent(place, this::scope);
            // To replace a document may take the vectors that another one shares, so one comes after the other.
            int size = replaces() ? listed.size() : (listed.size() + threads - 1) / threads;
            for (int from = 0; from < listed.size(); from += size) {
                shares.add(submit(scope, listed.subList(from, Math.min(listed.size(), from + size))));
            }
        });
        shares.forEach(share -> result(share).forEach(one -> giveUp.accept(one.document(), one.error())));
        if (!looked) {
            looked = true;
            statistics.run();
        }
    }

    private boolean replaces() {
        return parameters.onConflict().equals("replace");
    }

    /// The source, made in a transaction of its own: in another one its row would be locked until
    /// that one ends.
    private SourceScope scope(Place place) {
        return workspaces.callAlone(parameters.workspaceId(), () -> {
            Project project = projects.find(parameters.workspaceId(), parameters.project())
                    .orElseThrow(() -> new IllegalStateException(
                            "the project " + parameters.project() + " is gone: import again"));
            return new SourceScope(
                    parameters.workspaceId(), project.id(), projects.source(project, place.type(), place.location()));
        });
    }

    private Future<List<GivenUp>> submit(SourceScope scope, List<ImportedDocument> share) {
        ExecutorService running = Objects.requireNonNull(pool, "the writer is not open");
        StepContext context = Objects.requireNonNull(StepSynchronizationManager.getContext(), "no step is at work");
        Callable<List<GivenUp>> work = () -> {
            // Tells the transaction whose lease it needs.
            StepSynchronizationManager.register(context.getStepExecution());
            try {
                return workspaces.callAlone(parameters.workspaceId(), () -> {
                    List<GivenUp> givenUp = new ArrayList<>();
                    jdbc.sql(
                                    "SELECT set_config('jit', 'off', true), set_config('gin_pending_list_limit', :kilobytes, true)")
                            .param("kilobytes", Integer.toString(GIN_PENDING_KILOBYTES))
                            .query()
                            .singleRow();
                    store(scope, wanted(scope, share, (document, error) -> givenUp.add(new GivenUp(document, error))));
                    return givenUp;
                });
            } finally {
                StepSynchronizationManager.close();
            }
        };
        return running.submit(work);
    }

    private static List<GivenUp> result(Future<List<GivenUp>> share) {
        try {
            return share.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the import was interrupted", e);
        }
    }

    /// Those that are to be stored.
    private List<ImportedDocument> wanted(
            SourceScope scope, List<ImportedDocument> listed, BiConsumer<ImportedDocument, DataError> giveUp) {
        Map<String, Known> known = documents.known(
                scope, listed.stream().map(ImportedDocument::key).toList());
        Set<String> stored = originals(listed);
        List<ImportedDocument> wanted = new ArrayList<>();
        for (ImportedDocument document : listed) {
            Known there = known.get(document.key());
            if (there != null && !there.deleted() && there.state() != null) {
                boolean same = new ContentHash(document.sha256()).equals(there.hash())
                        && Objects.equals(document.profile(), there.profile());
                if (same || !replaces()) {
                    continue;
                }
            }
            if (!stored.contains(document.sha256())) {
                giveUp.accept(document, new DataError("NO_ORIGINAL", document.key() + " has no original in the file"));
            } else if (document.chunks().isEmpty()) {
                giveUp.accept(document, new DataError("NO_TEXT", document.key() + " has no chunk in the file"));
            } else {
                wanted.add(document);
            }
        }
        return wanted;
    }

    /// Hashes of the originals that are there.
    private Set<String> originals(List<ImportedDocument> listed) {
        return new HashSet<>(jdbc.sql("""
                        SELECT encode(sha256, 'hex') FROM blobs WHERE workspace_id = :workspace AND sha256 = ANY (:hashes)
                        """)
                .param("workspace", parameters.workspaceId())
                .param(
                        "hashes",
                        listed.stream()
                                .map(document -> new ContentHash(document.sha256()).bytes())
                                .toArray(byte[][]::new))
                .query(String.class)
                .list());
    }

    private void store(SourceScope scope, List<ImportedDocument> wanted) {
        if (wanted.isEmpty()) {
            return;
        }
        documents.addVersions(
                scope,
                wanted.stream()
                        .map(document -> new Documents.Found(
                                document.key(),
                                document.fileName(),
                                document.title(),
                                document.metadata(),
                                new ContentHash(document.sha256())))
                        .toList(),
                parameters.instance(),
                parameters.runId());
        OffsetDateTime at = publisher.instant();
        Map<String, Added> added = added(scope, wanted);
        chunks.writeTexts(scope, wanted.stream().flatMap(document -> texts(document, get(added, document))));
        chunks.writePublished(
                scope,
                parameters.runId(),
                at,
                wanted.stream().flatMap(document -> chunks(document, get(added, document))));
        Map<String, List<Versions.Extracted>> byProfile = new LinkedHashMap<>();
        for (ImportedDocument document : wanted) {
            byProfile
                    .computeIfAbsent(String.valueOf(document.profile()), profile -> new ArrayList<>())
                    .add(new Versions.Extracted(
                            get(added, document).versionId(),
                            document.mediaType() == null ? "application/octet-stream" : document.mediaType(),
                            document.title() == null ? document.fileName() : document.title(),
                            document.metadata(),
                            document.textLength() == null ? 0 : document.textLength(),
                            document.chunks().size()));
            expire(document, get(added, document));
        }
        byProfile.forEach((profile, extracted) -> versions.extracted(scope, profile, extracted));
        publish(scope, List.copyOf(added.values()), at);
    }

    private void publish(SourceScope scope, List<Added> added, OffsetDateTime at) {
        List<Long> ids = added.stream().map(Added::versionId).toList();
        VectorSet set = sets.stream()
                .filter(VectorSet::live)
                .findFirst()
                .orElseThrow(() ->
                        new IllegalStateException("the project has no vectors that answer: export the project again"));
        if (replaces()) {
            // A text that moved to a later document was put away with the version of the earlier one that held it.
            sets.stream()
                    .filter(one -> vectors.keep(scope.workspaceId(), one))
                    .forEach(one -> vectors.bringBack(scope.workspaceId(), one, ids));
        }
        long missing = vectors.countMissing(scope.workspaceId(), set, ids);
        if (missing > 0) {
            throw new IllegalStateException("the vectors of " + missing
                    + " chunks are neither in the file nor in the project: export the project again");
        }
        publisher.publish(scope, ids, added.stream().map(Added::documentId).toList(), at);
    }

    private static Added get(Map<String, Added> added, ImportedDocument document) {
        return Objects.requireNonNull(added.get(document.key()), document.key());
    }

    private Map<String, Added> added(SourceScope scope, List<ImportedDocument> wanted) {
        Map<String, Added> added = new HashMap<>();
        jdbc.sql("""
                        SELECT d.key, d.id AS document_id, v.id AS version_id FROM documents d
                        JOIN document_versions v ON v.workspace_id = d.workspace_id AND v.document_id = d.id AND v.version = d.version
                        WHERE d.workspace_id = :workspace AND d.source_id = :source AND d.key = ANY (:keys)
                        """)
                .param("workspace", scope.workspaceId())
                .param("source", scope.sourceId())
                .param("keys", wanted.stream().map(ImportedDocument::key).toArray(String[]::new))
                .query(Added.class)
                .list()
                .forEach(one -> added.put(one.key(), one));
        return added;
    }

    private static Stream<TextPart> texts(ImportedDocument document, Added added) {
        return document.texts().stream().map(text -> new TextPart(added.versionId(), text.start(), text.text()));
    }

    private static Stream<VersionChunk> chunks(ImportedDocument document, Added added) {
        return document.chunks().stream().map(one -> new VersionChunk(added.documentId(), added.versionId(), one));
    }

    private void expire(ImportedDocument document, Added added) {
        @Nullable String at = document.expiresAt();
        // One that is replaced may have ended by itself before.
        if (at != null || replaces()) {
            jdbc.sql(
                            "UPDATE documents SET ttl_expires_at = CAST(:at AS timestamptz) WHERE workspace_id = :workspace AND id = :id")
                    .param("at", at)
                    .param("workspace", parameters.workspaceId())
                    .param("id", added.documentId())
                    .update();
        }
    }

    @Override
    public String key(ImportedDocument document) {
        return parameters.projectId() + "/" + document.location() + "/" + document.key();
    }
}
