package dev.tidemill.store;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Vectors of one set, and the embedding cache from which a text that was embedded before takes its
/// vector. The name of a set's table is made of its number, so nothing else can come into the SQL.
public final class Vectors {

    private final Workspaces workspaces;
    private final JdbcTemplate template;
    private final JdbcClient jdbc;
    private final Staging staging;

    public Vectors(Workspaces workspaces, JdbcTemplate template) {
        this.workspaces = workspaces;
        this.template = template;
        this.jdbc = JdbcClient.create(template);
        this.staging = new Staging(template);
    }

    /// A chunk that has no vector in a set.
    ///
    /// @param text what is to be embedded
    /// @param cached its vector from an earlier embedding by the same model, null when there is none
    @SuppressWarnings("ArrayRecordComponent") // a vector is never compared as part of this
    public record Missing(long versionId, int ordinal, UUID contentId, String text, float @Nullable [] cached) {}

    /// A vector for a text.
    ///
    /// @param versionId the version for which it was made
    @SuppressWarnings("ArrayRecordComponent") // a vector is never compared as part of this
    public record Embedded(long versionId, UUID contentId, float[] vector) {}

    /// Chunks of extracted versions of a source that have no vector in a set.
    public long countMissing(SourceScope scope, VectorSet set) {
        return workspaces.callAlone(
                scope.workspaceId(),
                () -> jdbc.sql("""
                        SELECT count(*) FROM document_versions v
                        JOIN chunks c ON c.workspace_id = v.workspace_id AND c.version_id = v.id
                        WHERE v.workspace_id = :workspace AND v.source_id = :source AND v.state = 'extracted'
                          AND NOT EXISTS (SELECT FROM %s x
                                          WHERE x.workspace_id = c.workspace_id AND x.content_id = c.content_id)
                        """.formatted(set.table()))
                        .param("workspace", scope.workspaceId())
                        .param("source", scope.sourceId())
                        .query(Long.class)
                        .single());
    }

    /// As [#countMissing], page by page in the order of versions and ordinals, after the given place.
    public List<Missing> missing(SourceScope scope, VectorSet set, long afterVersion, int afterOrdinal, int limit) {
        return workspaces.callAlone(
                scope.workspaceId(),
                () -> jdbc.sql("""
                        SELECT c.version_id, c.ordinal, c.content_id, c.header, c.text, e.embedding
                        FROM document_versions v
                        JOIN chunks c ON c.workspace_id = v.workspace_id AND c.version_id = v.id
                        LEFT JOIN embedding_cache e ON e.workspace_id = c.workspace_id
                             AND e.fingerprint = :fingerprint AND e.content_id = c.content_id
                        WHERE v.workspace_id = :workspace AND v.source_id = :source AND v.state = 'extracted'
                          AND v.id >= :version AND (c.version_id, c.ordinal) > (:version, :ordinal)
                          AND NOT EXISTS (SELECT FROM %s x
                                          WHERE x.workspace_id = c.workspace_id AND x.content_id = c.content_id)
                        ORDER BY c.version_id, c.ordinal LIMIT :limit
                        """.formatted(set.table()))
                        .param("fingerprint", set.fingerprint())
                        .param("workspace", scope.workspaceId())
                        .param("source", scope.sourceId())
                        .param("version", afterVersion)
                        .param("ordinal", afterOrdinal)
                        .param("limit", limit)
                        .query((row, n) -> {
                            byte[] cached = row.getBytes("embedding");
                            return new Missing(
                                    row.getLong("version_id"),
                                    row.getInt("ordinal"),
                                    row.getObject("content_id", UUID.class),
                                    embedded(row.getString("header"), row.getString("text")),
                                    cached == null ? null : floats(cached));
                        })
                        .list());
    }

    /// A text without a vector.
    public record Text(UUID contentId, String text) {}

