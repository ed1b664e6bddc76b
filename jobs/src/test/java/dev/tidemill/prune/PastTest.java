package dev.tidemill.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.made.JobNode;
import dev.tidemill.made.MadeCorpus;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.prune.Retention.Subject;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.store.Publisher;
import dev.tidemill.store.SourceScope;
import dev.tidemill.store.Workspaces;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;

/// What publishing, pruning, bringing back and forgetting do to the past that queries can ask about.
class PastTest {

    private TestDatabase database;
    private JobNode node;
    private Workspaces workspaces;
    private Retention retention;
    private Publisher publisher;

    @BeforeEach
    void start() {
        database = TestDatabase.create();
        node = new JobNode(database, Map.of(), PruneConfiguration.class);
        workspaces = node.bean(Workspaces.class);
        retention = new Retention(workspaces, node.bean(JdbcClient.class));
        publisher = new Publisher(node.bean(JdbcClient.class));
    }

    @AfterEach
    void stop() {
        node.close();
        database.close();
    }

    private record Ids(UUID projectId, UUID sourceId) {}

    private SourceScope scope() {
        Ids ids = node.owner
                .sql("SELECT project_id, id AS source_id FROM sources LIMIT 1")
                .query(Ids.class)
                .single();
        return new SourceScope(node.workspaceId, ids.projectId(), ids.sourceId());
    }

    private UUID document(String key) {
        return node.owner
                .sql("SELECT id FROM documents WHERE key = :key")
                .param("key", key)
                .query(UUID.class)
                .single();
    }

    private static Subject about(String key) {
        return new Subject("default", null, key);
    }

    private void retire(String key) {
        workspaces.run(node.workspaceId, () -> publisher.retire(scope(), List.of(document(key))));
    }

    private int publish() {
        return workspaces.callAlone(node.workspaceId, () -> publisher.publish(scope(), Long.MAX_VALUE, 100));
    }

    @Test
    void aVersionNeverEndsBeforeItBegins() {
        new MadeCorpus(node).documents("/a", 1, 2, 1);
        node.execute("""
                UPDATE document_versions SET state = 'extracted', valid_from = NULL, valid_to = NULL WHERE version = 2;
                UPDATE document_versions SET state = 'published', valid_to = NULL WHERE version = 1;
                UPDATE chunks c SET valid_to = NULL, valid_from = v.valid_from FROM document_versions v WHERE v.id = c.version_id;
                UPDATE documents SET version = 2, published_version = 1
                """);

        workspaces.run(node.workspaceId, () -> {
            // This transaction has begun; another one publishes and ends before this one has the project.
            assertThat(publish()).isEqualTo(1);
            publisher.retire(scope(), List.of(document("doc-1.md")));
        });

        assertThat(node.number(
                        "SELECT count(*) FROM document_versions WHERE state = 'superseded' AND valid_to > valid_from"))
                .isEqualTo(2);
        assertThat(node.number(
                        "SELECT count(*) FROM document_versions a JOIN document_versions b ON b.version = a.version + 1"
                                + " WHERE a.valid_to = b.valid_from"))
                .isEqualTo(1);
        assertThat(node.number("SELECT count(*) FROM chunks c JOIN document_versions v ON v.id = c.version_id"
                        + " WHERE c.valid_from = v.valid_from AND c.valid_to = v.valid_to"))
                .isEqualTo(2);
        assertThat(node.number("SELECT count(*) FROM documents d JOIN document_versions v ON v.document_id = d.id"
                        + " WHERE d.deleted_at = v.valid_to"))
                .isEqualTo(1);
    }

