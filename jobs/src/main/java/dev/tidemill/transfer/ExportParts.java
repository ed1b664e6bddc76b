package dev.tidemill.transfer;

import dev.tidemill.store.VectorSet;
import dev.tidemill.store.Workspaces;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The rows of a project as they are written out, part by part.
final class ExportParts {

    private static final Pattern KEY = Pattern.compile("[0-9a-f-]+");

    private final Workspaces workspaces;
    private final JdbcTemplate template;
    private final JdbcClient jdbc;

    ExportParts(Workspaces workspaces, JdbcTemplate template) {
        this.workspaces = workspaces;
        this.template = template;
        this.jdbc = JdbcClient.create(template);
    }

    /// A part of an export.
    ///
    /// @param setId of the vectors in it, null for other parts
    record Part(
            int number,
            String kind,
            String name,
            @Nullable String firstKey,
            @Nullable String lastKey,
            long items,
            @Nullable Long setId) {}

    /// A part that is on the disk.
    record Done(
            String name,
            String kind,
            long items,
            long bytes,
            String sha256,
            @Nullable Long setId) {

        Path in(TransferParameters parameters) {
            return PartFiles.stored(parameters, name, sha256);
        }
    }

    /// A set that goes with its project.
    record ExportedSet(long id, Manifest.Set set) {}

