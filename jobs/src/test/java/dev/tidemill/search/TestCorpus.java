package dev.tidemill.search;

import dev.tidemill.document.ContentHash;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.store.ChunkSearch;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Texts;
import dev.tidemill.store.Workspaces;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.support.JdbcTransactionManager;

/// A corpus written straight into a database, with vectors of words: two texts are as near as they share words.
public final class TestCorpus implements AutoCloseable {

    static final int DIMENSIONS = 64;
    public static final String FINGERPRINT = "words-64";

    private final TestDatabase database = TestDatabase.create();
    private final JdbcClient owner = JdbcClient.create(database.dataSource());
    public final JdbcClient app;
    public final Workspaces workspaces;
    public final ChunkSearch chunks;
    public final Searcher searcher;
    public final Texts texts;

    public TestCorpus() {
        DataSource source = asApp(database.dataSource());
        app = JdbcClient.create(source);
        workspaces = new Workspaces(new JdbcTransactionManager(source), app);
        chunks = new ChunkSearch(app);
        searcher = new Searcher(
                workspaces, new Projects(workspaces, app), chunks, new QueryVectors(FINGERPRINT, TestCorpus::embed));
        texts = new Texts(workspaces, app);
    }

    static DataSource asApp(DataSource source) {
        return new DelegatingDataSource(source) {
            @Override
            public java.sql.Connection getConnection() throws java.sql.SQLException {
                java.sql.Connection connection = super.getConnection();
                try (java.sql.Statement role = connection.createStatement()) {
                    role.execute("SET ROLE tidemill_app");
                }
                return connection;
            }
        };
    }

    public TestDatabase database() {
        return database;
    }

    public JdbcClient owner() {
        return owner;
    }

    /// A workspace with a project named "default" and its live set.
    public UUID workspace(String slug) {
        UUID organization = owner.sql("INSERT INTO organizations (name, slug) VALUES (:slug, :slug) RETURNING id")
                .param("slug", slug)
                .query(UUID.class)
                .single();
        UUID workspace = owner.sql("""
                        INSERT INTO workspaces (organization_id, name, slug) VALUES (:organization, :slug, :slug)
                        RETURNING workspace_id
                        """)
                .param("organization", organization)
                .param("slug", slug)
                .query(UUID.class)
                .single();
        project(workspace, "default");
        return workspace;
    }

    void project(UUID workspace, String slug) {
        UUID project = owner.sql(
                        "INSERT INTO projects (workspace_id, slug, name) VALUES (:w, :slug, :slug) RETURNING id")
                .param("w", workspace)
                .param("slug", slug)
                .query(UUID.class)
                .single();
        long set = owner.sql("""
                        INSERT INTO vector_sets (workspace_id, project_id, model, fingerprint, dimensions, state)
                        VALUES (:w, :project, 'words', :fingerprint, :dimensions, 'live') RETURNING id
                        """)
                .param("w", workspace)
                .param("project", project)
                .param("fingerprint", FINGERPRINT)
                .param("dimensions", DIMENSIONS)
                .query(Long.class)
                .single();
        owner.sql("SELECT create_vector_table(:set, :dimensions)::text")
                .param("set", set)
                .param("dimensions", DIMENSIONS)
                .query(String.class)
                .optional();
        owner.sql("UPDATE projects SET live_set_id = :set WHERE workspace_id = :w AND id = :project")
                .param("set", set)
                .param("w", workspace)
                .param("project", project)
                .update();
    }

    /// One document with the given chunks, published.
    public UUID document(UUID workspace, String key, String... texts) {
        return document(workspace, "docs", key, Map.of(), List.of("Manual"), texts);
    }

    public UUID document(
            UUID workspace,
            String source,
            String key,
            Map<String, String> metadata,
            List<String> headings,
            String... texts) {
        UUID project = owner.sql("SELECT id FROM projects WHERE workspace_id = :w AND slug = 'default'")
                .param("w", workspace)
                .query(UUID.class)
                .single();
        UUID sourceId = owner.sql("""
                        INSERT INTO sources (workspace_id, project_id, type, location)
                        VALUES (:w, :project, 'directory', :source)
                        ON CONFLICT (workspace_id, project_id, type, location) DO UPDATE SET type = excluded.type
                        RETURNING id
                        """)
                .param("w", workspace)
                .param("project", project)
                .param("source", source)
                .query(UUID.class)
                .single();
        UUID document = owner.sql("""
                        INSERT INTO documents (workspace_id, project_id, source_id, key)
                        VALUES (:w, :project, :source, :key)
                        ON CONFLICT (workspace_id, source_id, key) DO UPDATE SET key = excluded.key RETURNING id
                        """)
                .param("w", workspace)
                .param("project", project)
                .param("source", sourceId)
                .param("key", key)
                .query(UUID.class)
                .single();
        publish(workspace, project, sourceId, document, key, metadata, headings, texts);
        return document;
    }

    /// Takes a document out of the corpus, as an ingest does that its source lists no more.
    void retire(UUID workspace, UUID document) {
        owner.sql("""
                        WITH gone AS (
                          UPDATE document_versions SET state = 'superseded', valid_to = now()
                          WHERE workspace_id = :w AND document_id = :d AND state = 'published' RETURNING id, project_id)
                        UPDATE chunks c SET valid_to = now() FROM gone WHERE c.workspace_id = :w AND c.version_id = gone.id
                        """).param("w", workspace).param("d", document).update();
        countTerms(
                workspace,
                owner.sql("SELECT project_id FROM documents WHERE workspace_id = :w AND id = :d")
                        .param("w", workspace)
                        .param("d", document)
                        .query(UUID.class)
                        .single());
    }

