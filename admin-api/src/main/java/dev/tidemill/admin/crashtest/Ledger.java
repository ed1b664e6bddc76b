package dev.tidemill.admin.crashtest;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/// What a database holds of the documents, read as its owner, and whether that is sound. Ids and times are left
/// out, so that equal lines mean equal corpora.
final class Ledger {

    private static final List<String> CONTENTS = List.of(
            """
            SELECT 'document' AS what, s.type, d.key, d.version, d.published_version, d.deleted_at IS NOT NULL AS deleted
            FROM documents d JOIN sources s ON s.workspace_id = d.workspace_id AND s.id = d.source_id ORDER BY d.key
            """,
            """
            SELECT 'version' AS what, d.key, v.version, v.state, v.refusal_reason, encode(v.sha256, 'hex') AS hash, v.title,
                   v.media_type, v.profile, v.text_length, v.chunk_count, v.tokens
            FROM document_versions v JOIN documents d ON d.id = v.document_id ORDER BY d.key, v.version
            """,
            """
            SELECT 'text' AS what, d.key, v.version, t.start_offset, md5(t.text) AS text
            FROM document_texts t JOIN document_versions v ON v.id = t.version_id
            JOIN documents d ON d.id = v.document_id ORDER BY d.key, v.version, t.start_offset
            """,
            """
            SELECT 'chunk' AS what, d.key, v.version, c.ordinal, c.content_id, c.start_offset, c.end_offset, c.tokens,
                   md5(c.header || c.text) AS text, md5(c.tsv::text) AS tsv,
                   c.valid_from IS NOT NULL AS shown, c.valid_to IS NOT NULL AS hidden
            FROM chunks c JOIN document_versions v ON v.id = c.version_id
            JOIN documents d ON d.id = v.document_id ORDER BY d.key, v.version, c.ordinal
            """,
            "SELECT 'lexeme' AS what, lexeme, chunks FROM lexemes WHERE chunks <> 0 ORDER BY lexeme COLLATE \"C\"",
            "SELECT 'embedding' AS what, content_id, fingerprint, md5(embedding) AS embedding FROM embedding_cache",
            "SELECT 'original' AS what, encode(sha256, 'hex') AS hash, size FROM blobs ORDER BY sha256",
            """
            SELECT 'dead letter' AS what, job, step, regexp_replace(item_key, '^[0-9a-f-]{36}/', '') AS item, reason,
                   state
            FROM dead_letters ORDER BY step, item
            """);

    /// Each names a rule by which a row of its answer is a fault.
    private static final Map<String, String> RULES = Map.of(
            "a chunk without its version",
            "SELECT c.id FROM chunks c WHERE NOT EXISTS (SELECT FROM document_versions v WHERE v.id = c.version_id)",
            "a chunk that is valid at other times than its version",
            """
            SELECT c.id FROM chunks c JOIN document_versions v ON v.id = c.version_id
            WHERE c.valid_from IS DISTINCT FROM v.valid_from OR c.valid_to IS DISTINCT FROM v.valid_to
            """,
            "a version with another number of chunks than it says",
            """
            SELECT v.id FROM document_versions v WHERE v.chunk_count IS NOT NULL AND v.state NOT IN ('discovered', 'refused')
            AND v.chunk_count <> (SELECT count(*) FROM chunks c WHERE c.version_id = v.id)
            """,
            "a launch that has not ended",
            "SELECT job_instance_id, state, last_error FROM launches WHERE state <> 'completed'",
            "an execution that has not ended",
            "SELECT job_execution_id, status FROM batch_job_execution WHERE end_time IS NULL OR status = 'UNKNOWN'",
            "two executions of a launch that completed",
            """
            SELECT job_instance_id FROM batch_job_execution WHERE status = 'COMPLETED' GROUP BY 1 HAVING count(*) > 1
            """,
            "a lease that nobody gave back",
            "SELECT job_instance_id, boot_id FROM job_leases WHERE boot_id IS NOT NULL",
            "an item that is in hand although nobody works",
            "SELECT job_instance_id, item_key FROM items_in_hand");

    private static final String LIVE = """
            SELECT p.slug AS project, p.live_set_id AS set FROM projects p
            WHERE to_regclass('vectors_' || p.live_set_id) IS NOT NULL ORDER BY p.slug
            """;

    private final JdbcClient owner;

    Ledger(DataSource owner) {
        this.owner = JdbcClient.create(owner);
    }

