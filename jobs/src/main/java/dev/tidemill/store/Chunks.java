package dev.tidemill.store;

import dev.tidemill.document.Chunk;
import dev.tidemill.document.ContentHash;
import java.io.IOException;
import java.util.Iterator;
import java.util.UUID;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcTemplate;

/// Writes the text and the chunks of a version with COPY. COPY is refused on a table with row-level
/// security, so the rows go through temporary tables that empty themselves at the end of the
/// transaction.
public final class Chunks {

    private final JdbcTemplate jdbc;

    public Chunks(JdbcTemplate jdbc) {
        this.jdbc = jdbc;
    }

    /// One part of a canonical text.
    ///
    /// @param start its first code point
    public record TextPart(int start, String text) {}

    /// Stores the chunks of a version in the caller's transaction, one at a time: memory does not grow with their
    /// number.
    public void write(SourceScope scope, UUID documentId, long versionId, long runId, Iterator<Chunk> chunks) {
        jdbc.execute("""
                CREATE TEMPORARY TABLE IF NOT EXISTS staged_chunks (
                    version_id bigint, ordinal integer, content_id uuid, header text, text text, heading_path text[],
                    start_offset integer, end_offset integer, tokens integer, first_page integer, last_page integer,
                    start_millis bigint, end_millis bigint)
                ON COMMIT DELETE ROWS
                """);
        copy("staged_chunks", copy -> {
            while (chunks.hasNext()) {
                Chunk c = chunks.next();
                copy.row(13)
                        .int8(versionId)
                        .int4(c.ordinal())
                        .uuid(ContentHash.of(c.embeddedText()).toUuid())
                        .text(c.header())
                        .text(c.text())
                        .texts(c.headingPath())
                        .int4(c.start())
                        .int4(c.end())
                        .int4(c.tokens())
                        .int4(c.firstPage())
                        .int4(c.lastPage())
                        .int8(c.startMillis())
                        .int8(c.endMillis());
            }
        });
        jdbc.update("""
                INSERT INTO chunks (workspace_id, project_id, document_id, version_id, ordinal, content_id, header, text,
                    heading_path, start_offset, end_offset, tokens, first_page, last_page, start_millis, end_millis, run_id)
                SELECT ?, ?, ?, version_id, ordinal, content_id, header, text,
                    heading_path, start_offset, end_offset, tokens, first_page, last_page, start_millis, end_millis, ?
                FROM staged_chunks WHERE version_id = ? ORDER BY ordinal
                """, scope.workspaceId(), scope.projectId(), documentId, runId, versionId);
    }

    /// Stores the canonical text of a version in the caller's transaction.
    public void writeText(SourceScope scope, long versionId, Iterator<TextPart> parts) {
        jdbc.execute("""
                CREATE TEMPORARY TABLE IF NOT EXISTS staged_texts (version_id bigint, start_offset integer, text text)
                ON COMMIT DELETE ROWS
                """);
        copy("staged_texts", copy -> {
            while (parts.hasNext()) {
                TextPart part = parts.next();
                copy.row(3).int8(versionId).int4(part.start()).text(part.text());
            }
        });
        jdbc.update("""
                INSERT INTO document_texts (workspace_id, version_id, start_offset, text)
                SELECT ?, version_id, start_offset, text FROM staged_texts WHERE version_id = ?
                """, scope.workspaceId(), versionId);
    }

    private void copy(String table, Rows rows) {
        jdbc.execute((ConnectionCallback<Boolean>) connection -> {
            try (BinaryCopy copy = new BinaryCopy(connection, table)) {
                rows.writeTo(copy);
                return true;
            } catch (IOException e) {
                throw new DataAccessResourceFailureException("COPY into " + table + " broke off", e);
            }
        });
    }

    private interface Rows {
        void writeTo(BinaryCopy copy) throws IOException;
    }
}