    /// The time of the database.
    Instant now() {
        return owner.sql("SELECT clock_timestamp()")
                .query(OffsetDateTime.class)
                .single()
                .toInstant();
    }

    private void publish(
            UUID workspace,
            UUID project,
            UUID source,
            UUID document,
            String key,
            Map<String, String> metadata,
            List<String> headings,
            String... texts) {
        byte[] hash = ContentHash.of(key + String.join("\n", texts)).bytes();
        owner.sql("INSERT INTO blobs (workspace_id, sha256, size) VALUES (:w, :hash, 1) ON CONFLICT DO NOTHING")
                .param("w", workspace)
                .param("hash", hash)
                .update();
        owner.sql(
                        "UPDATE chunks SET valid_to = now() WHERE workspace_id = :w AND document_id = :d AND valid_to IS NULL")
                .param("w", workspace)
                .param("d", document)
                .update();
        owner.sql("""
                        UPDATE document_versions SET state = 'superseded', valid_to = now()
                        WHERE workspace_id = :w AND document_id = :d AND state = 'published'
                        """).param("w", workspace).param("d", document).update();
        String[] names = metadata.keySet().toArray(String[]::new);
        long version = owner.sql("""
                        INSERT INTO document_versions (workspace_id, project_id, source_id, document_id, version, sha256,
                          state, file_name, title, metadata, run_id, chunk_count, valid_from)
                        SELECT :w, :project, :source, :d, 1 + coalesce(max(version), 0), :hash, 'published', :key, :key,
                               jsonb_object(:names, :values), 7, :chunks, now()
                        FROM document_versions WHERE workspace_id = :w AND document_id = :d RETURNING id
                        """)
                .param("w", workspace)
                .param("project", project)
                .param("source", source)
                .param("d", document)
                .param("hash", hash)
                .param("key", key)
                .param("names", names)
                .param("values", Arrays.stream(names).map(metadata::get).toArray(String[]::new))
                .param("chunks", texts.length)
                .query(Long.class)
                .single();
        int offset = 0;
        for (int i = 0; i < texts.length; i++) {
            String text = texts[i] + "\n\n";
            int length = text.codePointCount(0, text.length());
            owner.sql("INSERT INTO document_texts VALUES (:w, :v, :start, :text)")
                    .param("w", workspace)
                    .param("v", version)
                    .param("start", offset)
                    .param("text", text)
                    .update();
            chunk(workspace, project, document, version, i, texts[i], offset, headings);
            offset += length;
        }
        countTerms(workspace, project);
    }

    private void chunk(
            UUID workspace,
            UUID project,
            UUID document,
            long version,
            int ordinal,
            String text,
            int start,
            List<String> headings) {
        UUID content = ContentHash.of(text).toUuid();
        owner.sql("""
                        INSERT INTO chunks (workspace_id, project_id, document_id, version_id, ordinal, content_id, header,
                          text, heading_path, start_offset, end_offset, tokens, run_id, valid_from)
                        VALUES (:w, :project, :d, :v, :ordinal, :content, '', :text, :headings, :start, :end, 10, 7, now())
                        """)
                .param("w", workspace)
                .param("project", project)
                .param("d", document)
                .param("v", version)
                .param("ordinal", ordinal)
                .param("content", content)
                .param("text", text)
                .param("headings", headings.toArray(String[]::new))
                .param("start", start)
                .param("end", start + text.codePointCount(0, text.length()))
                .update();
        long set = owner.sql("SELECT live_set_id FROM projects WHERE workspace_id = :w AND id = :project")
                .param("w", workspace)
                .param("project", project)
                .query(Long.class)
                .single();
        owner.sql("INSERT INTO vectors_" + set
                        + " VALUES (:w, :content, CAST(:vector AS halfvec)) ON CONFLICT DO NOTHING")
                .param("w", workspace)
                .param("content", content)
                .param("vector", Arrays.toString(embed(text)))
                .update();
    }

    private void countTerms(UUID workspace, UUID project) {
        owner.sql("DELETE FROM lexemes WHERE workspace_id = :w AND project_id = :p")
                .param("w", workspace)
                .param("p", project)
                .update();
        owner.sql("""
                        INSERT INTO lexemes (workspace_id, project_id, lexeme, chunks)
                        SELECT :w, :p, t.lexeme, count(*) FROM chunks c, unnest(c.tsv) t
                        WHERE c.workspace_id = :w AND c.project_id = :p AND c.valid_to IS NULL GROUP BY t.lexeme
                        """).param("w", workspace).param("p", project).update();
        owner.sql("UPDATE projects SET corpus_generation = corpus_generation + 1 WHERE workspace_id = :w AND id = :p")
                .param("w", workspace)
                .param("p", project)
                .update();
    }

    /// A bag of words of length 1; never all zero.
    public static float[] embed(String text) {
        float[] vector = new float[DIMENSIONS];
        vector[0] = 0.01f;
        for (String word : words(text)) {
            vector[1 + Math.floorMod(word.hashCode() * 31, DIMENSIONS - 1)] += 1;
        }
        double length = 0;
        for (float value : vector) {
            length += value * value;
        }
        for (int i = 0; i < vector.length; i++) {
            vector[i] = (float) (vector[i] / Math.sqrt(length));
        }
        return vector;
    }

    private static List<String> words(String text) {
        return Arrays.stream(text.toLowerCase(Locale.ROOT).split("[^\\p{L}\\p{N}]+"))
                .filter(word -> word.length() > 3)
                .collect(Collectors.toList());
    }

    static @Nullable String first(SearchResult result) {
        return result.hits().isEmpty() ? null : result.hits().getFirst().documentKey();
    }

    @Override
    public void close() {
        database.close();
    }
}