    @Test
    void aSupersededTextKeepsItsVectorOutOfTheSetAndOnlyAsLongAsItsVersion() {
        new MadeCorpus(node).documents("/a", 3, 1, 2);
        retire("doc-1.md");
        assertThat(node.number("SELECT count(*) FROM vectors_1")).isEqualTo(4);
        assertThat(node.number("SELECT count(*) FROM past_vectors x JOIN chunks c USING (content_id) JOIN documents d"
                        + " ON d.id = c.document_id WHERE d.key = 'doc-1.md' AND vector_dims(x.embedding) = 4"))
                .isEqualTo(2);
        assertThat(node.number("SELECT count(*) FROM past_vectors")).isEqualTo(2);
        long whole = node.number(
                "SELECT count(*) FROM projects WHERE complete_since < (SELECT max(deleted_at) FROM documents)");
        assertThat(whole).isEqualTo(1);

        node.execute("UPDATE documents SET deleted_at = deleted_at - interval '8 days' WHERE deleted_at IS NOT NULL;"
                + " UPDATE document_versions SET valid_to = valid_to - interval '8 days' WHERE valid_to IS NOT NULL;"
                + " UPDATE projects SET complete_since = complete_since - interval '20 days'");
        assertThat(node.run(Prune.JOB, Map.of()).status()).isEqualTo("COMPLETED");

        assertThat(node.number("SELECT count(*) FROM documents WHERE key = 'doc-1.md'"))
                .isZero();
        assertThat(node.number("SELECT count(*) FROM past_vectors")).isZero();
        assertThat(node.number(
                        "SELECT count(*) FROM projects WHERE complete_since BETWEEN now() - interval '8 days 1 hour'"
                                + " AND now() - interval '8 days'"))
                .isEqualTo(1);
    }

    @Test
    void prunedVersionsTakeTheirVectorsWithThemAndTellWhereThePastBegins() {
        new MadeCorpus(node).documents("/a", 2, 4, 1);
        node.execute("UPDATE projects SET complete_since = now() - interval '200 days'");
        // Version 1 of doc-2 says what its version 3 says again: one vector, needed as long as either is kept.
        node.execute("""
                UPDATE chunks c SET content_id = (SELECT x.content_id FROM chunks x JOIN document_versions v ON v.id = x.version_id
                    WHERE v.file_name = 'doc-2.md' AND v.version = 3)
                FROM document_versions v WHERE v.id = c.version_id AND v.file_name = 'doc-2.md' AND v.version = 1
                """);
        long before = node.number("SELECT count(*) FROM past_vectors");
        assertThat(before).isEqualTo(6);

        assertThat(node.run(Prune.JOB, Map.of()).status()).isEqualTo("COMPLETED");

        // Of three superseded versions the newest is kept, which ended twenty days ago.
        assertThat(node.number("SELECT count(*) FROM document_versions WHERE state = 'superseded'"))
                .isEqualTo(2);
        assertThat(node.number("SELECT count(*) FROM past_vectors x WHERE NOT EXISTS (SELECT FROM chunks c"
                        + " WHERE c.content_id = x.content_id AND c.valid_to IS NOT NULL)"))
                .as("only the row that no version pointed at any more was not looked for")
                .isEqualTo(1);
        assertThat(node.number("SELECT count(*) FROM past_vectors x JOIN chunks c USING (content_id)"))
                .isEqualTo(2);
        assertThat(node.number(
                        "SELECT count(*) FROM projects WHERE complete_since BETWEEN now() - interval '40 days 1 hour'"
                                + " AND now() - interval '39 days'"))
                .isEqualTo(1);
    }

    @Test
    void aDocumentThatIsBroughtBackKeepsWhatItWasWhenItWasThere() {
        new MadeCorpus(node).documents("/a", 1, 2, 2);
        retire("doc-1.md");
        Map<String, ?> ended = node.rows("SELECT valid_from, valid_to FROM document_versions WHERE version = 2")
                .getFirst();

        Retention.Source source = retention.bringBack(node.workspaceId, about("doc-1.md"), "tester");

        assertThat(source.location()).isEqualTo("/a");
        assertThat(
                        node.rows(
                                "SELECT valid_from, valid_to FROM document_versions WHERE version = 2 AND state = 'superseded'"))
                .singleElement()
                .isEqualTo(ended);
        assertThat(node.rows("SELECT version, published_version, deleted_at FROM documents"))
                .singleElement()
                .satisfies(row -> assertThat(row)
                        .containsEntry("version", 3)
                        .containsEntry("published_version", null)
                        .containsEntry("deleted_at", null));
        assertThat(publish()).isEqualTo(1);
        assertThat(node.rows("SELECT text FROM chunks WHERE valid_to IS NULL ORDER BY ordinal"))
                .isEqualTo(node.rows("SELECT c.text FROM chunks c JOIN document_versions v ON v.id = c.version_id"
                        + " WHERE v.version = 2 ORDER BY c.ordinal"));
        assertThat(
                        node.rows(
                                "SELECT text FROM document_texts t JOIN document_versions v ON v.id = t.version_id WHERE v.version = 3"))
                .isEqualTo(
                        node.rows(
                                "SELECT text FROM document_texts t JOIN document_versions v ON v.id = t.version_id WHERE v.version = 2"));
        assertThat(node.number("SELECT chunks FROM lexemes WHERE lexeme = 'word1'"))
                .isEqualTo(2);
    }

