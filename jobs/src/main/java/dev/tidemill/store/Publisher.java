package dev.tidemill.store;

import java.time.OffsetDateTime;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Makes versions visible and takes them away, each time in one transaction for chunks, vectors, text
/// index, embedding cache and term counts: a query sees a document's old version or its new one, never
/// both and never half of one. What a version was and from when to when it was valid stays for queries of the past,
/// until it is pruned.
public final class Publisher {

    private final JdbcClient jdbc;

    public Publisher(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /// A version taken out of or into the corpus.
    private record Version(long id, UUID documentId) {}

    /// Publishes versions whose chunks all have their vectors, in the caller's transaction.
    ///
    /// @param before publish versions with smaller ids only
    /// @param limit most versions at once
    /// @return how many were published
    public int publish(SourceScope scope, long before, int limit) {
        List<Version> ready = jdbc.sql("""
                        SELECT id, document_id FROM document_versions
                        WHERE workspace_id = :workspace AND source_id = :source AND state = 'extracted' AND id < :before
                        ORDER BY id LIMIT :limit
                        """)
                .param("workspace", scope.workspaceId())
                .param("source", scope.sourceId())
                .param("before", before)
                .param("limit", limit)
                .query((row, n) -> new Version(row.getLong("id"), row.getObject("document_id", UUID.class)))
                .list();
        if (!ready.isEmpty()) {
            replace(scope, ids(ready), documents(ready), null);
        }
        return ready.size();
    }

    /// From when on versions are valid whose chunks are written as published before they are. Ask for it with the rows
    /// of their documents locked: whatever was valid of them before has ended earlier.
    public OffsetDateTime instant() {
        return jdbc.sql("SELECT clock_timestamp()").query(OffsetDateTime.class).single();
    }

    /// Publishes these versions, whose chunks all have their vectors and are valid already, in the caller's
    /// transaction.
    ///
    /// @param documents those that they are versions of
    /// @param at from when on their chunks are valid
    public void publish(SourceScope scope, List<Long> versions, List<UUID> documents, OffsetDateTime at) {
        if (!versions.isEmpty()) {
            replace(
                    scope,
                    versions.toArray(Long[]::new),
                    documents.stream().map(UUID::toString).sorted().toArray(String[]::new),
                    at);
        }
    }

    /// Takes documents out of the corpus, in the caller's transaction.
    public void retire(SourceScope scope, List<UUID> documents) {
        String[] ids = documents.stream().map(UUID::toString).toArray(String[]::new);
        OffsetDateTime at = replace(scope, new Long[0], ids, null);
        jdbc.sql("""
                        DELETE FROM document_versions
                        WHERE workspace_id = :workspace AND document_id = ANY (CAST(:documents AS uuid[]))
                          AND state IN ('discovered', 'extracted')
                        """)
                .param("workspace", scope.workspaceId())
                .param("documents", ids)
                .update();
        jdbc.sql("""
                        UPDATE documents SET deleted_at = :at, published_version = NULL
                        WHERE workspace_id = :workspace AND id = ANY (CAST(:documents AS uuid[])) AND deleted_at IS NULL
                        """)
                .param("at", at)
                .param("workspace", scope.workspaceId())
                .param("documents", ids)
                .update();
    }

    private static Long[] ids(List<Version> versions) {
        return versions.stream().map(Version::id).toArray(Long[]::new);
    }

    private static String[] documents(List<Version> versions) {
        Set<String> documents = new TreeSet<>();
        versions.forEach(version -> documents.add(version.documentId().toString()));
        return documents.toArray(String[]::new);
    }

    /// The new versions take the place of whatever the documents had published.
    ///
    /// @param given from when on it is to be so, null for from now on
    /// @return from when on it is so
    private OffsetDateTime replace(
            SourceScope scope, Long[] newVersions, String[] documents, @Nullable OffsetDateTime given) {
        // The first statement locks the project: publishing is serial, and shares the row lock with no writer of
        // chunks. The time is read once it has the lock: a transaction that began earlier and waited would else end
        // what is valid from later on, and the past would have a version of no time at all.
        OffsetDateTime locked = jdbc.sql("""
                        UPDATE projects SET corpus_generation = corpus_generation + 1, updated_at = now()
                        WHERE workspace_id = :workspace AND id = :project RETURNING clock_timestamp()
                        """)
                .param("workspace", scope.workspaceId())
                .param("project", scope.projectId())
                .query(OffsetDateTime.class)
                .single();
        OffsetDateTime at = given == null ? locked : given;
        countTerms(scope, newVersions, documents);
        List<Long> replaced = jdbc.sql("""
                        UPDATE document_versions SET state = 'superseded', valid_to = :at
                        WHERE workspace_id = :workspace AND document_id = ANY (CAST(:documents AS uuid[]))
                          AND state = 'published'
                        RETURNING id
                        """)
                .param("at", at)
                .param("workspace", scope.workspaceId())
                .param("documents", documents)
                .query((row, n) -> row.getLong("id"))
                .list();
        Long[] oldVersions = replaced.toArray(Long[]::new);
        if (oldVersions.length > 0) {
            jdbc.sql("""
                            UPDATE chunks SET valid_to = :at
                            WHERE workspace_id = :workspace AND version_id = ANY (:versions) AND valid_to IS NULL
                            """)
                    .param("at", at)
                    .param("workspace", scope.workspaceId())
                    .param("versions", oldVersions)
                    .update();
        }
        if (newVersions.length > 0) {
            show(scope, newVersions, at);
        }
        if (oldVersions.length > 0) {
            putAwayUnused(scope, oldVersions);
        }
        return at;
    }

    private void countTerms(SourceScope scope, Long[] newVersions, String[] documents) {
        // Ordered, so that two transactions never wait for each other in a circle.
        jdbc.sql("""
                        INSERT INTO lexemes (workspace_id, project_id, lexeme, chunks)
                        SELECT :workspace, :project, lexeme, sum(delta)
                        FROM (SELECT t.lexeme, 1 AS delta
                              FROM chunks c, unnest(c.tsv) t
                              WHERE c.workspace_id = :workspace AND c.version_id = ANY (:versions)
                              UNION ALL
                              SELECT t.lexeme, -1
                              FROM document_versions v
                              JOIN chunks c ON c.workspace_id = v.workspace_id AND c.version_id = v.id, unnest(c.tsv) t
                              WHERE v.workspace_id = :workspace AND v.document_id = ANY (CAST(:documents AS uuid[]))
                                AND v.state = 'published') changes
                        GROUP BY lexeme HAVING sum(delta) <> 0 ORDER BY lexeme
                        ON CONFLICT (workspace_id, project_id, lexeme) DO UPDATE
                        SET chunks = lexemes.chunks + excluded.chunks
                        """)
                .param("workspace", scope.workspaceId())
                .param("project", scope.projectId())
                .param("versions", newVersions)
                .param("documents", documents)
                .update();
    }

    private void show(SourceScope scope, Long[] versions, OffsetDateTime at) {
        jdbc.sql("""
                        UPDATE chunks SET valid_from = :at
                        WHERE workspace_id = :workspace AND version_id = ANY (:versions) AND valid_from IS NULL
                        """)
                .param("at", at)
                .param("workspace", scope.workspaceId())
                .param("versions", versions)
                .update();
        jdbc.sql("""
                        UPDATE document_versions SET state = 'published', valid_from = :at
                        WHERE workspace_id = :workspace AND id = ANY (:versions)
                        """)
                .param("at", at)
                .param("workspace", scope.workspaceId())
                .param("versions", versions)
                .update();
        jdbc.sql("""
                        UPDATE documents d SET published_version = v.version
                        FROM document_versions v
                        WHERE v.workspace_id = :workspace AND v.id = ANY (:versions)
                          AND d.workspace_id = v.workspace_id AND d.id = v.document_id
                        """)
                .param("workspace", scope.workspaceId())
                .param("versions", versions)
                .update();
    }

    /// Moves the vectors of texts that no live chunk of the project holds any more to those of the past, and deletes
    /// cached embeddings that none of the workspace does. Chunks that wait to be published count as holding theirs.
    private void putAwayUnused(SourceScope scope, Long[] oldVersions) {
        List<VectorSet> sets = jdbc.sql("""
                        SELECT %s FROM vector_sets s
                        WHERE s.workspace_id = :workspace AND s.project_id = :project AND s.state <> 'retired'
                        ORDER BY s.id FOR SHARE
                        """.formatted(VectorSet.COLUMNS))
                .param("workspace", scope.workspaceId())
                .param("project", scope.projectId())
                .query(VectorSet::read)
                .list();
        for (VectorSet set : sets) {
            jdbc.sql("""
                            WITH gone AS (
                              DELETE FROM %s x
                              USING (SELECT DISTINCT content_id FROM chunks
                                     WHERE workspace_id = :workspace AND version_id = ANY (:versions)) old
                              WHERE x.workspace_id = :workspace AND x.content_id = old.content_id
                                AND NOT EXISTS (SELECT FROM chunks c
                                                WHERE c.workspace_id = x.workspace_id AND c.content_id = x.content_id
                                                  AND c.project_id = :project AND c.valid_to IS NULL)
                              RETURNING x.content_id, x.embedding)
                            INSERT INTO past_vectors (workspace_id, set_id, content_id, embedding)
                            SELECT :workspace, :set, content_id, embedding::vector FROM gone ON CONFLICT DO NOTHING
                            """.formatted(set.table()))
                    .param("set", set.id())
                    .param("workspace", scope.workspaceId())
                    .param("project", scope.projectId())
                    .param("versions", oldVersions)
                    .update();
        }
        jdbc.sql("""
                        DELETE FROM embedding_cache e
                        USING (SELECT DISTINCT content_id FROM chunks
                               WHERE workspace_id = :workspace AND version_id = ANY (:versions)) old
                        WHERE e.workspace_id = :workspace AND e.content_id = old.content_id
                          AND NOT EXISTS (SELECT FROM chunks c
                                          WHERE c.workspace_id = e.workspace_id AND c.content_id = e.content_id
                                            AND c.valid_to IS NULL)
                        """)
                .param("workspace", scope.workspaceId())
                .param("versions", oldVersions)
                .update();
    }
}
