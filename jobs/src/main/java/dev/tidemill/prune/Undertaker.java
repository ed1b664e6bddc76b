package dev.tidemill.prune;

import dev.tidemill.run.HistoryPurge;
import dev.tidemill.store.Past;
import dev.tidemill.store.Past.Leaving;
import dev.tidemill.store.Publisher;
import dev.tidemill.store.SourceScope;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Deletes, in the caller's transaction within the workspace. What is deleted is judged once more first: with the
/// projects' rows locked, no hold can be placed and nothing published in between.
final class Undertaker {

    private final JdbcClient jdbc;
    private final Remains remains;
    private final Publisher publisher;
    private final HistoryPurge history;
    private final Past past;

    Undertaker(JdbcClient jdbc, Remains remains, Publisher publisher, HistoryPurge history) {
        this.jdbc = jdbc;
        this.remains = remains;
        this.publisher = publisher;
        this.history = history;
        this.past = new Past(jdbc);
    }

    /// Deletes what of the keys may still go.
    ///
    /// @return how many of the keys were deleted; the others may not go any more
    int delete(PruneScope scope, PruneKind kind, List<String> keys) {
        switch (kind) {
            case EXPIRED, DOCUMENTS -> lockProjects(scope.workspaceId(), """
                    SELECT project_id FROM documents WHERE workspace_id = :workspace AND id::text = ANY (:keys)""", keys);
            case VERSIONS -> lockProjects(scope.workspaceId(), """
                    SELECT project_id FROM document_versions WHERE workspace_id = :workspace AND id::text = ANY (:keys)""", keys);
            // A hold takes the rows for itself, so it waits for this, and this for it; who publishes does not.
            case LETTERS, EVALUATIONS, ASKED ->
                jdbc.sql("SELECT id FROM projects WHERE workspace_id = :workspace ORDER BY id FOR KEY SHARE")
                        .param("workspace", scope.workspaceId())
                        .query(UUID.class)
                        .list();
            // Never on hold: made anew from what is kept, or of the workspace and not of a project.
            case BLOBS, CACHE, HISTORY, PLANS, FIRES, QUERIES, USAGE, SETS -> {}
        }
        List<String> still = remains.still(scope, kind, keys);
        if (!still.isEmpty()) {
            remove(scope.workspaceId(), kind, still);
        }
        return still.size();
    }