    @Test
    void onlyWhatIsRetiredAndStillThereIsBroughtBackAndOnce() {
        new MadeCorpus(node).documents("/a", 3, 1, 1);
        assertThatThrownBy(() -> retention.bringBack(node.workspaceId, about("doc-1.md"), "tester"))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("is not retired");
        retire("doc-1.md");
        retention.bringBack(node.workspaceId, about("doc-1.md"), "tester");
        assertThatThrownBy(() -> retention.bringBack(node.workspaceId, about("doc-1.md"), "tester"))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("is not retired");
        assertThatThrownBy(() -> retention.bringBack(node.workspaceId, new Subject("default", null, null), "tester"))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("name what to bring back");
        assertThat(node.number("SELECT count(*) FROM audit_entries WHERE action = 'document.bring_back'"))
                .isEqualTo(1);

        // Retired again before it was published: nothing of the copy is left, and it can come back once more.
        retire("doc-1.md");
        assertThat(node.number("SELECT count(*) FROM document_versions WHERE file_name = 'doc-1.md'"))
                .isEqualTo(1);
        retention.bringBack(node.workspaceId, about("doc-1.md"), "tester");

        retire("doc-2.md");
        node.execute("UPDATE documents SET deleted_at = now() - interval '8 days' WHERE key = 'doc-2.md'");
        node.run(Prune.JOB, Map.of());
        assertThatThrownBy(() -> retention.bringBack(node.workspaceId, about("doc-2.md"), "tester"))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("has no document");
    }

    @Test
    void whatIsBroughtBackWithinItsUndoWindowStaysThroughAPrune() {
        new MadeCorpus(node).documents("/a", 2, 1, 1);
        retire("doc-1.md");
        node.execute(
                "UPDATE documents SET deleted_at = now() - interval '6 days', ttl_expires_at = now() - interval '7 days'"
                        + " WHERE key = 'doc-1.md'");
        node.run(Prune.JOB, Map.of());
        retention.bringBack(node.workspaceId, about("doc-1.md"), "tester");
        publish();
        node.execute("UPDATE document_versions SET valid_to = valid_to - interval '6 days' WHERE valid_to IS NOT NULL");

        node.run(Prune.JOB, Map.of());

        // Its end has passed and is no end any more.
        assertThat(node.rows("SELECT version, published_version FROM documents WHERE key = 'doc-1.md'"))
                .singleElement()
                .satisfies(row -> assertThat(row).containsEntry("published_version", 2));
        assertThat(node.number("SELECT count(*) FROM document_versions WHERE file_name = 'doc-1.md'"))
                .isEqualTo(2);
    }

    @Test
    void aRefusedNewerVersionIsNotWhatComesBack() {
        new MadeCorpus(node).documents("/a", 1, 2, 1);
        node.execute("""
                INSERT INTO document_versions (workspace_id, project_id, source_id, document_id, version, sha256, state, file_name, run_id)
                SELECT workspace_id, project_id, source_id, document_id, 3, sha256, 'refused', file_name, 0
                FROM document_versions WHERE version = 2;
                UPDATE documents SET version = 3
                """);
        retire("doc-1.md");

        retention.bringBack(node.workspaceId, about("doc-1.md"), "tester");

        assertThat(node.number("SELECT count(*) FROM chunks c JOIN document_versions v ON v.id = c.version_id"
                        + " WHERE v.version = 4 AND v.state = 'extracted' AND c.text LIKE '%version 2%'"))
                .isEqualTo(1);
    }
}
