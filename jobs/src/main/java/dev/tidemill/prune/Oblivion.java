package dev.tidemill.prune;

import dev.tidemill.run.Audit;
import dev.tidemill.store.Past;
import dev.tidemill.store.Publisher;
import dev.tidemill.store.SourceScope;
import dev.tidemill.store.Workspaces;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/// The rows of a request to forget: finds its documents, erases them, and writes the receipt. Writing methods join the
/// caller's transaction within the workspace.
final class Oblivion {

    /// Ids that the catalogue can hold, in whatever set: sets of every state may still have their table.
    private static final String VECTOR_TABLES = """
            SELECT s.id, s.project_id FROM vector_sets s
            WHERE s.workspace_id = :workspace AND to_regclass('vectors_' || s.id) IS NOT NULL ORDER BY s.id
            """;

    private static final String MATCHES = """
            (position(lower(:needle) IN lower(d.key)) > 0
             OR EXISTS (SELECT FROM document_versions v WHERE v.workspace_id = d.workspace_id AND v.document_id = d.id AND (
               position(lower(:needle) IN lower(v.file_name || ' ' || coalesce(v.title, ''))) > 0
               OR position(lower(trim(BOTH '"' FROM to_json(CAST(:needle AS text))::text)) IN lower(v.metadata::text)) > 0
               OR EXISTS (SELECT FROM document_texts t WHERE t.workspace_id = v.workspace_id AND t.version_id = v.id
                          AND position(lower(:needle) IN lower(t.text)) > 0)
               OR EXISTS (SELECT FROM blob_parts b WHERE b.workspace_id = v.workspace_id AND b.sha256 = v.sha256
                          AND position(convert_to(:needle, 'UTF8') IN b.bytes) > 0)))
             OR EXISTS (SELECT FROM chunks c WHERE c.workspace_id = d.workspace_id AND c.document_id = d.id AND (
               position(lower(:needle) IN lower(c.header || ' ' || c.text)) > 0
               OR position(lower(:needle) IN lower(array_to_string(c.heading_path, ' '))) > 0)))
            """;

    private static final String HELD = """
            EXISTS (SELECT FROM legal_holds o
              WHERE o.workspace_id = d.workspace_id AND o.project_id = d.project_id AND o.released_at IS NULL
                AND (o.source_id IS NULL OR o.source_id = d.source_id) AND (o.document_id IS NULL OR o.document_id = d.id))
            """;

    private final Workspaces workspaces;
    private final JdbcClient jdbc;
    private final Publisher publisher;
    private final Past past;

    Oblivion(Workspaces workspaces, JdbcClient jdbc) {
        this.workspaces = workspaces;
        this.jdbc = jdbc;
        this.publisher = new Publisher(jdbc);
        this.past = new Past(jdbc);
    }

    /// A request.
    ///
    /// @param needle null once it is forgotten
    record Request(
            UUID id,
            String kind,
            @Nullable UUID sourceId,
            @Nullable UUID documentId,
            @Nullable String needle,
            String state) {

        boolean ofText() {
            return kind.equals("text");
        }

        String text() {
            if (needle == null) {
                throw new IllegalStateException("receipt " + id + " is done: what it was about is forgotten");
            }
            return needle;
        }
    }

