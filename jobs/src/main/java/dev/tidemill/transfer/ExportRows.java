package dev.tidemill.transfer;

import dev.tidemill.store.VectorSet;

/// The statements that find what is written out; the keys of their JSON are those of the records
/// that read it.
final class ExportRows {

    private ExportRows() {}

    private static final String PUBLISHED = """
            FROM documents d
            JOIN document_versions v ON v.workspace_id = d.workspace_id AND v.document_id = d.id AND v.version = d.published_version
            JOIN sources s ON s.workspace_id = d.workspace_id AND s.id = d.source_id
            """;

    private static final String RANGE = """
            WHERE d.workspace_id = CAST(:workspace AS uuid) AND d.project_id = CAST(:project AS uuid) AND d.deleted_at IS NULL
              AND d.id BETWEEN CAST(:first AS uuid) AND CAST(:last AS uuid)
            """;

    /// Documents with their published version: an object each, then one for each part of its text, then one for each
    /// chunk,
    /// so that no row is large.
    static final String DOCUMENTS =
            "SELECT piece.kind, piece.object " + PUBLISHED + """
            CROSS JOIN LATERAL (
              SELECT 0 AS kind, 0 AS place, json_build_object('sourceType', s.type, 'location', s.location, 'key', d.key,
                  'fileName', v.file_name, 'title', v.title, 'mediaType', v.media_type, 'metadata', v.metadata, 'profile', v.profile,
                  'sha256', encode(v.sha256, 'hex'), 'textLength', v.text_length, 'expiresAt', d.ttl_expires_at)::text AS object
              UNION ALL
              SELECT 1, t.start_offset, json_build_object('start', t.start_offset, 'text', t.text)::text
              FROM document_texts t WHERE t.workspace_id = v.workspace_id AND t.version_id = v.id
              UNION ALL
              SELECT 2, c.ordinal, json_build_object('ordinal', c.ordinal, 'start', c.start_offset, 'end', c.end_offset,
                  'text', c.text, 'header', c.header, 'headingPath', c.heading_path, 'tokens', c.tokens,
                  'firstPage', c.first_page, 'lastPage', c.last_page, 'startMillis', c.start_millis, 'endMillis', c.end_millis)::text
              FROM chunks c WHERE c.workspace_id = v.workspace_id AND c.version_id = v.id) piece
            """ + RANGE + " ORDER BY d.id, piece.kind, piece.place";

    static final String LINES =
            """
            SELECT jsonb_strip_nulls(jsonb_build_object('id', d.key || '#' || c.ordinal, 'document', d.key, 'title', v.title,
                'text', c.text, 'header', nullif(c.header, ''), 'headingPath', c.heading_path, 'tokens', c.tokens,
                'start', c.start_offset, 'end', c.end_offset, 'firstPage', c.first_page, 'lastPage', c.last_page,
                'startMillis', c.start_millis, 'endMillis', c.end_millis,
                'metadata', jsonb_build_object('document', d.key, 'source', s.location) || v.metadata))::text AS line
            """ + PUBLISHED + " JOIN chunks c ON c.workspace_id = v.workspace_id AND c.version_id = v.id " + RANGE
                    + " ORDER BY d.id, c.ordinal";

    /// The columns of a row of Parquet, in the order of [ParquetParts].
    static final String CHUNKS =
            """
            SELECT c.content_id, d.key, s.type, s.location, v.title, v.media_type, v.metadata::text, encode(v.sha256, 'hex'), c.ordinal,
                c.header, c.text, array_to_json(c.heading_path)::text, c.start_offset, c.end_offset, c.tokens, c.first_page, c.last_page,
                c.start_millis, c.end_millis
            """ + PUBLISHED + " JOIN chunks c ON c.workspace_id = v.workspace_id AND c.version_id = v.id " + RANGE
                    + " ORDER BY d.id, c.ordinal";

    static final String ORIGINALS = """
            SELECT b.sha256, b.size, p.bytes FROM blobs b
            LEFT JOIN blob_parts p ON p.workspace_id = b.workspace_id AND p.sha256 = b.sha256
            WHERE b.workspace_id = CAST(:workspace AS uuid) AND b.sha256 BETWEEN decode(:first, 'hex') AND decode(:last, 'hex')
              AND EXISTS (SELECT FROM document_versions v
                JOIN documents d ON d.workspace_id = v.workspace_id AND d.id = v.document_id AND d.published_version = v.version
                WHERE v.workspace_id = b.workspace_id AND v.sha256 = b.sha256 AND v.project_id = CAST(:project AS uuid)
                  AND d.deleted_at IS NULL)
            ORDER BY b.sha256, p.part
            """;

    static final String QUESTIONS = """
            SELECT json_build_object('set', s.name, 'canary', s.canary, 'key', q.key, 'question', q.question, 'expected', q.expected,
                'tags', q.tags)::text AS line
            FROM golden_questions q JOIN golden_sets s ON s.workspace_id = q.workspace_id AND s.id = q.golden_set_id
            WHERE q.workspace_id = CAST(:workspace AS uuid) AND q.project_id = CAST(:project AS uuid) ORDER BY q.id
            """;

    /// Sources, golden sets without a question, retention policies, and the schedules that name the
    /// project.
    static final String CONFIGURATION = """
            SELECT line FROM (
              SELECT 1 AS n, json_build_object('kind', 'source', 'type', s.type, 'location', s.location, 'metadata', s.metadata)::text AS line
              FROM sources s WHERE s.workspace_id = CAST(:workspace AS uuid) AND s.project_id = CAST(:project AS uuid)
              UNION ALL
              SELECT 2, json_build_object('kind', 'golden-set', 'name', g.name, 'canary', g.canary)::text
              FROM golden_sets g WHERE g.workspace_id = CAST(:workspace AS uuid) AND g.project_id = CAST(:project AS uuid)
              UNION ALL
              SELECT 3, json_build_object('kind', CASE WHEN r.tag_name IS NULL THEN 'policy' ELSE 'tag-policy' END,
                'sourceType', s.type, 'location', s.location, 'tagName', r.tag_name, 'tagValue', r.tag_value,
                'versionsKeep', r.versions_keep, 'versionsAfter', r.versions_after, 'undo', r.undo, 'maxAge', r.max_age)::text
              FROM retention_policies r LEFT JOIN sources s ON s.workspace_id = r.workspace_id AND s.id = r.source_id
              WHERE r.workspace_id = CAST(:workspace AS uuid) AND r.project_id = CAST(:project AS uuid)
              UNION ALL
              SELECT 4, json_build_object('kind', 'schedule', 'name', c.name, 'definition', c.definition)::text
              FROM schedules c JOIN projects p ON p.workspace_id = c.workspace_id AND p.id = CAST(:project AS uuid)
              WHERE c.workspace_id = CAST(:workspace AS uuid)
                AND c.definition ~ ('(^|\\n)\\s*project:\\s*["'']?' || p.slug || '["'']?\\s*(#|\\n|$)')
            ) lines ORDER BY n, line
            """;

    /// A number and one of two names: nothing else can come into the statement.
    static String vectors(VectorSet set) {
        return """
                SELECT content_id, %s_send(embedding) FROM %s
                WHERE workspace_id = CAST(:workspace AS uuid) AND content_id BETWEEN CAST(:first AS uuid) AND CAST(:last AS uuid)
                  AND CAST(:project AS uuid) IS NOT NULL ORDER BY content_id
                """.formatted(set.type().column(), set.table());
    }
}
