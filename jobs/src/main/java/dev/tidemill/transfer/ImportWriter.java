package dev.tidemill.transfer;

import dev.tidemill.document.ContentHash;
import dev.tidemill.run.DataError;
import dev.tidemill.run.Items;
import dev.tidemill.run.SelectiveWriter;
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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Stores documents with their texts and chunks, and publishes them in the same transaction: their vectors are there already.
/// One that is there, the same bytes cut in the same way, is left alone: so a resumed import goes on, and a second one
/// changes nothing.
class ImportWriter implements SelectiveWriter<ImportedDocument>, Items<ImportedDocument> {

    private final Workspaces workspaces;
    private final JdbcClient jdbc;
    private final Projects projects;
    private final Documents documents;
    private final Versions versions;
    private final Chunks chunks;
    private final Vectors vectors;
    private final Publisher publisher;
    private final TransferParameters parameters;
    private final Optional<VectorSet> live;

    /// @param live the set that answers, empty where the file has no vectors
    ImportWriter(
            Workspaces workspaces,
            JdbcTemplate template,
            Projects projects,
            TransferParameters parameters,
            Optional<VectorSet> live) {
        this.workspaces = workspaces;
        this.jdbc = JdbcClient.create(template);
        this.projects = projects;
        this.documents = new Documents(workspaces, jdbc);
        this.versions = new Versions(workspaces, jdbc);
        this.chunks = new Chunks(template);
        this.vectors = new Vectors(workspaces, template);
        this.publisher = new Publisher(jdbc);
        this.parameters = parameters;
        this.live = live;
    }

    private record Place(String type, String location) {}

    private record Added(String key, UUID documentId, long versionId) {}

    @Override
    public void write(Chunk<? extends ImportedDocument> chunk, BiConsumer<ImportedDocument, DataError> giveUp) {
        workspaces.run(parameters.workspaceId(), () -> {
            Project project = projects.find(parameters.workspaceId(), parameters.project())
                    .orElseThrow(() -> new IllegalStateException(
                            "the project " + parameters.project() + " is gone: import again"));
            Map<Place, List<ImportedDocument>> places = new LinkedHashMap<>();
            for (ImportedDocument document : chunk) {
                places.computeIfAbsent(
                                new Place(document.sourceType(), document.location()), place -> new ArrayList<>())
                        .add(document);
            }
            places.forEach((place, listed) -> {
                SourceScope scope = new SourceScope(
                        parameters.workspaceId(),
                        project.id(),
                        projects.source(project, place.type(), place.location()));
                versions.beginWriting(scope);
                store(scope, wanted(scope, listed, giveUp));
            });
        });
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
                if (same || !parameters.onConflict().equals("replace")) {
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
        Map<String, Added> added = added(scope, wanted);
        chunks.writeTexts(scope, wanted.stream().flatMap(document -> texts(document, get(added, document))));
        chunks.writePublished(
                scope, parameters.runId(), wanted.stream().flatMap(document -> chunks(document, get(added, document))));
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
        publish(scope, List.copyOf(added.values()));
    }

    private void publish(SourceScope scope, List<Added> added) {
        List<Long> ids = added.stream().map(Added::versionId).toList();
        VectorSet set = live.orElseThrow(
                () -> new IllegalStateException("the project has no vectors that answer: export the project again"));
        long missing = vectors.countMissing(scope.workspaceId(), set, ids);
        if (missing > 0) {
            throw new IllegalStateException(
                    "the file lacks the vectors of " + missing + " chunks: export the project again");
        }
        publisher.publish(scope, ids, added.stream().map(Added::documentId).toList());
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
        if (at != null) {
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
