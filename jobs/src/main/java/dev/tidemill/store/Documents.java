package dev.tidemill.store;

import dev.tidemill.document.ContentHash;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/// Documents of a source and the making of their versions. Writing methods join the caller's transaction.
public final class Documents {

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final TypeReference<Map<String, String>> TEXTS = new TypeReference<>() {};

    private static final String CUT_OTHERWISE = """
            FROM documents d
            JOIN document_versions v ON v.workspace_id = d.workspace_id AND v.document_id = d.id AND v.state = 'published'
            WHERE d.workspace_id = :workspace AND d.source_id = :source AND d.deleted_at IS NULL
              AND v.version = d.version AND v.profile <> :profile
            """;

    private final Workspaces workspaces;
    private final JdbcClient jdbc;

    public Documents(Workspaces workspaces, JdbcClient jdbc) {
        this.workspaces = workspaces;
        this.jdbc = jdbc;
    }

    /// A document as it was found at its source.
    public record Found(
            String key, String fileName, @Nullable String title, Map<String, String> metadata, ContentHash hash) {}

    /// A document as it is known, with its newest version.
    ///
    /// @param version number of the newest version, 0 when there is none
    /// @param hash bytes of the newest version, null when there is none
    /// @param state of the newest version, null when there is none
    /// @param refusalReason why the newest version was refused, null when it was not
    /// @param profile how the newest version was chunked, null when it was not
    public record Known(
            UUID id,
            String key,
            int version,
            boolean deleted,
            @Nullable ContentHash hash,
            @Nullable String state,
            @Nullable String refusalReason,
            @Nullable String profile) {}

    /// What is known of the documents with these keys, by key.
    public Map<String, Known> known(SourceScope scope, Collection<String> keys) {
        List<Known> known = workspaces.call(
                scope.workspaceId(),
                () -> jdbc.sql("""
                        SELECT d.id, d.key, d.version, d.deleted_at IS NOT NULL AS deleted,
                               encode(v.sha256, 'hex') AS hash, v.state, v.refusal_reason, v.profile
                        FROM documents d
                        LEFT JOIN document_versions v
                          ON v.workspace_id = d.workspace_id AND v.document_id = d.id AND v.version = d.version
                        WHERE d.workspace_id = :workspace AND d.source_id = :source AND d.key = ANY (:keys)
                        """)
                        .param("workspace", scope.workspaceId())
                        .param("source", scope.sourceId())
                        .param("keys", keys.toArray(String[]::new))
                        .query((row, n) -> new Known(
                                row.getObject("id", UUID.class),
                                row.getString("key"),
                                row.getInt("version"),
                                row.getBoolean("deleted"),
                                row.getString("hash") == null ? null : new ContentHash(row.getString("hash")),
                                row.getString("state"),
                                row.getString("refusal_reason"),
                                row.getString("profile")))
                        .list());
        return known.stream().collect(Collectors.toMap(Known::key, Function.identity()));
    }

    /// A published document whose original is stored.
    public record Stored(
            String key, String fileName, @Nullable String title, Map<String, String> metadata, ContentHash hash) {}

    /// Published documents of a source that were cut by another profile and have no newer version on its way, in the
    /// order of their keys.
    public List<Stored> cutOtherwise(SourceScope scope, String profile, String after, int limit) {
        return workspaces.callAlone(
                scope.workspaceId(),
                () -> jdbc.sql("""
                        SELECT d.key, v.file_name, v.title, v.metadata, encode(v.sha256, 'hex') AS hash
                        """ + CUT_OTHERWISE + """
                          AND d.key > :after
                        ORDER BY d.key LIMIT :limit
                        """)
                        .param("workspace", scope.workspaceId())
                        .param("source", scope.sourceId())
                        .param("profile", profile)
                        .param("after", after)
                        .param("limit", limit)
                        .query((row, n) -> new Stored(
                                row.getString("key"),
                                row.getString("file_name"),
                                row.getString("title"),
                                JSON.readValue(row.getString("metadata"), TEXTS),
                                new ContentHash(row.getString("hash"))))
                        .list());
    }

    public long countCutOtherwise(SourceScope scope, String profile) {
        return workspaces.callAlone(
                scope.workspaceId(),
                () -> jdbc.sql("SELECT count(*) " + CUT_OTHERWISE)
                        .param("workspace", scope.workspaceId())
                        .param("source", scope.sourceId())
                        .param("profile", profile)
                        .query(Long.class)
                        .single());
    }

    /// Notes that the source still lists these documents.
    ///
    /// @param listing the listing in which they were seen: the instance of the run
    public void seen(SourceScope scope, Collection<UUID> documents, long listing) {
        if (documents.isEmpty()) {
            return;
        }
        jdbc.sql("""
                        UPDATE documents SET seen_run = :listing
                        WHERE workspace_id = :workspace AND id = ANY (CAST(:ids AS uuid[]))
                          AND seen_run IS DISTINCT FROM :listing
                        """)
                .param("workspace", scope.workspaceId())
                .param("ids", documents.stream().map(UUID::toString).toArray(String[]::new))
                .param("listing", listing)
                .update();
    }

    /// Makes the document known and seen, without a version: nothing of it could be read.
    public void seenWithoutContent(SourceScope scope, String key, long listing) {
        jdbc.sql("""
                        INSERT INTO documents (workspace_id, project_id, source_id, key, seen_run)
                        VALUES (:workspace, :project, :source, :key, :listing)
                        ON CONFLICT (workspace_id, source_id, key) DO UPDATE SET seen_run = excluded.seen_run
                        """)
                .param("workspace", scope.workspaceId())
                .param("project", scope.projectId())
                .param("source", scope.sourceId())
                .param("key", key)
                .param("listing", listing)
                .update();
    }

