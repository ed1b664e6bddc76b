package dev.tidemill.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.made.JobNode;
import dev.tidemill.made.JobProcess;
import dev.tidemill.made.MadeCorpus;
import dev.tidemill.made.Outage;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.prune.Forget.Receipt;
import dev.tidemill.prune.Forget.Target;
import dev.tidemill.prune.Retention.Subject;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.RunConflict;
import dev.tidemill.run.RunView;
import dev.tidemill.store.Workspaces;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;

/// What is forgotten is found nowhere, and what is not is all there.
class ForgetTest {

    private static final String PERSON = "Wilhelmina Sluice";

    @TempDir
    private Path folder;

    private TestDatabase database;
    private JobNode node;

    @BeforeEach
    void start() {
        database = TestDatabase.create();
        node = new JobNode(database, settings(), PruneConfiguration.class, ForgetConfiguration.class);
    }

    private Map<String, String> settings() {
        return Map.of("forget.commit-documents", "1", "tidemill.home", folder.toString());
    }

    @AfterEach
    void stop() {
        node.close();
        database.close();
    }

    private Forget forget() {
        return new Forget(node.bean(Workspaces.class), node.bean(JdbcClient.class), node.runs());
    }

    private RunView forget(Target target) {
        return node.await(forget().request(node.workspaceId, target, "tester").runId());
    }

    private static Target text(String text) {
        return new Target(new Subject(null, null, null), text);
    }

    /// Three of eight documents speak of the person, and so does everything else that can.
    private void corpusWithPerson() throws Exception {
        new MadeCorpus(node).documents("/a", 8, 2, 2);
        for (String sql : List.of(
                "UPDATE chunks c SET text = text || ' by WILHELMINA sluice', end_offset = end_offset + 21 FROM documents d WHERE d.id = c.document_id AND d.key = 'doc-1.md'",
                "UPDATE document_texts SET text = text || ' by Wilhelmina Sluice' WHERE version_id = (SELECT v.id FROM document_versions v WHERE v.file_name = 'doc-2.md' AND version = 1)",
                "UPDATE document_versions SET metadata = '{\"author\": \"Wilhelmina Sluice\"}' WHERE file_name = 'doc-3.md'",
                "INSERT INTO history (workspace_id, command, input, output) VALUES ('$W', 'ask', 'who is Wilhelmina Sluice?', 'a miller'), ('$W', 'ask', 'what is a tide?', 'water')",
                "INSERT INTO dead_letters (workspace_id, job, step, item_key, run_id, reason, detail) VALUES ('$W', 'ingest', 'extract', 'x/Wilhelmina Sluice.pdf', 1, 'EMPTY', 'holds nothing'), ('$W', 'ingest', 'extract', 'x/other.pdf', 1, 'EMPTY', 'holds nothing')",
                "INSERT INTO audit_entries (workspace_id, actor, action, subject, detail) VALUES ('$W', 'Wilhelmina Sluice', 'run.stop', 'run 1', '{\"why\": \"Wilhelmina Sluice asked\"}')",
                "INSERT INTO run_failures (workspace_id, run_id, number, error_class, exception, message, stack) VALUES ('$W', 1, 1, 'UNKNOWN', 'e', 'no file Wilhelmina Sluice', 's')",
                "INSERT INTO events (workspace_id, type, severity, dedupe_key, message, data) VALUES ('$W', 't', 'info', 'Wilhelmina Sluice', 'm', '{\"a\": \"Wilhelmina Sluice\"}')",
                "INSERT INTO assets (workspace_id, type, title, content, tags) VALUES ('$W', 'note', 't', 'of wilhelmina sluice', '{Wilhelmina Sluice,mill}')",
                "INSERT INTO golden_sets (workspace_id, project_id, name) SELECT '$W', id, 'people' FROM projects",
                "INSERT INTO golden_questions (workspace_id, project_id, golden_set_id, key, question) SELECT '$W', project_id, id, 'q1', 'Where does Wilhelmina Sluice live?' FROM golden_sets",
                "INSERT INTO asked_questions (workspace_id, project_id, question_id, question) SELECT '$W', id, gen_random_uuid(), 'Where is Wilhelmina Sluice now?' FROM projects")) {
            node.execute(sql.replace("$W", node.workspaceId.toString()));
        }
        node.run(Prune.JOB, Map.of());
        node.execute("UPDATE batch_job_execution SET exit_message = 'Wilhelmina Sluice was here'");
        Files.createDirectories(folder.resolve("logs"));
        Files.createDirectories(folder.resolve("uploads/w/p"));
        Files.writeString(
                folder.resolve("logs/tidemill.log"), "line one\ncannot read Wilhelmina Sluice.pdf\nline three\n");
        Files.writeString(folder.resolve("uploads/w/p/letter.txt"), "Dear Wilhelmina Sluice");
        Files.writeString(folder.resolve("uploads/w/p/other.txt"), "Dear sir");
    }

