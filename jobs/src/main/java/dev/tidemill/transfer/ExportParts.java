package dev.tidemill.transfer;

import dev.tidemill.store.Workspaces;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.RowCallbackHandler;
import org.springframework.jdbc.core.namedparam.MapSqlParameterSource;
import org.springframework.jdbc.core.namedparam.NamedParameterJdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The rows of a project as they are written out, part by part. Rows are streamed: memory does not grow with a part.
final class ExportParts {

    private static final int FETCH = 100;

    /// Documents with their published version; the keys are those of the records that read them.
    private static final String DOCUMENTS = """
            SELECT jsonb_build_object('sourceType', s.type, 'location', s.location, 'key', d.key, 'fileName', v.file_name,
                'title', v.title, 'mediaType', v.media_type, 'metadata', v.metadata, 'profile', v.profile,
                'sha256', encode(v.sha256, 'hex'), 'textLength', v.text_length, 'expiresAt', d.ttl_expires_at,
                'texts', coalesce((SELECT jsonb_agg(jsonb_build_object('start', t.start_offset, 'text', t.text) ORDER BY t.start_offset)
                          FROM document_texts t WHERE t.workspace_id = v.workspace_id AND t.version_id = v.id), '[]'),
                'chunks', coalesce((SELECT jsonb_agg(jsonb_build_object('ordinal', c.ordinal, 'start', c.start_offset, 'end', c.end_offset,
                            'text', c.text, 'header', c.header, 'headingPath', c.heading_path, 'tokens', c.tokens,
                            'firstPage', c.first_page, 'lastPage', c.last_page, 'startMillis', c.start_millis,
                            'endMillis', c.end_millis) ORDER BY c.ordinal)
                          FROM chunks c WHERE c.workspace_id = v.workspace_id AND c.version_id = v.id), '[]'))::text AS line
            FROM documents d
            JOIN document_versions v ON v.workspace_id = d.workspace_id AND v.document_id = d.id AND v.version = d.published_version
            JOIN sources s ON s.workspace_id = d.workspace_id AND s.id = d.source_id
            WHERE d.workspace_id = :workspace AND d.project_id = :project AND d.deleted_at IS NULL
              AND d.id BETWEEN CAST(:first AS uuid) AND CAST(:last AS uuid)
            ORDER BY d.id
            """;

    private static final String LINES = """
            SELECT jsonb_strip_nulls(jsonb_build_object('id', d.key || '#' || c.ordinal, 'document', d.key, 'title', v.title,
                'text', c.text, 'header', nullif(c.header, ''), 'headingPath', c.heading_path, 'tokens', c.tokens,
                'start', c.start_offset, 'end', c.end_offset, 'firstPage', c.first_page, 'lastPage', c.last_page,
                'startMillis', c.start_millis, 'endMillis', c.end_millis,
                'metadata', jsonb_build_object('document', d.key, 'source', s.location) || v.metadata))::text AS line
            FROM documents d
            JOIN document_versions v ON v.workspace_id = d.workspace_id AND v.document_id = d.id AND v.version = d.published_version
            JOIN sources s ON s.workspace_id = d.workspace_id AND s.id = d.source_id
            JOIN chunks c ON c.workspace_id = v.workspace_id AND c.version_id = v.id
            WHERE d.workspace_id = :workspace AND d.project_id = :project AND d.deleted_at IS NULL
              AND d.id BETWEEN CAST(:first AS uuid) AND CAST(:last AS uuid)
            ORDER BY d.id, c.ordinal
            """;

    private static final String ORIGINALS = """
            SELECT b.sha256, b.size, p.bytes FROM blobs b
            LEFT JOIN blob_parts p ON p.workspace_id = b.workspace_id AND p.sha256 = b.sha256
            WHERE b.workspace_id = :workspace AND b.sha256 BETWEEN decode(:first, 'hex') AND decode(:last, 'hex')
              AND EXISTS (SELECT FROM document_versions v
                JOIN documents d ON d.workspace_id = v.workspace_id AND d.id = v.document_id AND d.published_version = v.version
                WHERE v.workspace_id = b.workspace_id AND v.sha256 = b.sha256 AND v.project_id = :project AND d.deleted_at IS NULL)
            ORDER BY b.sha256, p.part
            """;

    /// The columns of later versions of the table are read as JSON.
    private static final String QUESTIONS = """
            SELECT jsonb_strip_nulls(jsonb_build_object('question', q.question, 'expected', q.expected, 'tags', q.tags,
                'key', to_jsonb(q) ->> 'key'))::text AS line
            FROM golden_questions q WHERE q.workspace_id = :workspace AND q.project_id = :project ORDER BY q.id
            """;