    Optional<Request> find(UUID workspaceId, UUID id) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT id, kind, source_id, document_id, needle, state FROM forget_receipts
                        WHERE workspace_id = :workspace AND id = :id
                        """)
                        .param("workspace", workspaceId)
                        .param("id", id)
                        .query(Request.class)
                        .optional());
    }

    /// The documents that the request is about, in the order of their ids, after the given one.
    ///
    /// @param held whether those on hold are asked for, or those that are not
    List<UUID> documents(UUID workspaceId, Request request, boolean held, @Nullable UUID after, int limit) {
        Map<String, @Nullable Object> parameters = new HashMap<>();
        parameters.put("workspace", workspaceId);
        parameters.put("after", after == null ? "00000000-0000-0000-0000-000000000000" : after.toString());
        parameters.put("limit", limit);
        parameters.put("needle", request.text());
        parameters.put("source", request.sourceId());
        parameters.put("document", request.documentId());
        String which = switch (request.kind()) {
            case "document" -> "d.id = :document";
            case "source" -> "d.source_id = :source";
            default -> MATCHES;
        };
        return workspaces.callAlone(
                workspaceId,
                () -> jdbc.sql(
                                "SELECT d.id FROM documents d WHERE d.workspace_id = :workspace AND d.id > CAST(:after AS uuid) AND "
                                        + which + (held ? " AND " : " AND NOT ") + HELD + " ORDER BY d.id LIMIT :limit")
                        .params(parameters)
                        .query(UUID.class)
                        .list());
    }

    void note(UUID workspaceId, Request request, List<UUID> documents) {
        jdbc.sql("""
                        INSERT INTO forget_documents (workspace_id, receipt_id, document_id)
                        SELECT :workspace, :receipt, q.id FROM unnest(CAST(:documents AS uuid[])) AS q (id) ON CONFLICT DO NOTHING
                        """)
                .param("workspace", workspaceId)
                .param("receipt", request.id())
                .param("documents", documents.stream().map(UUID::toString).toArray(String[]::new))
                .update();
    }

    long countOpen(UUID workspaceId, Request request) {
        return workspaces.callAlone(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT count(*) FROM forget_documents
                        WHERE workspace_id = :workspace AND receipt_id = :receipt AND content_ids IS NULL
                        """)
                        .param("workspace", workspaceId)
                        .param("receipt", request.id())
                        .query(Long.class)
                        .single());
    }

    List<UUID> open(UUID workspaceId, Request request, @Nullable UUID after, int limit) {
        return workspaces.callAlone(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT document_id FROM forget_documents
                        WHERE workspace_id = :workspace AND receipt_id = :receipt AND content_ids IS NULL
                          AND document_id > CAST(:after AS uuid) ORDER BY document_id LIMIT :limit
                        """)
                        .param("workspace", workspaceId)
                        .param("receipt", request.id())
                        .param("after", after == null ? "00000000-0000-0000-0000-000000000000" : after.toString())
                        .param("limit", limit)
                        .query(UUID.class)
                        .list());
    }

    private record Member(UUID projectId, UUID sourceId, String key) {}

    /// Erases a document: chunks, vectors of every set, text index, cache, original, dead letters.
    ///
    /// @return rows removed by kind
    Map<String, Long> erase(UUID workspaceId, Request request, UUID document) {
        Map<String, Long> removed = new LinkedHashMap<>();
        Optional<Member> found = jdbc.sql("""
                        SELECT project_id, source_id, key FROM documents WHERE workspace_id = :workspace AND id = :document
                        """)
                .param("workspace", workspaceId)
                .param("document", document)
                .query(Member.class)
                .optional();
        UUID[] contents = {};
        if (found.isPresent()) {
            Member member = found.get();
            contents = jdbc.sql(
                            "SELECT DISTINCT content_id FROM chunks WHERE workspace_id = :workspace AND document_id = :document")
                    .param("workspace", workspaceId)
                    .param("document", document)
                    .query(UUID.class)
                    .list()
                    .toArray(UUID[]::new);
            Map<String, Long> before = embedded(workspaceId, contents);
            // Locks the project's row: nothing is published or put on hold in between.
            publisher.retire(new SourceScope(workspaceId, member.projectId(), member.sourceId()), List.of(document));
            removed.put(
                    "chunks",
                    count(
                            workspaceId,
                            document,
                            "SELECT count(*) FROM chunks WHERE workspace_id = :workspace AND document_id = :document"));
            removed.put(
                    "versions",
                    count(
                            workspaceId,
                            document,
                            "SELECT count(*) FROM document_versions WHERE workspace_id = :workspace AND document_id = :document"));
            removed.put("letters", letters(workspaceId, document, member));
            List<byte[]> originals = jdbc.sql(
                            "SELECT DISTINCT sha256 FROM document_versions WHERE workspace_id = :workspace AND document_id = :document")
                    .param("workspace", workspaceId)
                    .param("document", document)
                    .query((row, n) -> row.getBytes(1))
                    .list();
            Past.Leaving leaving = past.leavingOf(workspaceId, List.of(document));
            removed.put("documents", (long)
                    jdbc.sql("DELETE FROM documents WHERE workspace_id = :workspace AND id = :document")
                            .param("workspace", workspaceId)
                            .param("document", document)
                            .update());
            removed.put("originals", originals(workspaceId, originals));
            past.left(workspaceId, leaving);
            vectors(workspaceId, contents);
            cached(workspaceId, contents);
            Map<String, Long> after = embedded(workspaceId, contents);
            before.forEach((kind, rows) -> removed.put(kind, rows - after.getOrDefault(kind, 0L)));
            jdbc.sql("DELETE FROM lexemes WHERE workspace_id = :workspace AND project_id = :project AND chunks <= 0")
                    .param("workspace", workspaceId)
                    .param("project", member.projectId())
                    .update();
        }
        done(workspaceId, request, document, contents);
        return removed;
    }

    private long count(UUID workspaceId, UUID document, String sql) {
        return jdbc.sql(sql)
                .param("workspace", workspaceId)
                .param("document", document)
                .query(Long.class)
                .single();
    }

    private long letters(UUID workspaceId, UUID document, Member member) {
        return jdbc.sql("""
                        DELETE FROM dead_letters WHERE workspace_id = :workspace AND (item_key = :item OR version_id IN (
                          SELECT id FROM document_versions WHERE workspace_id = :workspace AND document_id = :document))
                        """)
                .param("workspace", workspaceId)
                .param("item", member.sourceId() + "/" + member.key())
                .param("document", document)
                .update();
    }

    private long originals(UUID workspaceId, List<byte[]> hashes) {
        long removed = 0;
        for (byte[] hash : hashes) {
            removed += jdbc.sql("""
                            DELETE FROM blobs b WHERE b.workspace_id = :workspace AND b.sha256 = :hash AND NOT EXISTS (
                              SELECT FROM document_versions v WHERE v.workspace_id = b.workspace_id AND v.sha256 = b.sha256)
                            """)
                    .param("workspace", workspaceId)
                    .param("hash", hash)
                    .update();
        }
        return removed;
    }

    private record VectorTable(long id, UUID projectId) {}

    /// How many vectors and cached embeddings there are of these texts.
    private Map<String, Long> embedded(UUID workspaceId, UUID[] contents) {
        Map<String, Long> rows = new LinkedHashMap<>();
        for (VectorTable table : tables(workspaceId)) {
            rows.merge("vectors", of(workspaceId, contents, "vectors_" + table.id()), Long::sum);
        }
        rows.put("pastVectors", of(workspaceId, contents, "past_vectors"));
        rows.put("cached", of(workspaceId, contents, "embedding_cache"));
        return rows;
    }

    private long of(UUID workspaceId, UUID[] contents, String table) {
        return jdbc.sql("SELECT count(*) FROM " + table
                        + " WHERE workspace_id = :workspace AND content_id = ANY (:contents)")
                .param("workspace", workspaceId)
                .param("contents", contents)
                .query(Long.class)
                .single();
    }

    private void vectors(UUID workspaceId, UUID[] contents) {
        for (VectorTable table : tables(workspaceId)) {
            // The name is made of a number, so nothing else can come into the SQL.
            jdbc.sql("""
                            DELETE FROM vectors_%d x WHERE x.workspace_id = :workspace AND x.content_id = ANY (:contents)
                              AND NOT EXISTS (SELECT FROM chunks c WHERE c.workspace_id = x.workspace_id AND c.project_id = :project
                                AND c.content_id = x.content_id)
                            """.formatted(table.id()))
                    .param("workspace", workspaceId)
                    .param("contents", contents)
                    .param("project", table.projectId())
                    .update();
        }
    }

    private List<VectorTable> tables(UUID workspaceId) {
        return jdbc.sql(VECTOR_TABLES)
                .param("workspace", workspaceId)
                .query((row, n) -> new VectorTable(row.getLong("id"), row.getObject("project_id", UUID.class)))
                .list();
    }

    private void cached(UUID workspaceId, UUID[] contents) {
        jdbc.sql("""
                        DELETE FROM embedding_cache e WHERE e.workspace_id = :workspace AND e.content_id = ANY (:contents)
                          AND NOT EXISTS (SELECT FROM chunks c WHERE c.workspace_id = e.workspace_id AND c.content_id = e.content_id)
                        """)
                .param("workspace", workspaceId)
                .param("contents", contents)
                .update();
    }

    private void done(UUID workspaceId, Request request, UUID document, UUID[] contents) {
        jdbc.sql("""
                        UPDATE forget_documents SET content_ids = ARRAY(SELECT q.id FROM unnest(:contents) AS q (id)
                          WHERE NOT EXISTS (SELECT FROM chunks c WHERE c.workspace_id = :workspace AND c.content_id = q.id))
                        WHERE workspace_id = :workspace AND receipt_id = :receipt AND document_id = :document
                        """)
                .param("contents", contents)
                .param("workspace", workspaceId)
                .param("receipt", request.id())
                .param("document", document)
                .update();
    }

    /// Adds to what the receipt says was removed.
    void count(UUID workspaceId, Request request, Map<String, Long> removed) {
        String before = jdbc.sql(
                        "SELECT removed::text FROM forget_receipts WHERE workspace_id = :workspace AND id = :receipt FOR UPDATE")
                .param("workspace", workspaceId)
                .param("receipt", request.id())
                .query(String.class)
                .single();
        Map<String, Long> all =
                JsonMapper.shared().readValue(before, new TypeReference<LinkedHashMap<String, Long>>() {});
        removed.forEach((kind, rows) -> {
            if (rows > 0) {
                all.merge(kind, rows, Long::sum);
            }
        });
        jdbc.sql(
                        "UPDATE forget_receipts SET removed = CAST(:removed AS jsonb) WHERE workspace_id = :workspace AND id = :receipt")
                .param("removed", JsonMapper.shared().writeValueAsString(all))
                .param("workspace", workspaceId)
                .param("receipt", request.id())
                .update();
    }

    /// The row of a source that is forgotten as a whole, and where it was.
    Optional<String> dropSource(UUID workspaceId, UUID source) {
        return jdbc.sql("DELETE FROM sources WHERE workspace_id = :workspace AND id = :source RETURNING location")
                .param("workspace", workspaceId)
                .param("source", source)
                .query(String.class)
                .optional();
    }

    Optional<String> location(UUID workspaceId, UUID source) {
        return jdbc.sql("SELECT location FROM sources WHERE workspace_id = :workspace AND id = :source")
                .param("workspace", workspaceId)
                .param("source", source)
                .query(String.class)
                .optional();
    }

    /// What is left of the documents and their texts, by place.
    Map<String, Long> left(UUID workspaceId, Request request) {
        Map<String, Long> left = new LinkedHashMap<>();
        Map<String, String> places = new LinkedHashMap<>();
        for (String table : List.of("chunks", "document_versions")) {
            places.put(
                    table,
                    "SELECT count(*) FROM " + table
                            + " x WHERE x.workspace_id = :workspace AND x.document_id IN (SELECT document_id FROM gone)");
        }
        places.put(
                "documents",
                "SELECT count(*) FROM documents x WHERE x.workspace_id = :workspace AND x.id IN (SELECT document_id FROM gone)");
        places.put(
                "embedding_cache",
                "SELECT count(*) FROM embedding_cache x JOIN contents c ON c.id = x.content_id WHERE x.workspace_id = :workspace");
        places.put(
                "past_vectors",
                "SELECT count(*) FROM past_vectors x JOIN contents c ON c.id = x.content_id WHERE x.workspace_id = :workspace");
        for (VectorTable table : tables(workspaceId)) {
            places.put(
                    "vectors_" + table.id(),
                    "SELECT count(*) FROM vectors_" + table.id()
                            + " x JOIN contents c ON c.id = x.content_id WHERE x.workspace_id = :workspace");
        }
        places.forEach((place, sql) -> {
            long rows = jdbc.sql("""
                            WITH gone AS (SELECT document_id, content_ids FROM forget_documents
                              WHERE workspace_id = :workspace AND receipt_id = :receipt),
                            contents AS (SELECT DISTINCT q.id FROM gone, unnest(gone.content_ids) AS q (id)
                              WHERE NOT EXISTS (SELECT FROM chunks k WHERE k.workspace_id = :workspace AND k.content_id = q.id))
                            """ + sql)
                    .param("workspace", workspaceId)
                    .param("receipt", request.id())
                    .query(Long.class)
                    .single();
            if (rows > 0) {
                left.put(place, rows);
            }
        });
        return left;
    }

    /// The receipt: what was looked for is no longer in it.
    void close(UUID workspaceId, Request request, String verification, Duration backups) {
        jdbc.sql("""
                        UPDATE forget_receipts SET state = 'done', needle = NULL, verification = :verification, traces = 0,
                          verified_at = clock_timestamp(), backups_expire_at = clock_timestamp() + :backups * interval '1 second'
                        WHERE workspace_id = :workspace AND id = :receipt
                        """)
                .param("verification", verification)
                .param("backups", (double) backups.toSeconds())
                .param("workspace", workspaceId)
                .param("receipt", request.id())
                .update();
        new Audit(jdbc)
                .record(
                        workspaceId,
                        "job forget",
                        "forget.done",
                        "receipt " + request.id(),
                        Map.of("kind", request.kind()));
    }
}
