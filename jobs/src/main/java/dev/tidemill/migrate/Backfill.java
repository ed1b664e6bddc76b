package dev.tidemill.migrate;

import java.util.List;

/// Data that belongs to a change set: what is still to be filled in, and how. Both statements see one workspace.
///
/// @param changeSet its id, as in the table `backfills`
/// @param pending finds rows after `:after` by their number, `:limit` at most
/// @param left counts them
/// @param fill fills the rows of `:ids` in; what is filled in already it leaves alone
record Backfill(String changeSet, String pending, String left, String fill) {

    /// Tokens of document versions from before there was a column for them.
    private static final Backfill VERSION_TOKENS = new Backfill("122-version-tokens", """
            SELECT id FROM document_versions
            WHERE workspace_id = :workspace AND tokens IS NULL AND chunk_count IS NOT NULL AND id > :after ORDER BY id LIMIT :limit
            """, """
            SELECT count(*) FROM document_versions
            WHERE workspace_id = :workspace AND tokens IS NULL AND chunk_count IS NOT NULL
            """, """
            UPDATE document_versions v
            SET tokens = (SELECT coalesce(sum(c.tokens), 0) FROM chunks c
                          WHERE c.workspace_id = v.workspace_id AND c.version_id = v.id)
            WHERE v.workspace_id = :workspace AND v.id = ANY (CAST(:ids AS bigint[])) AND v.tokens IS NULL
            """);

    /// In the order in which they are done.
    static List<Backfill> all() {
        return List.of(VERSION_TOKENS);
    }
}