    private final Workspaces workspaces;
    private final JdbcClient jdbc;
    private final NamedParameterJdbcTemplate streaming;

    ExportParts(Workspaces workspaces, JdbcTemplate template) {
        this.workspaces = workspaces;
        this.jdbc = JdbcClient.create(template);
        JdbcTemplate fetching = new JdbcTemplate(java.util.Objects.requireNonNull(template.getDataSource()));
        fetching.setFetchSize(FETCH);
        this.streaming = new NamedParameterJdbcTemplate(fetching);
    }

    /// A part of an export.
    record Part(int number, String kind, String name, String firstKey, String lastKey, long items) {}

    /// A vector set as its tables are.
    record LiveSet(long id, String model, String fingerprint, int dimensions, String type) {}

    Optional<LiveSet> liveSet(UUID workspaceId, UUID projectId) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT s.id, s.model, s.fingerprint, s.dimensions, t.typname AS type
                        FROM projects p JOIN vector_sets s ON s.workspace_id = p.workspace_id AND s.id = p.live_set_id
                        JOIN pg_attribute a ON a.attrelid = to_regclass('vectors_' || s.id) AND a.attname = 'embedding'
                        JOIN pg_type t ON t.oid = a.atttypid
                        WHERE p.workspace_id = :workspace AND p.id = :project
                        """)
                        .param("workspace", workspaceId)
                        .param("project", projectId)
                        .query(LiveSet.class)
                        .optional());
    }

    Manifest.Project project(UUID workspaceId, UUID projectId) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql(
                                "SELECT slug, name, description FROM projects WHERE workspace_id = :workspace AND id = :project")
                        .param("workspace", workspaceId)
                        .param("project", projectId)
                        .query(Manifest.Project.class)
                        .single());
    }

    private static final String PUBLISHED = """
            FROM documents d
            JOIN document_versions v ON v.workspace_id = d.workspace_id AND v.document_id = d.id AND v.version = d.published_version
            WHERE d.workspace_id = :workspace AND d.project_id = :project AND d.deleted_at IS NULL
            """;

    /// What there is to be written, cut into parts, in the caller's transaction.
    void plan(UUID workspaceId, UUID projectId, long instance, boolean lines, ExportProperties properties) {
        jdbc.sql("DELETE FROM export_parts WHERE workspace_id = :workspace AND job_instance_id = :instance")
                .param("workspace", workspaceId)
                .param("instance", instance)
                .update();
        if (lines) {
            cut(
                    workspaceId,
                    projectId,
                    instance,
                    "lines",
                    "SELECT d.id::text AS key " + PUBLISHED,
                    properties.partDocuments());
            return;
        }
        cut(
                workspaceId,
                projectId,
                instance,
                "originals",
                "SELECT DISTINCT encode(v.sha256, 'hex') AS key " + PUBLISHED,
                properties.partDocuments());
        cut(
                workspaceId,
                projectId,
                instance,
                "documents",
                "SELECT d.id::text AS key " + PUBLISHED,
                properties.partDocuments());
        liveSet(workspaceId, projectId)
                .ifPresent(set -> cut(
                        workspaceId,
                        projectId,
                        instance,
                        "vectors",
                        "SELECT content_id::text AS key FROM vectors_" + set.id()
                                + " WHERE workspace_id = :workspace AND CAST(:project AS uuid) IS NOT NULL",
                        properties.partVectors()));
        cut(
                workspaceId,
                projectId,
                instance,
                "questions",
                "SELECT id::text AS key FROM golden_questions WHERE workspace_id = :workspace AND project_id = :project",
                Integer.MAX_VALUE);
    }

    private void cut(UUID workspaceId, UUID projectId, long instance, String kind, String keys, int size) {
        jdbc.sql("""
                        INSERT INTO export_parts (workspace_id, job_instance_id, number, kind, name, first_key, last_key, items)
                        SELECT :workspace, :instance, (SELECT coalesce(max(number), 0) FROM export_parts
                                 WHERE workspace_id = :workspace AND job_instance_id = :instance) + part + 1,
                               :kind, :kind || '-' || to_char(part + 1, 'FM00000') || :ending, min(key), max(key), count(*)
                        FROM (SELECT key, ((row_number() OVER (ORDER BY key COLLATE "C") - 1) / :size)::integer AS part
                              FROM (%s) k) cut
                        GROUP BY part ORDER BY part
                        """.formatted(keys))
                .param("workspace", workspaceId)
                .param("project", projectId)
                .param("instance", instance)
                .param("kind", kind)
                .param("ending", kind.equals("originals") || kind.equals("vectors") ? ".bin" : ".jsonl")
                .param("size", size)
                .update();
    }

    List<Part> open(UUID workspaceId, long instance) {
        return workspaces.callAlone(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT number, kind, name, first_key, last_key, items FROM export_parts
                        WHERE workspace_id = :workspace AND job_instance_id = :instance AND sha256 IS NULL ORDER BY number
                        """)
                        .param("workspace", workspaceId)
                        .param("instance", instance)
                        .query(Part.class)
                        .list());
    }

    List<Manifest.Part> done(UUID workspaceId, long instance) {
        return workspaces.callAlone(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT name, kind, items, bytes, sha256 FROM export_parts
                        WHERE workspace_id = :workspace AND job_instance_id = :instance AND sha256 IS NOT NULL ORDER BY number
                        """)
                        .param("workspace", workspaceId)
                        .param("instance", instance)
                        .query(Manifest.Part.class)
                        .list());
    }

    void done(UUID workspaceId, long instance, int number, long bytes, String sha256) {
        jdbc.sql("""
                        UPDATE export_parts SET bytes = :bytes, sha256 = :sha256
                        WHERE workspace_id = :workspace AND job_instance_id = :instance AND number = :number
                        """)
                .param("bytes", bytes)
                .param("sha256", sha256)
                .param("workspace", workspaceId)
                .param("instance", instance)
                .param("number", number)
                .update();
    }

    /// Writes the rows of a part, in the caller's transaction.
    void write(UUID workspaceId, UUID projectId, Part part, DataOutputStream out) {
        MapSqlParameterSource parameters = new MapSqlParameterSource()
                .addValue("workspace", workspaceId)
                .addValue("project", projectId)
                .addValue("first", part.firstKey())
                .addValue("last", part.lastKey());
        switch (part.kind()) {
            case "documents" -> stream(DOCUMENTS, parameters, row -> line(out, row));
            case "lines" -> stream(LINES, parameters, row -> line(out, row));
            case "questions" -> stream(QUESTIONS, parameters, row -> line(out, row));
            case "originals" -> stream(ORIGINALS, parameters, new OriginalRows(out));
            case "vectors" -> {
                LiveSet set = liveSet(workspaceId, projectId).orElseThrow();
                // A number and one of two names: nothing else can come into the SQL.
                String sql = """
                        SELECT content_id, %s_send(embedding) FROM vectors_%d
                        WHERE workspace_id = :workspace AND content_id BETWEEN CAST(:first AS uuid) AND CAST(:last AS uuid)
                          AND CAST(:project AS uuid) IS NOT NULL ORDER BY content_id
                        """.formatted(set.type().equals("vector") ? "vector" : "halfvec", set.id());
                stream(sql, parameters, row -> vector(out, row));
            }
            default -> throw new IllegalStateException("unknown kind of part: " + part.kind());
        }
    }

    private void stream(String sql, MapSqlParameterSource parameters, RowCallbackHandler rows) {
        streaming.query(sql, parameters, rows);
    }

    private static void line(DataOutputStream out, ResultSet row) throws SQLException {
        try {
            out.write(row.getString("line").getBytes(StandardCharsets.UTF_8));
            out.write('\n');
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void vector(DataOutputStream out, ResultSet row) throws SQLException {
        try {
            UUID id = row.getObject(1, UUID.class);
            byte[] bytes = row.getBytes(2);
            out.writeLong(id.getMostSignificantBits());
            out.writeLong(id.getLeastSignificantBits());
            out.writeInt(bytes.length);
            out.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// An original: its hash, its size, its bytes. The parts of one follow each other.
    private static final class OriginalRows implements RowCallbackHandler {
        private final DataOutputStream out;
        private String current = "";

        OriginalRows(DataOutputStream out) {
            this.out = out;
        }

        @Override
        public void processRow(ResultSet row) throws SQLException {
            try {
                byte[] hash = row.getBytes(1);
                String hex = HexFormat.of().formatHex(hash);
                if (!hex.equals(current)) {
                    current = hex;
                    out.write(hash);
                    out.writeLong(row.getLong(2));
                }
                byte[] bytes = row.getBytes(3);
                if (bytes != null) {
                    out.write(bytes);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