    private void remove(UUID workspaceId, PruneKind kind, List<String> keys) {
        switch (kind) {
            case EXPIRED -> retire(workspaceId, keys);
            case VERSIONS -> {
                Leaving leaving = past.leaving(
                        workspaceId, keys.stream().map(Long::valueOf).toList());
                execute(workspaceId, keys, """
                        DELETE FROM document_versions WHERE workspace_id = :workspace AND id = ANY (CAST(:keys AS bigint[]))""");
                past.left(workspaceId, leaving);
            }
            case DOCUMENTS -> {
                Leaving leaving = past.leavingOf(
                        workspaceId, keys.stream().map(UUID::fromString).toList());
                execute(workspaceId, keys, """
                        DELETE FROM documents WHERE workspace_id = :workspace AND id = ANY (CAST(:keys AS uuid[]))""");
                past.left(workspaceId, leaving);
            }
            case BLOBS -> execute(workspaceId, keys, """
                    DELETE FROM blobs WHERE workspace_id = :workspace
                      AND sha256 IN (SELECT decode(k, 'hex') FROM unnest(CAST(:keys AS text[])) AS keys (k))""");
            case CACHE -> execute(workspaceId, keys, """
                    DELETE FROM embedding_cache e USING unnest(CAST(:keys AS text[])) AS keys (k)
                    WHERE e.workspace_id = :workspace AND e.content_id = CAST(split_part(k, '/', 1) AS uuid)
                      AND e.fingerprint = substr(k, strpos(k, '/') + 1)""");
            case LETTERS -> execute(workspaceId, keys, """
                    DELETE FROM dead_letters WHERE workspace_id = :workspace AND id = ANY (CAST(:keys AS bigint[]))""");
            case HISTORY ->
                history.deleteLaunches(keys.stream().map(Long::valueOf).toList());
            case PLANS -> execute(workspaceId, keys, """
                    DELETE FROM plans WHERE workspace_id = :workspace AND id = ANY (CAST(:keys AS uuid[]))""");
            case FIRES -> execute(workspaceId, keys, """
                    DELETE FROM schedule_fires WHERE workspace_id = :workspace
                      AND schedule || chr(31) || fire = ANY (CAST(:keys AS text[]))""");
            case QUERIES -> execute(workspaceId, keys, """
                    DELETE FROM history WHERE workspace_id = :workspace AND id = ANY (CAST(:keys AS bigint[]))""");
            case USAGE -> execute(workspaceId, keys, """
                    DELETE FROM usage_counters WHERE workspace_id = :workspace AND day = ANY (CAST(:keys AS date[]))""");
            case EVALUATIONS -> execute(workspaceId, keys, """
                    DELETE FROM evaluation_runs WHERE workspace_id = :workspace AND id = ANY (CAST(:keys AS bigint[]))""");
            case ASKED -> execute(workspaceId, keys, """
                    DELETE FROM asked_questions q USING unnest(CAST(:keys AS text[])) AS keys (k)
                    WHERE q.workspace_id = :workspace AND q.project_id = CAST(split_part(k, '/', 1) AS uuid)
                      AND q.question_id = CAST(split_part(k, '/', 2) AS uuid)""");
            case SETS -> keys.forEach(key -> dropSet(workspaceId, Long.parseLong(key)));
        }
    }

    private void execute(UUID workspaceId, List<String> keys, String sql) {
        jdbc.sql(sql)
                .param("workspace", workspaceId)
                .param("keys", keys.toArray(String[]::new))
                .update();
    }

    /// In the order of their ids, as everybody does who locks several.
    private void lockProjects(UUID workspaceId, String projects, List<String> keys) {
        jdbc.sql("SELECT id FROM projects WHERE workspace_id = :workspace AND id IN (" + projects
                        + ") ORDER BY id FOR UPDATE")
                .param("workspace", workspaceId)
                .param("keys", keys.toArray(String[]::new))
                .query(UUID.class)
                .list();
    }

    private record Member(UUID id, UUID projectId, UUID sourceId) {}

    private void retire(UUID workspaceId, List<String> keys) {
        Map<SourceScope, List<UUID>> bySource = new LinkedHashMap<>();
        jdbc.sql("""
                        SELECT id, project_id, source_id FROM documents
                        WHERE workspace_id = :workspace AND id = ANY (CAST(:keys AS uuid[])) ORDER BY project_id, source_id, id
                        """)
                .param("workspace", workspaceId)
                .param("keys", keys.toArray(String[]::new))
                .query(Member.class)
                .list()
                .forEach(member -> bySource.computeIfAbsent(
                                new SourceScope(workspaceId, member.projectId(), member.sourceId()),
                                scope -> new java.util.ArrayList<>())
                        .add(member.id()));
        bySource.forEach(publisher::retire);
        // Words that no chunk holds any more say what was in the documents.
        jdbc.sql("DELETE FROM lexemes WHERE workspace_id = :workspace AND chunks <= 0")
                .param("workspace", workspaceId)
                .update();
    }

    private void dropSet(UUID workspaceId, long id) {
        jdbc.sql(
                        "UPDATE vector_sets SET state = 'retired' WHERE workspace_id = :workspace AND id = :id AND state <> 'retired'")
                .param("workspace", workspaceId)
                .param("id", id)
                .update();
        past.retired(workspaceId, id);
        jdbc.sql("SELECT drop_retired_vectors(:id)::text")
                .param("id", id)
                .query(String.class)
                .optional();
    }
}
