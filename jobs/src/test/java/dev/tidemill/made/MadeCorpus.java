package dev.tidemill.made;

import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Documents made of numbers, written past every job: as if they had been ingested long ago.
public final class MadeCorpus {

    /// The vector set that the texts of the first corpus have their vectors in.
    public static final String VECTORS = "vectors_1";

    private final JdbcClient owner;
    private final UUID workspaceId;

    public MadeCorpus(JobNode node) {
        this(node.owner, node.workspaceId);
    }

    public MadeCorpus(JdbcClient owner, UUID workspaceId) {
        this.owner = owner;
        this.workspaceId = workspaceId;
    }

    /// Makes documents `doc-1.md` and so on in the default project, each with some versions of some chunks. The newest
    /// version is published, each older one was superseded twenty days before the next.
    ///
    /// @param source its location
    public void documents(String source, int documents, int versions, int chunks) {
        documents("default", source, documents, versions, chunks);
    }

    public void documents(String project, String source, int documents, int versions, int chunks) {
        execute("""
                INSERT INTO sources (workspace_id, project_id, type, location)
                SELECT '$W', id, 'directory', '$S' FROM projects WHERE workspace_id = '$W' AND slug = '$P' ON CONFLICT DO NOTHING;
                INSERT INTO vector_sets (workspace_id, project_id, model, fingerprint, dimensions, state)
                SELECT '$W', id, 'made', 'made', 4, 'live' FROM projects
                WHERE workspace_id = '$W' AND slug = '$P' AND live_set_id IS NULL;
                UPDATE projects p SET live_set_id = s.id FROM vector_sets s
                WHERE s.workspace_id = p.workspace_id AND s.project_id = p.id AND p.live_set_id IS NULL AND s.state = 'live';
                DO $do$ DECLARE s record; BEGIN
                  FOR s IN SELECT id FROM vector_sets WHERE to_regclass('vectors_' || id) IS NULL AND state = 'live' LOOP
                    PERFORM create_vector_table(s.id, 4);
                  END LOOP;
                END $do$;
                CREATE TEMPORARY TABLE made AS
                  SELECT i, j, md5('$P$S' || i)::uuid AS document_id, 'doc-' || i || '.md' AS key,
                         'original of $S ' || i || ' version ' || j AS original, s.id AS source_id, s.project_id
                  FROM generate_series(1, $D) i, generate_series(1, $V) j, sources s JOIN projects p ON p.id = s.project_id
                  WHERE s.workspace_id = '$W' AND s.location = '$S' AND p.slug = '$P';
                INSERT INTO blobs (workspace_id, sha256, size, created_at)
                  SELECT '$W', sha256(convert_to(original, 'UTF8')), length(original), now() - interval '100 days' FROM made;
                INSERT INTO blob_parts (workspace_id, sha256, part, bytes)
                  SELECT '$W', sha256(convert_to(original, 'UTF8')), 0, convert_to(original, 'UTF8') FROM made;
                INSERT INTO documents (workspace_id, id, project_id, source_id, key, version, published_version, created_at)
                  SELECT '$W', document_id, project_id, source_id, key, $V, $V, now() - interval '100 days' FROM made WHERE j = 1;
                INSERT INTO document_versions (workspace_id, project_id, source_id, document_id, version, sha256, state, file_name,
                    media_type, title, profile, text_length, chunk_count, run_id, valid_from, valid_to, created_at)
                  SELECT '$W', project_id, source_id, document_id, j, sha256(convert_to(original, 'UTF8')),
                         CASE WHEN j = $V THEN 'published' ELSE 'superseded' END, key, 'text/markdown', 'Title ' || i, 'made', 100, $C, 0,
                         now() - ($V - j + 1) * interval '20 days', CASE WHEN j < $V THEN now() - ($V - j) * interval '20 days' END,
                         now() - ($V - j + 1) * interval '20 days' FROM made;
                CREATE TEMPORARY TABLE made_chunks AS
                  SELECT m.*, c, v.id AS version_id, 'word' || i || ' tide ' || m.key || ' version ' || j || ' part ' || c AS text
                  FROM made m JOIN document_versions v ON v.document_id = m.document_id AND v.version = m.j,
                       generate_series(0, $C - 1) c;
                INSERT INTO document_texts (workspace_id, version_id, start_offset, text)
                  SELECT '$W', version_id, 0, string_agg(text, E'\\n' ORDER BY c) FROM made_chunks GROUP BY version_id;
                INSERT INTO chunks (workspace_id, project_id, document_id, version_id, ordinal, content_id, header, text, heading_path,
                    start_offset, end_offset, tokens, run_id, valid_from, valid_to)
                  SELECT '$W', project_id, document_id, version_id, c, substr(encode(sha256(convert_to(text, 'UTF8')), 'hex'), 1, 32)::uuid,
                         '', text, '{}', c * 1000, c * 1000 + length(text), 10, 0, now() - ($V - j + 1) * interval '20 days',
                         CASE WHEN j < $V THEN now() - ($V - j) * interval '20 days' END FROM made_chunks;
                INSERT INTO embedding_cache (workspace_id, fingerprint, content_id, embedding, created_at)
                  SELECT '$W', 'made', substr(encode(sha256(convert_to(text, 'UTF8')), 'hex'), 1, 32)::uuid,
                         '\\x3f800000000000000000000000000000', now() - interval '100 days'
                  FROM made_chunks WHERE j = $V ON CONFLICT DO NOTHING;
                DO $do$ DECLARE s record; BEGIN
                  FOR s IN SELECT v.id, v.project_id FROM vector_sets v JOIN projects p ON p.live_set_id = v.id
                           WHERE p.workspace_id = '$W' AND p.slug = '$P' LOOP
                    EXECUTE format('INSERT INTO %I (workspace_id, content_id, embedding) SELECT DISTINCT ON (content_id) workspace_id,
                        content_id, (''[1,'' || ordinal || '','' || length(text) || '',0]'')::halfvec FROM chunks
                        WHERE project_id = $1 AND valid_to IS NULL AND valid_from IS NOT NULL ON CONFLICT DO NOTHING',
                      'vectors_' || s.id) USING s.project_id;
                    INSERT INTO past_vectors (workspace_id, set_id, content_id, embedding)
                    SELECT DISTINCT ON (content_id) workspace_id, s.id, content_id, ('[1,' || ordinal || ',' || length(text) || ',0]')::vector
                    FROM chunks c WHERE project_id = s.project_id AND valid_to IS NOT NULL ON CONFLICT DO NOTHING;
                  END LOOP;
                END $do$;
                DELETE FROM lexemes;
                INSERT INTO lexemes (workspace_id, project_id, lexeme, chunks)
                  SELECT workspace_id, project_id, t.lexeme, count(*) FROM chunks, unnest(tsv) t
                  WHERE valid_from IS NOT NULL AND valid_to IS NULL GROUP BY 1, 2, 3;
                DROP TABLE made, made_chunks
                """.replace("$W", workspaceId.toString())
                .replace("$S", source)
                .replace("$P", project)
                .replace("$D", Integer.toString(documents))
                .replace("$V", Integer.toString(versions))
                .replace("$C", Integer.toString(chunks)));
    }

    private void execute(String statements) {
        // As one, on one connection: the temporary tables are its own.
        owner.sql(statements).update();
    }
}