    /// Adds a version in state discovered to each of these documents, in their order, and drops those that never
    /// became complete. Their originals must be stored.
    ///
    /// @param found no two with the same key
    public void addVersions(SourceScope scope, List<Found> found, long listing, long runId) {
        if (found.isEmpty()) {
            return;
        }
        Map<String, Document> documents = jdbc
                .sql("""
                        INSERT INTO documents (workspace_id, project_id, source_id, key, seen_run, version)
                        SELECT :workspace, :project, :source, q.key, :listing, 1
                        FROM unnest(CAST(:keys AS text[])) WITH ORDINALITY AS q (key, n) ORDER BY q.n
                        ON CONFLICT (workspace_id, source_id, key) DO UPDATE
                        SET seen_run = excluded.seen_run, version = documents.version + 1, deleted_at = NULL
                        RETURNING id, key, version
                        """)
                .param("workspace", scope.workspaceId())
                .param("project", scope.projectId())
                .param("source", scope.sourceId())
                .param("keys", strings(found, Found::key))
                .param("listing", listing)
                .query(Document.class)
                .stream()
                .collect(Collectors.toMap(Document::key, Function.identity()));
        String[] older = documents.values().stream()
                .filter(document -> document.version() > 1)
                .map(document -> document.id().toString())
                .toArray(String[]::new);
        if (older.length > 0) {
            jdbc.sql("""
                            DELETE FROM document_versions
                            WHERE workspace_id = :workspace AND document_id = ANY (CAST(:documents AS uuid[]))
                              AND state IN ('discovered', 'extracted')
                            """)
                    .param("workspace", scope.workspaceId())
                    .param("documents", older)
                    .update();
        }
        insertVersions(scope, found, documents, runId);
    }

    private void insertVersions(SourceScope scope, List<Found> found, Map<String, Document> documents, long runId) {
        List<Document> ordered = found.stream()
                .map(one -> Objects.requireNonNull(documents.get(one.key()), one.key()))
                .toList();
        jdbc.sql("""
                        INSERT INTO document_versions
                            (workspace_id, project_id, source_id, document_id, version, sha256, file_name, title,
                             metadata, run_id)
                        SELECT :workspace, :project, :source, q.document, q.version, decode(q.hash, 'hex'), q.name, q.title,
                               CAST(q.metadata AS jsonb), :run
                        FROM unnest(CAST(:documents AS uuid[]), CAST(:versions AS integer[]), CAST(:hashes AS text[]),
                                    CAST(:names AS text[]), CAST(:titles AS text[]), CAST(:metadata AS text[]))
                          WITH ORDINALITY AS q (document, version, hash, name, title, metadata, n)
                        ORDER BY q.n
                        """)
                .param("workspace", scope.workspaceId())
                .param("project", scope.projectId())
                .param("source", scope.sourceId())
                .param(
                        "documents",
                        ordered.stream()
                                .map(document -> document.id().toString())
                                .toArray(String[]::new))
                .param("versions", ordered.stream().map(Document::version).toArray(Integer[]::new))
                .param("hashes", strings(found, one -> one.hash().hex()))
                .param("names", strings(found, one -> storable(one.fileName())))
                .param("titles", strings(found, one -> one.title() == null ? null : storable(one.title())))
                .param("metadata", strings(found, one -> storable(JSON.writeValueAsString(one.metadata()))))
                .param("run", runId)
                .update();
    }

    private static @Nullable String[] strings(List<Found> found, Function<Found, @Nullable String> of) {
        return found.stream().map(of).toArray(String[]::new);
    }

    private record Document(UUID id, String key, int version) {}

    /// PostgreSQL stores no U+0000 in text, raw or escaped in JSON.
    static String storable(String text) {
        return text.replace("\u0000", "").replace("\\u0000", "");
    }

    /// How many documents of the source there are, and how many of them the given listing did not show.
    public record Presence(long documents, long gone) {}

    public Presence presence(SourceScope scope, long listing) {
        return workspaces.call(
                scope.workspaceId(),
                () -> jdbc.sql("""
                        SELECT count(*) AS documents, count(*) FILTER (WHERE seen_run IS DISTINCT FROM :listing) AS gone
                        FROM documents
                        WHERE workspace_id = :workspace AND source_id = :source AND deleted_at IS NULL
                        """)
                        .param("workspace", scope.workspaceId())
                        .param("source", scope.sourceId())
                        .param("listing", listing)
                        .query(Presence.class)
                        .single());
    }

    /// Documents that the given listing did not show, in the order of their ids, after the given one.
    public List<UUID> gone(SourceScope scope, long listing, @Nullable UUID after, int limit) {
        return workspaces.callAlone(
                scope.workspaceId(),
                () -> jdbc.sql("""
                        SELECT id FROM documents
                        WHERE workspace_id = :workspace AND source_id = :source AND deleted_at IS NULL
                          AND seen_run IS DISTINCT FROM :listing
                          AND id > CAST(:after AS uuid)
                        ORDER BY id LIMIT :limit
                        """)
                        .param("workspace", scope.workspaceId())
                        .param("source", scope.sourceId())
                        .param("listing", listing)
                        .param("after", after == null ? "00000000-0000-0000-0000-000000000000" : after.toString())
                        .param("limit", limit)
                        .query(UUID.class)
                        .list());
    }

    /// Notes how many missing documents wait for a person to confirm that they are gone.
    public void hold(SourceScope scope, long documents) {
        jdbc.sql("UPDATE sources SET held_deletes = :held WHERE workspace_id = :workspace AND id = :source")
                .param("held", documents)
                .param("workspace", scope.workspaceId())
                .param("source", scope.sourceId())
                .update();
    }
}
