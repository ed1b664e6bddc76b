package dev.tidemill.store;

import dev.tidemill.document.ContentHash;
import dev.tidemill.document.RefusalReason;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/// Document versions on their way from discovered to published. Writing methods join the caller's transaction.
public final class Versions {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Workspaces workspaces;
    private final JdbcClient jdbc;

    public Versions(Workspaces workspaces, JdbcClient jdbc) {
        this.workspaces = workspaces;
        this.jdbc = jdbc;
    }

    /// A version whose text is still to be extracted.
    ///
    /// @param title as the source states it, null where it states none
    public record Discovered(
            long id,
            UUID documentId,
            String key,
            String fileName,
            @Nullable String title,
            ContentHash hash) {}

    public long countDiscovered(SourceScope scope) {
        return workspaces.callAlone(
                scope.workspaceId(),
                () -> jdbc.sql("""
                        SELECT count(*) FROM document_versions
                        WHERE workspace_id = :workspace AND source_id = :source AND state = 'discovered'
                        """)
                        .param("workspace", scope.workspaceId())
                        .param("source", scope.sourceId())
                        .query(Long.class)
                        .single());
    }

    /// Versions in state discovered, in the order of their ids, after the given one.
    public List<Discovered> discovered(SourceScope scope, long after, int limit) {
        return workspaces.callAlone(
                scope.workspaceId(),
                () -> jdbc.sql("""
                        SELECT v.id, v.document_id, d.key, v.file_name, v.title, encode(v.sha256, 'hex') AS hash
                        FROM document_versions v
                        JOIN documents d ON d.workspace_id = v.workspace_id AND d.id = v.document_id
                        WHERE v.workspace_id = :workspace AND v.source_id = :source AND v.state = 'discovered'
                          AND v.id > :after
                        ORDER BY v.id LIMIT :limit
                        """)
                        .param("workspace", scope.workspaceId())
                        .param("source", scope.sourceId())
                        .param("after", after)
                        .param("limit", limit)
                        .query((row, n) -> new Discovered(
                                row.getLong("id"),
                                row.getObject("document_id", UUID.class),
                                row.getString("key"),
                                row.getString("file_name"),
                                row.getString("title"),
                                new ContentHash(row.getString("hash"))))
                        .list());
    }

    /// Keeps the project's corpus from being published to while new chunks are being written, so that a
    /// vector they will share is not deleted as unused in between. Held until the transaction ends.
    public void beginWriting(SourceScope scope) {
        jdbc.sql("SELECT id FROM projects WHERE workspace_id = :workspace AND id = :project FOR SHARE")
                .param("workspace", scope.workspaceId())
                .param("project", scope.projectId())
                .query(UUID.class)
                .single();
    }

    /// A version whose text and chunks are stored.
    ///
    /// @param textLength code points of its text
    /// @param chunks how many they are
    public record Extracted(
            long versionId, String mediaType, String title, Map<String, String> metadata, int textLength, int chunks) {}

    /// Moves versions on, whose texts and chunks are stored in this transaction.
    ///
    /// @param profile how they were chunked
    public void extracted(SourceScope scope, String profile, List<Extracted> versions) {
        if (versions.isEmpty()) {
            return;
        }
        List<Long> moved = jdbc.sql("""
                        UPDATE document_versions v
                        SET state = 'extracted', media_type = q.media_type, title = q.title, profile = :profile,
                            metadata = CAST(q.metadata AS jsonb) || v.metadata, text_length = q.length,
                            chunk_count = q.chunks
                        FROM unnest(CAST(:versions AS bigint[]), CAST(:mediaTypes AS text[]), CAST(:titles AS text[]),
                                    CAST(:metadata AS text[]), CAST(:lengths AS integer[]), CAST(:chunks AS integer[]))
                          AS q (id, media_type, title, metadata, length, chunks)
                        WHERE v.workspace_id = :workspace AND v.id = q.id AND v.state = 'discovered'
                        RETURNING v.id
                        """)
                .param("profile", profile)
                .param("versions", versions.stream().map(Extracted::versionId).toArray(Long[]::new))
                .param("mediaTypes", strings(versions, Extracted::mediaType))
                .param("titles", strings(versions, version -> Documents.storable(version.title())))
                .param(
                        "metadata",
                        strings(versions, version -> Documents.storable(JSON.writeValueAsString(version.metadata()))))
                .param("lengths", versions.stream().map(Extracted::textLength).toArray(Integer[]::new))
                .param("chunks", versions.stream().map(Extracted::chunks).toArray(Integer[]::new))
                .param("workspace", scope.workspaceId())
                .query((row, n) -> row.getLong(1))
                .list();
        for (Extracted version : versions) {
            require(moved.contains(version.versionId()), version.versionId());
        }
    }

    private static String[] strings(List<Extracted> versions, Function<Extracted, String> of) {
        return versions.stream().map(of).toArray(String[]::new);
    }

    /// The version is given up on; an older one goes on serving.
    public void refused(SourceScope scope, long versionId, RefusalReason reason, String mediaType, String profile) {
        int updated = jdbc.sql("""
                        UPDATE document_versions
                        SET state = 'refused', refusal_reason = :reason, media_type = :mediaType, profile = :profile
                        WHERE workspace_id = :workspace AND id = :version AND state = 'discovered'
                        """)
                .param("reason", reason.name())
                .param("mediaType", mediaType)
                .param("profile", profile)
                .param("workspace", scope.workspaceId())
                .param("version", versionId)
                .update();
        require(updated == 1, versionId);
    }

    /// Makes refused versions ready to be extracted once more, in the caller's transaction: those that are the
    /// newest of their document.
    public int retry(UUID workspaceId, Collection<Long> versionIds) {
        return jdbc.sql("""
                        UPDATE document_versions v
                        SET state = 'discovered', refusal_reason = NULL, profile = NULL
                        FROM documents d
                        WHERE v.workspace_id = :workspace AND v.id = ANY (:versions) AND v.state = 'refused'
                          AND d.workspace_id = v.workspace_id AND d.id = v.document_id AND d.version = v.version
                          AND d.deleted_at IS NULL
                        """)
                .param("workspace", workspaceId)
                .param("versions", versionIds.toArray(Long[]::new))
                .update();
    }

    private static void require(boolean moved, long versionId) {
        if (!moved) {
            throw new IllegalStateException(
                    "document version " + versionId + " is not in state discovered any more: another run has taken it");
        }
    }
}