    /// The sets that have all vectors, the live one first. One that is being built belongs to the
    /// run that builds it.
    List<ExportedSet> sets(UUID workspaceId, UUID projectId, boolean onlyLive) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT id, model, fingerprint, dimensions, type, state, ef_search, measured_recall,
                               encode(probes, 'base64') AS probes, soak_until
                        FROM vector_sets
                        WHERE workspace_id = :workspace AND project_id = :project
                          AND (state = 'live' OR state IN ('soaking', 'held') AND NOT :onlyLive)
                        ORDER BY state = 'live' DESC, id
                        """)
                        .param("workspace", workspaceId)
                        .param("project", projectId)
                        .param("onlyLive", onlyLive)
                        .query((row, n) -> new ExportedSet(
                                row.getLong("id"),
                                new Manifest.Set(
                                        row.getString("model"),
                                        row.getString("fingerprint"),
                                        row.getInt("dimensions"),
                                        row.getString("type"),
                                        row.getString("state"),
                                        row.getObject("ef_search", Integer.class),
                                        row.getObject("measured_recall", Double.class),
                                        row.getString("probes"),
                                        row.getString("soak_until"))))
                        .list());
    }

    Manifest.Project project(UUID workspaceId, UUID projectId) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql(
                                "SELECT slug, name, description FROM projects WHERE workspace_id = :workspace AND id = :project")
                        .param("workspace", workspaceId)
                        .param("project", projectId)
                        .query(Manifest.Project.class)
                        .single());
    }

    /// Goes up with every change of what the project holds.
    long generation(UUID workspaceId, UUID projectId) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql(
                                "SELECT corpus_generation FROM projects WHERE workspace_id = :workspace AND id = :project")
                        .param("workspace", workspaceId)
                        .param("project", projectId)
                        .query(Long.class)
                        .single());
    }

    private static final String PUBLISHED = """
            FROM documents d
            JOIN document_versions v ON v.workspace_id = d.workspace_id AND v.document_id = d.id AND v.version = d.published_version
            WHERE d.workspace_id = :workspace AND d.project_id = :project AND d.deleted_at IS NULL
            """;

    /// What there is to be written, cut into parts, in the caller's transaction.
    void plan(TransferParameters parameters, ExportProperties properties) {
        jdbc.sql("DELETE FROM export_parts WHERE workspace_id = :workspace AND job_instance_id = :instance")
                .param("workspace", parameters.workspaceId())
                .param("instance", parameters.instance())
                .update();
        String documents = "SELECT d.id::text AS key, coalesce(v.text_length, 0)::bigint AS weight " + PUBLISHED;
        Cut cut = new Cut(parameters, properties.partBytes().toBytes());
        switch (parameters.format()) {
            case LINES -> cut.into("lines", "lines", ".jsonl", documents, properties.partDocuments(), null);
            case PARQUET -> {
                cut.into("chunks", "chunks", ".parquet", documents, properties.partDocuments(), null);
                cutSets(parameters, cut, ".parquet", properties.partVectors());
            }
            case ARCHIVE -> {
                cut.into("originals", "originals", ".bin.zst", """
                        SELECT DISTINCT encode(v.sha256, 'hex') AS key, b.size AS weight
                        FROM documents d
                        JOIN document_versions v ON v.workspace_id = d.workspace_id AND v.document_id = d.id AND v.version = d.published_version
                        JOIN blobs b ON b.workspace_id = v.workspace_id AND b.sha256 = v.sha256
                        WHERE d.workspace_id = :workspace AND d.project_id = :project AND d.deleted_at IS NULL
                        """, properties.partDocuments(), null);
                cutSets(parameters, cut, ".bin", properties.partVectors());
                cut.into("documents", "documents", ".jsonl.zst", documents, properties.partDocuments(), null);
                cut.into("questions", "questions", ".jsonl.zst", """
                        SELECT id::text AS key, 0::bigint AS weight FROM golden_questions
                        WHERE workspace_id = :workspace AND project_id = :project""", Integer.MAX_VALUE, null);
                cut.into("configuration", "configuration", ".jsonl.zst", """
                        SELECT id::text AS key, 0::bigint AS weight FROM projects
                        WHERE workspace_id = :workspace AND id = :project""", Integer.MAX_VALUE, null);
            }
        }
    }

    private void cutSets(TransferParameters parameters, Cut cut, String ending, int size) {
        List<ExportedSet> sets = sets(parameters.workspaceId(), parameters.projectId(), parameters.onlyLive());
        for (int i = 0; i < sets.size(); i++) {
            long id = sets.get(i).id();
            cut.into("vectors", "vectors-" + (i + 1), ending, """
                    SELECT content_id::text AS key, 0::bigint AS weight FROM vectors_%d
                    WHERE workspace_id = :workspace AND CAST(:project AS uuid) IS NOT NULL""".formatted(id), size, id);
        }
    }

    /// Cuts what a query finds into parts of a number of items and of bytes at most; one item is
    /// never cut.
    private final class Cut {
        private final TransferParameters parameters;
        private final long bytes;

        Cut(TransferParameters parameters, long bytes) {
            this.parameters = parameters;
            this.bytes = bytes;
        }

        void into(String kind, String name, String ending, String keys, int items, @Nullable Long setId) {
            jdbc.sql("""
                            INSERT INTO export_parts
                              (workspace_id, job_instance_id, number, kind, name, first_key, last_key, items, set_id)
                            SELECT :workspace, :instance, (SELECT coalesce(max(number), 0) FROM export_parts
                                     WHERE workspace_id = :workspace AND job_instance_id = :instance) + part,
                                   :kind, :name || '-' || to_char(part, 'FM00000') || :ending, min(key), max(key), count(*), :set
                            FROM (SELECT key, dense_rank() OVER (ORDER BY piece) AS part
                                  FROM (SELECT key, greatest((row_number() OVER byKey - 1) / :items,
                                                             (sum(weight) OVER byKey - weight) / :bytes)::integer AS piece
                                        FROM (%s) k WINDOW byKey AS (ORDER BY key COLLATE "C")) pieces) cut
                            GROUP BY part ORDER BY part
                            """.formatted(keys))
                    .param("workspace", parameters.workspaceId())
                    .param("project", parameters.projectId())
                    .param("instance", parameters.instance())
                    .param("kind", kind)
                    .param("name", name)
                    .param("ending", ending)
                    .param("items", items)
                    .param("bytes", bytes)
                    .param("set", setId, java.sql.Types.BIGINT)
                    .update();
        }
    }

    /// Whether a project was cut into parts for this export.
    boolean isCut(UUID workspaceId, long instance) {
        return workspaces.callAlone(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT EXISTS (SELECT FROM export_parts
                                       WHERE workspace_id = :workspace AND job_instance_id = :instance)
                        """)
                        .param("workspace", workspaceId)
                        .param("instance", instance)
                        .query(Boolean.class)
                        .single());
    }

    List<Part> open(UUID workspaceId, long instance) {
        return workspaces.callAlone(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT number, kind, name, first_key, last_key, items, set_id FROM export_parts
                        WHERE workspace_id = :workspace AND job_instance_id = :instance AND sha256 IS NULL ORDER BY number
                        """)
                        .param("workspace", workspaceId)
                        .param("instance", instance)
                        .query(Part.class)
                        .list());
    }

    List<Done> done(UUID workspaceId, long instance) {
        return workspaces.callAlone(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT name, kind, items, bytes, sha256, set_id FROM export_parts
                        WHERE workspace_id = :workspace AND job_instance_id = :instance AND sha256 IS NOT NULL ORDER BY number
                        """)
                        .param("workspace", workspaceId)
                        .param("instance", instance)
                        .query(Done.class)
                        .list());
    }

    /// Notes that a part is on the disk, in the caller's transaction.
    void done(UUID workspaceId, long instance, PartFiles.Written written) {
        workspaces.run(
                workspaceId,
                () -> jdbc.sql("""
                        UPDATE export_parts SET bytes = :bytes, sha256 = :sha256, items = :items
                        WHERE workspace_id = :workspace AND job_instance_id = :instance AND number = :number
                        """)
                        .param("bytes", written.bytes())
                        .param("sha256", written.sha256())
                        .param("items", written.items())
                        .param("workspace", workspaceId)
                        .param("instance", instance)
                        .param("number", written.part().number())
                        .update());
    }

    /// Writes the rows of a part, in a transaction of its own.
    ///
    /// @return how many items
    long write(TransferParameters parameters, Part part, DataOutputStream out) throws IOException {
        String sql = switch (part.kind()) {
            case "documents" -> ExportRows.DOCUMENTS;
            case "lines" -> ExportRows.LINES;
            case "questions" -> ExportRows.QUESTIONS;
            case "configuration" -> ExportRows.CONFIGURATION;
            case "originals" -> ExportRows.ORIGINALS;
            case "vectors" -> ExportRows.vectors(set(parameters, part));
            default -> throw new IllegalStateException("unknown kind of part: " + part.kind());
        };
        PartRows rows = switch (part.kind()) {
            case "documents" -> new PartRows.Documents(out);
            case "originals" -> new PartRows.Originals(out);
            case "vectors" -> new PartRows.Vectors(out);
            default -> new PartRows.Lines(out);
        };
        stream(parameters, sql, part, rows);
        rows.end();
        return rows.items;
    }

    /// The set of a part of vectors.
    VectorSet set(TransferParameters parameters, Part part) {
        long id = Objects.requireNonNull(part.setId(), part.name());
        return workspaces.callAlone(
                parameters.workspaceId(),
                () -> jdbc.sql("""
                        SELECT id, model, fingerprint, dimensions, type, state, ef_search FROM vector_sets
                        WHERE workspace_id = :workspace AND id = :id AND state <> 'retired'
                        """)
                        .param("workspace", parameters.workspaceId())
                        .param("id", id)
                        .query((row, n) -> new VectorSet(
                                row.getLong("id"),
                                row.getString("model"),
                                row.getString("fingerprint"),
                                row.getInt("dimensions"),
                                VectorSet.Type.of(row.getString("type")),
                                VectorSet.State.LIVE,
                                row.getObject("ef_search", Integer.class)))
                        .optional()
                        .orElseThrow(() -> new IllegalStateException(
                                "vector set " + id + " was retired while it was being exported: export again")));
    }

    void stream(TransferParameters parameters, String sql, Part part, BinaryRows.Taker taker) {
        String query = inlined(
                sql,
                Map.of(
                        ":workspace", parameters.workspaceId().toString(),
                        ":project", parameters.projectId().toString(),
                        ":first", String.valueOf(part.firstKey()),
                        ":last", String.valueOf(part.lastKey())));
        ConnectionCallback<Boolean> copy = connection -> {
            try {
                BinaryRows.stream(connection, query, taker);
                return true;
            } catch (IOException e) {
                throw new DataAccessResourceFailureException("part " + part.name() + " broke off", e);
            }
        };
        workspaces.callAlone(parameters.workspaceId(), () -> Boolean.TRUE.equals(template.execute(copy)));
    }

    /// COPY takes no parameters. Values are ids and hashes, and nothing else may come into the
    /// statement.
    private static String inlined(String sql, Map<String, String> values) {
        String inlined = sql;
        for (Map.Entry<String, String> value : values.entrySet()) {
            if (!KEY.matcher(value.getValue()).matches()) {
                throw new IllegalStateException("no id: " + value.getValue());
            }
            inlined = inlined.replace(value.getKey(), "'" + value.getValue() + "'");
        }
        return inlined;
    }
}
