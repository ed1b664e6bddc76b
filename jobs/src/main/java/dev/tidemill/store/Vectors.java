package dev.tidemill.store;

import java.nio.ByteBuffer;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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

    /// Whether the set is still there, and will be until the caller's transaction ends: what holds a set at the
    /// beginning of its work may find it retired.
    public boolean keep(UUID workspaceId, VectorSet set) {
        return jdbc.sql("""
                        SELECT id FROM vector_sets WHERE workspace_id = :workspace AND id = :id AND state <> 'retired'
                        FOR SHARE
                        """)
                .param("workspace", workspaceId)
                .param("id", set.id())
                .query(Long.class)
                .optional()
                .isPresent();
    }

    /// Chunks of extracted versions of a source that have no vector in a set; none for a retired one.
    public long countMissing(SourceScope scope, VectorSet set) {
        return workspaces.callAlone(
                scope.workspaceId(),
                () -> !keep(scope.workspaceId(), set)
                        ? 0L
                        : jdbc.sql("""
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

    /// As [#countMissing(SourceScope, VectorSet)], page by page in the order of versions and ordinals, after the given
    /// place.
    public List<Missing> missing(SourceScope scope, VectorSet set, long afterVersion, int afterOrdinal, int limit) {
        return workspaces.callAlone(
                scope.workspaceId(),
                () -> !keep(scope.workspaceId(), set)
                        ? List.<Missing>of()
                        : jdbc.sql("""
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
                                .query(Vectors::missing)
                                .list());
    }

    /// Texts of the project's chunks, published or about to be, that have no vector in a set.
    public long countMissing(UUID workspaceId, UUID projectId, VectorSet set) {
        return workspaces.callAlone(workspaceId, () -> missingNow(workspaceId, projectId, set));
    }

    /// As [#countMissing(UUID, UUID, VectorSet)], in the caller's transaction.
    long missingNow(UUID workspaceId, UUID projectId, VectorSet set) {
        return jdbc.sql("""
                        SELECT count(DISTINCT c.content_id) FROM chunks c
                        WHERE c.workspace_id = :workspace AND c.project_id = :project AND c.valid_to IS NULL
                          AND NOT EXISTS (SELECT FROM %s x
                                          WHERE x.workspace_id = c.workspace_id AND x.content_id = c.content_id)
                        """.formatted(set.table()))
                .param("workspace", workspaceId)
                .param("project", projectId)
                .query(Long.class)
                .single();
    }

    /// As [#countMissing(UUID, UUID, VectorSet)], each text once, page by page in the order of their content ids.
    public List<Missing> missing(UUID workspaceId, UUID projectId, VectorSet set, UUID after, int limit) {
        return workspaces.callAlone(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT DISTINCT ON (c.content_id) c.version_id, c.ordinal, c.content_id, c.header, c.text, e.embedding
                        FROM chunks c
                        LEFT JOIN embedding_cache e ON e.workspace_id = c.workspace_id
                             AND e.fingerprint = :fingerprint AND e.content_id = c.content_id
                        WHERE c.workspace_id = :workspace AND c.project_id = :project AND c.valid_to IS NULL
                          AND c.content_id > :after
                          AND NOT EXISTS (SELECT FROM %s x
                                          WHERE x.workspace_id = c.workspace_id AND x.content_id = c.content_id)
                        ORDER BY c.content_id LIMIT :limit
                        """.formatted(set.table()))
                        .param("fingerprint", set.fingerprint())
                        .param("workspace", workspaceId)
                        .param("project", projectId)
                        .param("after", after)
                        .param("limit", limit)
                        .query(Vectors::missing)
                        .list());
    }

    private static Missing missing(ResultSet row, int number) throws SQLException {
        byte[] cached = row.getBytes("embedding");
        return new Missing(
                row.getLong("version_id"),
                row.getInt("ordinal"),
                row.getObject("content_id", UUID.class),
                embedded(row.getString("header"), row.getString("text")),
                cached == null ? null : floats(cached));
    }

    /// What embedding a project anew comes to.
    ///
    /// @param texts to be in the set
    /// @param cached of them, embedded by the same model before
    /// @param tokens of those that are not cached
    /// @param longest tokens of the longest text
    public record Workload(long texts, long cached, long tokens, int longest) {}

    /// Measures what a set of a model would need, made from nothing.
    public Workload workload(UUID workspaceId, UUID projectId, String fingerprint) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT count(*) AS texts, count(e.content_id) AS cached,
                               coalesce(sum(c.tokens) FILTER (WHERE e.content_id IS NULL), 0) AS tokens,
                               coalesce(max(c.tokens), 0) AS longest
                        FROM (SELECT content_id, max(tokens) AS tokens FROM chunks
                              WHERE workspace_id = :workspace AND project_id = :project AND valid_to IS NULL
                              GROUP BY content_id) c
                        LEFT JOIN embedding_cache e ON e.workspace_id = :workspace AND e.fingerprint = :fingerprint
                             AND e.content_id = c.content_id
                        """)
                        .param("workspace", workspaceId)
                        .param("project", projectId)
                        .param("fingerprint", fingerprint)
                        .query(Workload.class)
                        .single());
    }

    /// Some texts of the project with their vectors in a set, picked at random.
    public List<Missing> sample(UUID workspaceId, UUID projectId, VectorSet set, int limit) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT DISTINCT ON (x.content_id) c.version_id, c.ordinal, x.content_id, c.header, c.text,
                               x.embedding::vector::text AS vector
                        FROM (SELECT content_id, embedding FROM %s WHERE workspace_id = :workspace
                              ORDER BY random() LIMIT :limit) x
                        JOIN chunks c ON c.workspace_id = :workspace AND c.content_id = x.content_id
                             AND c.project_id = :project AND c.valid_to IS NULL
                        """.formatted(set.table()))
                        .param("workspace", workspaceId)
                        .param("project", projectId)
                        .param("limit", limit)
                        .query((row, n) -> new Missing(
                                row.getLong("version_id"),
                                row.getInt("ordinal"),
                                row.getObject("content_id", UUID.class),
                                embedded(row.getString("header"), row.getString("text")),
                                parsed(row.getString("vector"))))
                        .list());
    }

    private static float[] parsed(String vector) {
        String[] numbers = vector.substring(1, vector.length() - 1).split(",", -1);
        float[] values = new float[numbers.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.parseFloat(numbers[i]);
        }
        return values;
    }

    /// The nearest texts of a set to a vector.
    ///
    /// @param efSearch candidates of the walk of the index, 0 to compare with every vector
    public List<UUID> nearest(UUID workspaceId, VectorSet set, float[] query, int top, int efSearch) {
        return workspaces.call(workspaceId, () -> {
            jdbc.sql("""
                            SELECT set_config('plan_cache_mode', 'force_custom_plan', true),
                                   set_config('hnsw.ef_search', :ef, true),
                                   set_config('enable_indexscan', :walk, true)
                            """)
                    .param("ef", Integer.toString(Math.max(1, efSearch)))
                    .param("walk", efSearch > 0 ? "on" : "off")
                    .query()
                    .singleRow();
            return jdbc.sql("""
                            SELECT content_id FROM %s ORDER BY embedding <=> CAST(:query AS %s) LIMIT :top
                            """.formatted(set.table(), set.sqlType()))
                    .param("query", ChunkSearch.literal(query))
                    .param("top", top)
                    .query((row, n) -> row.getObject(1, UUID.class))
                    .list();
        });
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
                "content_id uuid, half halfvec, whole vector, floats bytea",
                vectors.stream(),
                (copy, embedded) -> {
                    copy.row(4).uuid(embedded.contentId());
                    switch (set.type()) {
                        case HALFVEC -> copy.halfvec(embedded.vector()).nothing();
                        case VECTOR -> copy.nothing().vector(embedded.vector());
                    }
                    copy.bytes(bytes(embedded.vector()));
                });
        template.update(
                """
                INSERT INTO %s (workspace_id, content_id, embedding)
                SELECT ?, content_id, %s FROM pg_temp.staged_vectors ON CONFLICT DO NOTHING
                """.formatted(set.table(), set.type() == VectorSet.Type.HALFVEC ? "half" : "whole"), workspaceId);
        template.update("""
                INSERT INTO embedding_cache (workspace_id, fingerprint, content_id, embedding)
                SELECT ?, ?, content_id, floats FROM pg_temp.staged_vectors ON CONFLICT DO NOTHING
                """, workspaceId, set.fingerprint());
        template.update("DELETE FROM pg_temp.staged_vectors");
    }

    /// A vector as pgvector takes it: dimensions, an unused word, then the values in the type of its set.
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Binary(UUID contentId, byte[] vector) {}

    /// Stores vectors that were made elsewhere, in the caller's transaction. What is there already stays. The
    /// cache does not get them: a set may hold rounded values, and the cache gives exact ones.
    public void load(UUID workspaceId, VectorSet set, List<Binary> vectors) {
        String table = "loaded_" + set.type().column() + "s";
        staging.copy(
                table,
                "content_id uuid, embedding " + set.type().column(),
                vectors.stream(),
                (copy, one) -> copy.row(2).uuid(one.contentId()).bytes(one.vector()));
        template.update("""
                INSERT INTO %s (workspace_id, content_id, embedding)
                SELECT ?, content_id, embedding FROM pg_temp.%s ON CONFLICT DO NOTHING
                """.formatted(set.table(), table), workspaceId);
        template.update("DELETE FROM pg_temp." + table);
    }

    /// Brings back what was put away when the last document that held a text lost it, for chunks of these versions that
    /// hold it again, in the caller's transaction. The past keeps its own.
    public void bringBack(UUID workspaceId, VectorSet set, List<Long> versions) {
        jdbc.sql("""
                        INSERT INTO %s (workspace_id, content_id, embedding)
                        SELECT p.workspace_id, p.content_id, CAST(p.embedding AS %s) FROM past_vectors p
                        WHERE p.workspace_id = :workspace AND p.set_id = :set
                          AND p.content_id IN (SELECT content_id FROM chunks
                                               WHERE workspace_id = :workspace AND version_id = ANY (:versions))
                        ON CONFLICT DO NOTHING
                        """.formatted(set.table(), set.type().column()))
                .param("workspace", workspaceId)
                .param("set", set.id())
                .param("versions", versions.toArray(Long[]::new))
                .update();
    }

    /// Deletes the vectors of texts that no chunk of the project holds, in the caller's transaction.
    ///
    /// @return how many
    public int dropUnused(UUID workspaceId, UUID projectId, VectorSet set) {
        return jdbc.sql("""
                        DELETE FROM %s x WHERE x.workspace_id = :workspace AND NOT EXISTS (
                          SELECT FROM chunks c WHERE c.workspace_id = x.workspace_id AND c.content_id = x.content_id
                            AND c.project_id = :project AND c.valid_to IS NULL)
                        """.formatted(set.table()))
                .param("workspace", workspaceId)
                .param("project", projectId)
                .update();
    }

    /// How many chunks of these versions have no vector in the set, in the caller's transaction.
    public long countMissing(UUID workspaceId, VectorSet set, List<Long> versions) {
        return jdbc.sql("""
                        SELECT count(*) FROM chunks c WHERE c.workspace_id = :workspace AND c.version_id = ANY (:versions)
                          AND NOT EXISTS (SELECT FROM %s x
                                          WHERE x.workspace_id = c.workspace_id AND x.content_id = c.content_id)
                        """.formatted(set.table()))
                .param("workspace", workspaceId)
                .param("versions", versions.toArray(Long[]::new))
                .query(Long.class)
                .single();
    }

    /// As [#write], for texts that were read outside of this transaction: those whose last chunk is gone meanwhile
    /// are left out, and none goes before this transaction ends.
    public void writeHeld(UUID workspaceId, UUID projectId, VectorSet set, List<Embedded> vectors) {
        jdbc.sql("SELECT id FROM projects WHERE workspace_id = :workspace AND id = :project FOR SHARE")
                .param("workspace", workspaceId)
                .param("project", projectId)
                .query(UUID.class)
                .single();
        List<UUID> held = jdbc.sql("""
                        SELECT DISTINCT content_id FROM chunks
                        WHERE workspace_id = :workspace AND project_id = :project AND valid_to IS NULL
                          AND content_id = ANY (:ids)
                        """)
                .param("workspace", workspaceId)
                .param("project", projectId)
                .param("ids", vectors.stream().map(Embedded::contentId).toArray(UUID[]::new))
                .query((row, n) -> row.getObject(1, UUID.class))
                .list();
        Set<UUID> kept = new HashSet<>(held);
        write(
                workspaceId,
                set,
                vectors.stream().filter(one -> kept.contains(one.contentId())).toList());
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

    static byte[] bytes(float[] vector) {
        ByteBuffer buffer = ByteBuffer.allocate(4 * vector.length);
        buffer.asFloatBuffer().put(vector);
        return buffer.array();
    }

    static float[] floats(byte[] bytes) {
        float[] vector = new float[bytes.length / 4];
        ByteBuffer.wrap(bytes).asFloatBuffer().get(vector);
        return vector;
    }
}