    /// Every text, JSON and bytes of every table of the database as pg_dump writes them.
    private String dump() throws Exception {
        Process dump = new ProcessBuilder(
                        database.binDirectory().resolve("pg_dump").toString(), "--data-only", "--inserts", dumpUrl())
                .redirectError(folder.resolve("dump.err").toFile())
                .start();
        String all = new String(dump.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(dump.waitFor()).as(() -> read("dump.err")).isZero();
        Files.delete(folder.resolve("dump.err"));
        return all;
    }

    private String dumpUrl() {
        return database.jdbcUrl().replace("jdbc:", "") + (database.jdbcUrl().contains("?") ? "&" : "?") + "user="
                + database.username() + "&password="
                + java.net.URLEncoder.encode(database.password(), StandardCharsets.UTF_8);
    }

    private String read(String file) {
        try {
            return Files.readString(folder.resolve(file));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aForgottenPersonIsFoundNowhereAndTheRestIsAllThere() throws Exception {
        corpusWithPerson();
        assertThat(dump()).containsIgnoringCase(PERSON);

        RunView run = forget(text(PERSON));

        assertThat(run.status()).as(() -> String.valueOf(run.message())).isEqualTo("COMPLETED");
        assertThat(dump()).doesNotContainIgnoringCase(PERSON);
        assertThat(read("logs/tidemill.log")).isEqualTo("line one\ncannot read *****************.pdf\nline three\n");
        assertThat(folder.resolve("uploads/w/p/letter.txt")).doesNotExist();
        assertThat(folder.resolve("uploads/w/p/other.txt")).exists();
        assertThat(node.rows("SELECT key FROM documents ORDER BY key"))
                .extracting(row -> row.get("key"))
                .containsExactly("doc-4.md", "doc-5.md", "doc-6.md", "doc-7.md", "doc-8.md");
        assertThat(node.number("SELECT count(*) FROM vectors_1")).isEqualTo(5 * 2);
        assertThat(node.number("SELECT count(*) FROM embedding_cache")).isEqualTo(5 * 2);
        assertThat(node.number("SELECT count(*) FROM blobs")).isEqualTo(5 * 2);
        assertThat(node.number("SELECT count(*) FROM lexemes WHERE chunks <= 0 OR lexeme = 'word1'"))
                .isZero();
        assertThat(node.number("SELECT count(*) FROM history")).isEqualTo(1);
        assertThat(node.number("SELECT count(*) FROM dead_letters")).isEqualTo(1);
        assertThat(node.number("SELECT chunks FROM lexemes WHERE lexeme = 'tide'"))
                .isEqualTo(5 * 2);
        Receipt receipt = forget().receipts(node.workspaceId, 10).getFirst();
        assertThat(receipt.state()).isEqualTo("done");
        assertThat(receipt.traces()).isZero();
        assertThat(receipt.removed())
                .contains("\"documents\": 3")
                .contains("\"vectors\": 6")
                .contains("\"pastVectors\": 6");
        assertThat(node.number("SELECT count(*) FROM past_vectors")).isEqualTo(5 * 2);
        assertThat(receipt.verification()).contains("find_traces");
        OffsetDateTime verified = Objects.requireNonNull(receipt.verifiedAt());
        assertThat(receipt.backupsExpireAt()).isAfter(verified.plusDays(34)).isBefore(verified.plusDays(36));
        assertThat(forget().traces(node.workspaceId, PERSON)).isEmpty();
        assertThat(forget().traces(node.workspaceId, "what is a tide?")).containsEntry("history.input", 1L);
    }

    @Test
    void aDocumentGoesWithAllItsVersionsAndTextsThatOthersHoldStay() {
        new MadeCorpus(node).documents("/a", 4, 2, 2);
        // The same text in two documents has one vector.
        node.execute(
                "UPDATE chunks SET content_id = (SELECT content_id FROM chunks c JOIN documents d ON d.id = c.document_id"
                        + " WHERE d.key = 'doc-2.md' AND c.ordinal = 0 AND c.valid_to IS NULL) WHERE ordinal = 0 AND valid_to IS NULL"
                        + " AND document_id = (SELECT id FROM documents WHERE key = 'doc-1.md')");

        RunView run = forget(new Target(new Subject("default", null, "doc-1.md"), null));

        assertThat(run.status()).isEqualTo("COMPLETED");
        assertThat(node.number("SELECT count(*) FROM documents")).isEqualTo(3);
        assertThat(
                        node.number(
                                "SELECT count(*) FROM vectors_1 v WHERE EXISTS (SELECT FROM chunks c WHERE c.content_id = v.content_id)"))
                .isEqualTo(3 * 2);
        assertThat(forget().receipts(node.workspaceId, 1).getFirst().verification())
                .contains("forget_documents");
        // Again: there is nothing left to name.
        assertThatThrownBy(() -> forget(new Target(new Subject("default", null, "doc-1.md"), null)))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("doc-1.md");
    }

    @Test
    void aSourceGoesWithItsRowAndOthersStay() {
        new MadeCorpus(node).documents("/srv/letters", 3, 1, 1);
        new MadeCorpus(node).documents("/srv/notes", 2, 1, 1);
        UUID source = node.owner
                .sql("SELECT id FROM sources WHERE location = '/srv/letters'")
                .query(UUID.class)
                .single();

        assertThat(forget(new Target(new Subject("default", source, null), null))
                        .status())
                .isEqualTo("COMPLETED");

        assertThat(node.rows("SELECT location FROM sources"))
                .extracting(row -> row.get("location"))
                .containsExactly("/srv/notes");
        assertThat(node.number("SELECT count(*) FROM documents")).isEqualTo(2);
        assertThat(node.number("SELECT count(*) FROM vectors_1")).isEqualTo(2);
    }

    @Test
    void whatIsOnHoldIsNotForgotten() throws Exception {
        corpusWithPerson();
        Retention retention = new Retention(node.bean(Workspaces.class), node.bean(JdbcClient.class));
        retention.hold(node.workspaceId, new Subject("default", null, "doc-2.md"), "a dispute", "tester");

        assertThatThrownBy(() -> forget(text(PERSON)))
                .isInstanceOf(RunConflict.class)
                .hasMessageContaining("legal hold");

        assertThat(node.number("SELECT count(*) FROM documents")).isEqualTo(8);
        assertThat(node.number("SELECT count(*) FROM forget_receipts")).isZero();
    }

    @Test
    void aKilledForgetThatIsResumedLeavesNothing() throws Exception {
        corpusWithPerson();
        node.execute("INSERT INTO forget_receipts (workspace_id, kind, needle, needle_sha256, requested_by) VALUES ('"
                + node.workspaceId + "', 'text', '" + PERSON + "', 'x', 'tester')");
        UUID receipt = node.owner
                .sql("SELECT id FROM forget_receipts")
                .query(UUID.class)
                .single();
        JobProcess.killAfter(
                database,
                "DELETE",
                "documents",
                1,
                folder.resolve("process.out"),
                ForgetConfiguration.class,
                Forget.JOB,
                Map.of("request", receipt.toString()),
                settings());
        assertThat(dump()).containsIgnoringCase(PERSON);

        List<Long> resumed = node.runs().resumeOrphans();

        assertThat(resumed).hasSize(1);
        assertThat(node.await(resumed.getFirst()).status()).isEqualTo("COMPLETED");
        assertThat(dump()).doesNotContainIgnoringCase(PERSON);
        assertThat(node.number("SELECT count(*) FROM documents")).isEqualTo(5);
        assertThatThrownBy(() -> node.runs()
                        .launch(LaunchRequest.of(
                                node.workspaceId, Forget.JOB, Map.of("request", receipt.toString()), "test")))
                .isInstanceOf(RunConflict.class)
                .hasMessageContaining("is done");
    }

    @Test
    void aForgetWhoseLastStepIsCommittedAndNotKnownToBeIsDone() throws Exception {
        corpusWithPerson();
        Outage.whenStepEnds(node.owner, "verify");

        RunView run = forget(text(PERSON));

        assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
        assertThat(run.attempt()).isEqualTo(2);
        assertThat(run.message()).contains("0 traces");
        assertThat(dump()).doesNotContainIgnoringCase(PERSON);
    }

    @Test
    void aDocumentThatCannotBeDeletedKeepsTheReceiptOpenAndTheOthersGo() throws Exception {
        corpusWithPerson();
        node.execute("""
                CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stays'; END $$;
                CREATE TRIGGER keep BEFORE DELETE ON documents FOR EACH ROW WHEN (OLD.key = 'doc-3.md') EXECUTE FUNCTION keep()
                """);

        RunView run = forget(text(PERSON));

        assertThat(run.status()).isEqualTo("FAILED");
        assertThat(run.message()).contains("document_versions.metadata");
        assertThat(node.number("SELECT count(*) FROM documents")).isEqualTo(6);
        assertThat(node.number("SELECT count(*) FROM dead_letters WHERE reason = 'CANNOT_FORGET'"))
                .isEqualTo(1);
        assertThat(forget().receipts(node.workspaceId, 1).getFirst().state()).isEqualTo("open");
        node.execute("DROP TRIGGER keep ON documents");
        RunView again = node.run(
                Forget.JOB,
                Map.of(
                        "request",
                        forget().receipts(node.workspaceId, 1).getFirst().id().toString()));
        assertThat(again.status()).as(() -> String.valueOf(again.message())).isEqualTo("COMPLETED");
        assertThat(dump()).doesNotContainIgnoringCase(PERSON);
    }

    @Test
    void aTextOfTwoLettersIsRefusedAndOneOfThreeIsNot() {
        assertThatThrownBy(() -> text("ab")).isInstanceOf(InvalidParameter.class);
        assertThat(text("abc").kind()).isEqualTo("text");
        assertThatThrownBy(() -> new Target(new Subject("default", null, "a.md"), "abc"))
                .isInstanceOf(InvalidParameter.class);
        assertThatThrownBy(() -> new Target(new Subject("default", null, null), null))
                .isInstanceOf(InvalidParameter.class);
    }
}