    /// Every row that tells two corpora apart.
    List<String> contents() {
        List<String> lines = new ArrayList<>();
        CONTENTS.forEach(sql -> rows(sql).forEach(row -> lines.add(row.toString())));
        for (Map<String, @Nullable Object> set : rows("""
                SELECT s.id, p.slug || ' by ' || s.model || ' as ' || s.type || ', ' || s.state AS set,
                       to_regclass('vectors_' || s.id) IS NOT NULL AS there
                FROM vector_sets s JOIN projects p ON p.id = s.project_id ORDER BY s.id
                """)) {
            lines.add("{what=set, set=" + set.get("set") + ", table=" + set.get("there") + "}");
            if (Boolean.TRUE.equals(set.get("there"))) {
                rows("SELECT 'vector of " + set.get("set") + "' AS what, content_id, md5(embedding::text) AS vector"
                                + " FROM vectors_" + set.get("id") + " ORDER BY content_id")
                        .forEach(row -> lines.add(row.toString()));
            }
        }
        return lines;
    }

    /// The chunks that queries see, with their vectors.
    List<String> visible() {
        List<String> lines = new ArrayList<>();
        for (Map<String, @Nullable Object> project : rows(LIVE)) {
            rows("""
                        SELECT p.slug, d.key, c.ordinal, md5(c.header || c.text) AS text, md5(x.embedding::text) AS vector
                        FROM chunks c JOIN projects p ON p.id = c.project_id JOIN documents d ON d.id = c.document_id
                        LEFT JOIN vectors_%s x ON x.workspace_id = c.workspace_id AND x.content_id = c.content_id
                        WHERE p.slug = '%s' AND c.valid_from IS NOT NULL AND c.valid_to IS NULL ORDER BY d.key, c.ordinal
                        """.formatted(project.get("set"), project.get("project"))).forEach(row -> lines.add(row.toString()));
        }
        return lines;
    }

    /// Chunks that queries see although they are not whole. There are none at any time, whatever is killed.
    List<String> halfVisible() {
        List<String> half = new ArrayList<>();
        visible().stream()
                .filter(line -> line.contains("vector=null"))
                .forEach(line -> half.add("a visible chunk has no vector in the live set: " + line));
        rows("SELECT project_id, count(*) FROM vector_sets WHERE state = 'live' GROUP BY 1 HAVING count(*) > 1")
                .forEach(row -> half.add("two sets are live: " + row));
        rows("""
                SELECT p.slug, s.state FROM projects p JOIN vector_sets s ON s.id = p.live_set_id WHERE s.state <> 'live'
                """).forEach(row -> half.add("a project answers from a set that is not live: " + row));
        return half;
    }

    /// What is not as the rules and the library's own ledger say.
    List<String> faults(Map<String, Library.Entry> expected) {
        List<String> faults = new ArrayList<>();
        RULES.forEach((rule, sql) -> rows(sql).forEach(row -> faults.add(rule + ": " + row)));
        Map<String, Library.Entry> found = new HashMap<>();
        owner.sql("""
                        SELECT d.key, encode(v.sha256, 'hex') AS hash,
                               CASE WHEN d.deleted_at IS NOT NULL THEN 'GONE' WHEN v.state = 'refused' THEN 'REFUSED'
                                    WHEN d.published_version = d.version THEN 'READABLE' END AS state
                        FROM documents d JOIN document_versions v ON v.document_id = d.id AND v.version = d.version
                        JOIN projects p ON p.id = d.project_id AND p.slug = 'default'
                        """).query(row -> {
            String state = row.getString("state");
            if (state != null) {
                found.put(row.getString("key"), new Library.Entry(row.getString("hash"), Library.State.valueOf(state)));
            }
        });
        expected.forEach((key, entry) -> {
            Library.Entry there = found.remove(key);
            if (!entry.equals(there)) {
                faults.add("document " + key + " is to be " + entry + " and is " + there);
            }
        });
        found.forEach((key, entry) -> faults.add("document " + key + " is there and was never written: " + entry));
        return faults;
    }

    /// The state of the launch with an identity, null before there is one.
    @Nullable
    String state(String identity) {
        return owner.sql("SELECT state FROM launches WHERE identity = :identity")
                .param("identity", identity)
                .query(String.class)
                .optional()
                .orElse(null);
    }

    /// The number of a launch.
    long instance(String identity) {
        return owner.sql("SELECT job_instance_id FROM launches WHERE identity = :identity")
                .param("identity", identity)
                .query(Long.class)
                .single();
    }

    /// Why the launch is where it is, for people.
    String why(String identity) {
        return rows("SELECT state, waiting_for, failures, deaths, last_error FROM launches WHERE identity = '"
                        + identity + "'")
                .toString();
    }

    void terminate(int backendPid) {
        owner.sql("SELECT pg_terminate_backend(:pid)")
                .param("pid", backendPid)
                .query(Boolean.class)
                .single();
    }

    private List<Map<String, @Nullable Object>> rows(String sql) {
        return owner.sql(sql).query().listOfRows();
    }
}
