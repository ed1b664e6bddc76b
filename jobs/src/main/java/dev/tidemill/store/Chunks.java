package dev.tidemill.store;

import dev.tidemill.document.Chunk;
import dev.tidemill.document.ContentHash;
import java.time.OffsetDateTime;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcTemplate;

/// Writes texts and chunks of versions with COPY, one row at a time: memory does not grow with their
/// number. All versions of a transaction are written at once, as each COPY costs more than a few rows.
public final class Chunks {

    private final JdbcTemplate jdbc;
    private final Staging staging;

    public Chunks(JdbcTemplate jdbc) {
        this.jdbc = jdbc;
        this.staging = new Staging(jdbc);
    }

    /// One part of the canonical text of a version.
    ///
    /// @param start its first code point
    public record TextPart(long versionId, int start, String text) {}

    /// A chunk of a version.
    public record VersionChunk(UUID documentId, long versionId, Chunk chunk) {}

    /// Stores chunks in the caller's transaction.
    public void write(SourceScope scope, long runId, Stream<VersionChunk> chunks) {
        write(scope, runId, chunks, null);
    }

    /// Stores chunks whose versions are published in the same transaction, so that each row is written once.
    ///
    /// @param validFrom as [Publisher#instant] gave it and as their versions are then published
    public void writePublished(SourceScope scope, long runId, OffsetDateTime validFrom, Stream<VersionChunk> chunks) {
        write(scope, runId, chunks, validFrom);
    }

    private void write(SourceScope scope, long runId, Stream<VersionChunk> chunks, @Nullable OffsetDateTime validFrom) {
        staging.copy("staged_chunks", """
                document_id uuid, version_id bigint, ordinal integer, content_id uuid, header text, text text,
                heading_path text[], start_offset integer, end_offset integer, tokens integer, first_page integer,
                last_page integer, start_millis bigint, end_millis bigint""", chunks, (copy, row) -> {
            Chunk c = row.chunk();
            copy.row(14)
                    .uuid(row.documentId())
                    .int8(row.versionId())
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
        });
        jdbc.update("""
                INSERT INTO chunks (workspace_id, project_id, document_id, version_id, ordinal, content_id, header, text,
                    heading_path, start_offset, end_offset, tokens, first_page, last_page, start_millis, end_millis, run_id, valid_from)
                SELECT ?, ?, document_id, version_id, ordinal, content_id, header, text,
                    heading_path, start_offset, end_offset, tokens, first_page, last_page, start_millis, end_millis, ?, CAST(? AS timestamptz)
                FROM pg_temp.staged_chunks ORDER BY version_id, ordinal
                """, scope.workspaceId(), scope.projectId(), runId, validFrom);
        jdbc.update("DELETE FROM pg_temp.staged_chunks");
    }

    /// Stores parts of canonical texts in the caller's transaction.
    public void writeTexts(SourceScope scope, Stream<TextPart> parts) {
        staging.copy(
                "staged_texts",
                "version_id bigint, start_offset integer, text text",
                parts,
                (copy, part) ->
                        copy.row(3).int8(part.versionId()).int4(part.start()).text(part.text()));
        jdbc.update("""
                INSERT INTO document_texts (workspace_id, version_id, start_offset, text)
                SELECT ?, version_id, start_offset, text FROM pg_temp.staged_texts
                """, scope.workspaceId());
        jdbc.update("DELETE FROM pg_temp.staged_texts");
    }
}