    /// Texts of these versions that have no vector in the set and none in the cache, in the caller's transaction.
    public List<Text> lacking(UUID workspaceId, VectorSet set, List<Long> versions, int limit) {
        return jdbc.sql("""
                        SELECT c.content_id, c.header, c.text FROM chunks c
                        WHERE c.workspace_id = :workspace AND c.version_id = ANY (:versions)
                          AND NOT EXISTS (SELECT FROM %s x
                                          WHERE x.workspace_id = c.workspace_id AND x.content_id = c.content_id)
                          AND NOT EXISTS (SELECT FROM embedding_cache e
                                          WHERE e.workspace_id = c.workspace_id AND e.fingerprint = :fingerprint
                                            AND e.content_id = c.content_id)
                        ORDER BY c.version_id, c.ordinal LIMIT :limit
                        """.formatted(set.table()))
                .param("workspace", workspaceId)
                .param("versions", versions.toArray(Long[]::new))
                .param("fingerprint", set.fingerprint())
                .param("limit", limit)
                .query((row, n) -> new Text(
                        row.getObject("content_id", UUID.class),
                        embedded(row.getString("header"), row.getString("text"))))
                .list();
    }

    /// What is embedded of a chunk.
    private static String embedded(String header, String text) {
        return header.isEmpty() ? text : header + "\n" + text;
    }

    /// Stores vectors in a set and in the cache, in the caller's transaction. What is there already stays.
    public void write(UUID workspaceId, VectorSet set, List<Embedded> vectors) {
        staging.copy(
                "staged_vectors",
                "content_id uuid, embedding halfvec, floats bytea",
                vectors.stream(),
                (copy, embedded) -> copy.row(3)
                        .uuid(embedded.contentId())
                        .halfvec(embedded.vector())
                        .bytes(bytes(embedded.vector())));
        template.update("""
                INSERT INTO %s (workspace_id, content_id, embedding)
                SELECT ?, content_id, embedding FROM pg_temp.staged_vectors ON CONFLICT DO NOTHING
                """.formatted(set.table()), workspaceId);
        template.update("""
                INSERT INTO embedding_cache (workspace_id, fingerprint, content_id, embedding)
                SELECT ?, ?, content_id, floats FROM pg_temp.staged_vectors ON CONFLICT DO NOTHING
                """, workspaceId, set.fingerprint());
        template.update("DELETE FROM pg_temp.staged_vectors");
    }

    /// Vectors in a set.
    public long count(UUID workspaceId, VectorSet set) {
        return workspaces.callAlone(
                workspaceId,
                () -> jdbc.sql("SELECT count(*) FROM " + set.table())
                        .query(Long.class)
                        .single());
    }

    /// Whether the set has its HNSW index.
    public boolean indexed(VectorSet set) {
        return jdbc.sql("SELECT to_regclass(:name) IS NOT NULL")
                .param("name", set.table() + "_hnsw")
                .query(Boolean.class)
                .single();
    }

    /// Builds the HNSW index in the caller's transaction. Reading goes on meanwhile, writing to the set waits.
    ///
    /// @param memory for the build, in megabytes; a graph larger than that is built far more slowly
    public void createIndex(VectorSet set, int memory) {
        jdbc.sql("SELECT set_config('maintenance_work_mem', :memory, true)")
                .param("memory", memory + "MB")
                .query(String.class)
                .single();
        jdbc.sql("SELECT create_vector_index(:set)::text")
                .param("set", set.id())
                .query(String.class)
                .optional();
    }

    private static byte[] bytes(float[] vector) {
        ByteBuffer buffer = ByteBuffer.allocate(4 * vector.length);
        buffer.asFloatBuffer().put(vector);
        return buffer.array();
    }

    private static float[] floats(byte[] bytes) {
        float[] vector = new float[bytes.length / 4];
        ByteBuffer.wrap(bytes).asFloatBuffer().get(vector);
        return vector;
    }
}
