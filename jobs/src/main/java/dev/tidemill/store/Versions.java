package dev.tidemill.store;

import dev.tidemill.document.ContentHash;
import dev.tidemill.document.RefusalReason;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
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

    /// The text and the chunks of the version are stored.
    ///
    /// @param profile how it was chunked
    /// @param textLength code points of its text
    public void extracted(
            SourceScope scope,
            long versionId,
            String mediaType,
            String title,
            Map<String, String> metadata,
            String profile,
            int textLength,
            int chunks) {
        int updated = jdbc.sql("""
                        UPDATE document_versions
                        SET state = 'extracted', media_type = :mediaType, title = :title, profile = :profile,
                            metadata = CAST(:metadata AS jsonb) || metadata, text_length = :length, chunk_count = :chunks
                        WHERE workspace_id = :workspace AND id = :version AND state = 'discovered'
                        """)
                .param("mediaType", mediaType)
                .param("title", Documents.storable(title))
                .param("profile", profile)
                .param("metadata", Documents.storable(JSON.writeValueAsString(metadata)))
                .param("length", textLength)
                .param("chunks", chunks)
                .param("workspace", scope.workspaceId())
                .param("version", versionId)
                .update();
        require(updated, versionId);
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
        require(updated, versionId);
    }

    /// Makes refused versions ready to be extracted once more, in the caller's transaction: those that are the newest of their
    /// document.
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

    private static void require(int updated, long versionId) {
        if (updated != 1) {
            throw new IllegalStateException(
                    "document version " + versionId + " is not in state discovered any more: another run has taken it");
        }
    }
}
