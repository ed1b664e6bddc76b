package dev.tidemill.store;

import java.util.Optional;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The stored canonical text of document versions.
public final class Texts {

    private final Workspaces workspaces;
    private final JdbcClient jdbc;

    public Texts(Workspaces workspaces, JdbcClient jdbc) {
        this.workspaces = workspaces;
        this.jdbc = jdbc;
    }

    /// The canonical text from code point `start` to `end` of one version, empty when there is no such version or
    /// span.
    public Optional<String> slice(UUID workspaceId, UUID documentId, int version, int start, int end) {
        if (start < 0 || end <= start) {
            return Optional.empty();
        }
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT string_agg(substr(t.text, greatest(:start - t.start_offset, 0) + 1,
                                 :end - greatest(:start, t.start_offset)), '' ORDER BY t.start_offset)
                        FROM document_versions v
                        JOIN document_texts t ON t.workspace_id = v.workspace_id AND t.version_id = v.id
                        WHERE v.workspace_id = :workspace AND v.document_id = :document AND v.version = :version
                          AND t.start_offset < :end AND t.start_offset + length(t.text) > :start
                        """)
                        .param("workspace", workspaceId)
                        .param("document", documentId)
                        .param("version", version)
                        .param("start", start)
                        .param("end", end)
                        .query((row, number) -> Optional.ofNullable(row.getString(1)))
                        .single()
                        .filter(text -> text.codePointCount(0, text.length()) == end - start));
    }
}
