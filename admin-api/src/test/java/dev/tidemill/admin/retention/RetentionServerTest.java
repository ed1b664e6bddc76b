package dev.tidemill.admin.retention;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.admin.TestServer;
import dev.tidemill.admin.TestServer.Reply;
import dev.tidemill.admin.cli.CommandLineTool;
import dev.tidemill.run.RunView;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Operators let go of documents that were really ingested, and move a project whose vectors a model really made.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RetentionServerTest {

    private static final String PERSON = "Theodora Millwright";

    @TempDir
    private static Path folder;

    private static TestServer server;
    private static String whole;
    private static RunView ingested;
    private static JdbcClient owner;

    @BeforeAll
    static void ingest() throws Exception {
        server = new TestServer();
        owner = JdbcClient.create(server.database.dataSource());
        Reply upload = server.upload(
                "default",
                Map.of(
                        "letter.md", "# Letters\n\n" + PERSON + " wrote that the sluice gate leaks at spring tide.\n",
                        "gates.md", "# Gates\n\nThe harbour gate is closed by hand when the flood comes in.\n",
                        "stones.md", "# Stones\n\nThe millstone is dressed twice a year with a steel pick.\n"),
                server.key());
        ingested = server.finished(upload);
        assertThat(ingested.status()).isEqualTo("COMPLETED");
        whole = String.valueOf(
                owner.sql("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
                        .query(String.class)
                        .single());
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private record Ran(int code, String out, String err) {}

    private static Ran run(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = new CommandLineTool(server.home, Map.of(), new PrintWriter(out, true), new PrintWriter(err, true))
                .run(arguments);
        return new Ran(code, out.toString(), err.toString());
    }

    private static String search(String project, String question) throws Exception {
        return server.post(
                        "/api/v1/projects/" + project + "/search", "{\"question\": \"" + question + "\"}", server.key())
                .body();
    }

    private static Reply searchAsOf(String question, String asOf) throws Exception {
        return server.post(
                "/api/v1/projects/default/search",
                "{\"question\": \"" + question + "\", \"asOf\": \"" + asOf + "\", \"explain\": true}",
                server.key());
    }

    private static long number(String sql) {
        return owner.sql(sql).query(Long.class).single();
    }

    @Test
    @Order(1)
    void aProjectIsMovedWithItsVectorsAndAnswersTheSame() throws Exception {
        long embedded = number("SELECT count(*) FROM embedding_cache");
        Path file = folder.resolve("moved.tidemill");

        Ran exported = run("export", file.toString());
        assertThat(exported.code()).as(exported.err()).isZero();
        Ran planned = run("import", file.toString(), "--project", "moved", "--dry-run");
        assertThat(planned.out()).contains("project moved is made").contains("documents");
        Ran imported = run("import", file.toString(), "--project", "moved");

        assertThat(imported.code()).as(imported.err()).isZero();
        assertThat(number("SELECT count(*) FROM embedding_cache")).isEqualTo(embedded);
        assertThat(search("moved", "how is the harbour gate closed?")).contains("closed by hand");
        assertThat(run("import", file.toString(), "--project", "moved").err()).contains("has 3 documents");
        Ran lines = run("export", folder.resolve("moved.jsonl").toString(), "--format", "jsonl");
        assertThat(lines.code()).isZero();
        assertThat(Files.readAllLines(folder.resolve("moved.jsonl"))).hasSize(3);
    }

    @Test
    @Order(2)
    void policiesAndHoldsAreSetShownAndTakenBack() throws Exception {
        assertThat(run("retention", "set", "--project", "default", "--undo", "0s", "--versions-keep", "0")
                        .code())
                .isZero();
        Ran shown = run("retention");
        assertThat(shown.out()).contains("policy of project default").contains("undo PT0S");
        Ran held = run("retention", "hold", "--project", "default", "--document", "gates.md", "--reason", "a dispute");
        assertThat(held.code()).as(held.err()).isZero();
        assertThat(run("retention", "expire", "--project", "default", "stones.md", "--at", "2026-01-01T00:00:00Z")
                        .code())
                .isZero();
        assertThat(run("retention", "expire", "--project", "default", "gates.md", "--at", "2026-01-01T00:00:00Z")
                        .code())
                .isZero();

        Ran plan = run("prune", "--dry-run");
        assertThat(plan.out()).contains("expired").contains("stones.md").doesNotContain("gates.md");
        Ran pruned = run("prune", "--project", "default");

        assertThat(pruned.code()).as(pruned.err()).isZero();
        assertThat(search("default", "how is the millstone dressed?")).doesNotContain("steel pick");
        assertThat(search("default", "how is the harbour gate closed?")).contains("closed by hand");
        Reply then = searchAsOf("how is the millstone dressed?", whole);
        assertThat(then.body()).contains("steel pick");
        assertThat(then.json().path("asOf").path("complete").asBoolean()).isTrue();
        assertThat(then.json().path("explain").path("asOf").path("pastChunks").asLong())
                .isEqualTo(1);
        assertThat(then.json()
                        .path("explain")
                        .path("asOf")
                        .path("withoutVector")
                        .asLong(-1))
                .isZero();
        Reply answer = server.post(
                "/api/v1/projects/default/ask",
                "{\"question\": \"How often is the millstone dressed?\", \"asOf\": \"" + whole + "\"}",
                server.key());
        assertThat(answer.json().path("citations").path(0).path("quote").asString())
                .as(answer::body)
                .contains("steel pick");
        Ran asked = run("search", "how is the millstone dressed?", "--as-of", whole);
        assertThat(asked.out()).contains("steel pick").doesNotContain("As of");
        assertThat(searchAsOf("how is the millstone dressed?", "2999-01-01T00:00:00Z")
                        .detail())
                .contains("still to come");
        assertThat(searchAsOf("how is the millstone dressed?", "yesterday").status())
                .isEqualTo(400);
        Ran back = run("retention", "bring-back", "--project", "default", "stones.md");
        assertThat(back.code()).as(back.err()).isZero();
        assertThat(search("default", "how is the millstone dressed?")).contains("steel pick");
        assertThat(run("retention", "bring-back", "--project", "default", "stones.md")
                        .err())
                .contains("is not retired");
        assertThat(searchAsOf("how is the millstone dressed?", whole).body()).contains("steel pick");
        assertThat(run("retention", "set", "--tag", "state=draft", "--max-age", "30d")
                        .code())
                .isZero();
        assertThat(run("retention").out())
                .contains("policy of the workspace, tag state=draft")
                .contains("maxAge PT720H");
        assertThat(run("retention", "unset", "--tag", "state=draft").out()).contains("true");
        assertThat(server.post("/actuator/retention", "{\"tag\": \"draft\"}", server.key())
                        .detail())
                .contains("NAME=VALUE");
        assertThat(server.get("/actuator/retention/holds", null).status()).isEqualTo(401);
        assertThat(server.post("/actuator/retention", "{\"project\": \"nowhere\"}", server.key())
                        .status())
                .isEqualTo(400);
        assertThat(server.post("/actuator/retention", "{\"undo\": \"soon\"}", server.key())
                        .detail())
                .contains("30d");
    }

    @Test
    @Order(3)
    void aRunStandsForTheTimeOfItsEnd() throws Exception {
        String question = "how is the millstone dressed?";
        String run = "run:" + ingested.id();
        // As where the clock of the server is behind that of the database: the run ended before it published anything.
        owner.sql(
                        "UPDATE batch_job_execution SET end_time = start_time - interval '1 minute' WHERE job_execution_id = :run")
                .param("run", ingested.id())
                .update();

        Reply then = searchAsOf(question, run);

        assertThat(then.body()).as(then::body).contains("steel pick");
        assertThat(then.json().path("asOf").path("complete").asBoolean()).isTrue();
        assertThat(then.json().path("explain").path("corpusChunks").asLong()).isEqualTo(3);
        assertThat(Instant.parse(then.json().path("asOf").path("at").asString()))
                .isBefore(Instant.parse(whole))
                .isEqualTo(owner.sql("SELECT ended_at FROM runs WHERE run_id = :run")
                        .param("run", ingested.id())
                        .query(OffsetDateTime.class)
                        .single()
                        .toInstant());
        assertThat(server.post(
                                "/api/v1/projects/default/ask",
                                "{\"question\": \"" + question + "\", \"asOf\": \"" + run + "\"}",
                                server.key())
                        .body())
                .contains("steel pick");
        assertThat(run("search", question, "--as-of", run).out()).contains("steel pick");
        assertThat(run("ask", question, "--as-of", run).out()).contains("steel pick");
        // Ingested, imported, retired and brought back by now.
        assertThat(
                        number(
                                "SELECT count(*) FROM chunks c JOIN document_versions v ON v.id = c.version_id"
                                        + " WHERE c.valid_from IS DISTINCT FROM v.valid_from OR c.valid_to IS DISTINCT FROM v.valid_to"))
                .isZero();
        assertThat(searchAsOf(question, "run:last").detail()).contains("or the number of a run, for example run:12");
        assertThat(run("ask", "--help").out()).contains("run:ID");
    }

    @Test
    @Order(4)
    void aRunThatIsUnknownOrHasNotEndedIsRefused() throws Exception {
        owner.sql("""
                        INSERT INTO batch_job_instance (job_instance_id, version, job_name, job_key)
                          VALUES (8000001, 0, 'j', 'a'), (8000002, 0, 'j', 'b');
                        INSERT INTO launches (workspace_id, job_instance_id, job, subject, state, origin, identity, request_hash,
                          requested_by, requested_on, due_at, last_run_id)
                          SELECT CASE n WHEN 1 THEN workspace_id ELSE gen_random_uuid() END, 8000000 + n, 'j', 's' || n, 'waiting', 'api', 'i', '', 'a', workspace_id,
                            now() + interval '1 hour', 8000000 + n
                          FROM workspaces, generate_series(1, 2) n;
                        INSERT INTO batch_job_execution (job_execution_id, version, job_instance_id, create_time, status)
                          SELECT job_instance_id, 0, job_instance_id, now(), 'STARTING' FROM batch_job_instance WHERE job_instance_id > 8000000;
                        INSERT INTO runs (workspace_id, run_id, job_instance_id, job, origin, attempt)
                          SELECT workspace_id, job_instance_id, job_instance_id, job, origin, 1 FROM launches WHERE job_instance_id > 8000000;
                        UPDATE runs SET ended_at = now() WHERE run_id = 8000002
                        """).update();

        Reply going = searchAsOf("sluice", "run:8000001");
        assertThat(going.status()).isEqualTo(409);
        assertThat(going.detail()).contains("run 8000001 has not ended: wait for its end");
        for (String unknown : List.of("run:8000002", "run:8000003")) {
            Reply nowhere = searchAsOf("sluice", unknown);
            assertThat(nowhere.status()).isEqualTo(404);
            assertThat(nowhere.detail()).contains("this workspace has no run").contains("its history was pruned");
        }
        Ran asked = run("ask", "where is the sluice?", "--as-of", "run:8000001");
        assertThat(asked.code()).isEqualTo(5);
        assertThat(asked.err()).contains("has not ended");
        assertThat(run("search", "sluice", "--as-of", "run:8000003").code()).isEqualTo(3);
        owner.sql(
                        "DELETE FROM launches WHERE job_instance_id > 8000000; DELETE FROM batch_job_execution WHERE job_instance_id > 8000000;"
                                + " DELETE FROM batch_job_instance WHERE job_instance_id > 8000000")
                .update();
    }

    @Test
    @Order(5)
    void aForgottenPersonIsFoundByNobody() throws Exception {
        assertThat(search("default", "who wrote about the sluice gate?")).contains(PERSON);
        assertThat(run("forget", "--text=" + PERSON, "--dry-run").out()).contains("chunks.text");

        Reply asked = server.post("/actuator/forget", "{\"text\": \"" + PERSON + "\"}", server.key());
        assertThat(asked.status()).isEqualTo(202);
        assertThat(server.finished(asked).status()).isEqualTo("COMPLETED");

        Reply receipt =
                server.get("/actuator/forget/" + asked.json().path("receiptId").asString(), server.key());
        assertThat(receipt.json().path("state").asString()).isEqualTo("done");
        assertThat(receipt.json().path("traces").asLong()).isZero();
        assertThat(receipt.body()).doesNotContain(PERSON);
        assertThat(search("default", "who wrote about the sluice gate?")).doesNotContain(PERSON);
        assertThat(search("moved", "who wrote about the sluice gate?")).doesNotContain(PERSON);
        Reply then = searchAsOf("who wrote about the sluice gate?", whole);
        assertThat(then.body()).doesNotContain(PERSON);
        assertThat(then.json().path("asOf").path("complete").asBoolean(true)).isFalse();
        assertThat(run("search", "who wrote about the sluice gate?", "--as-of", whole)
                        .out())
                .contains("the past is whole only since");
        assertThat(run("forget", "--text=" + PERSON, "--dry-run").out().strip()).isEqualTo("{ }");
        assertThat(run("forget").out()).contains("\"done\"");
        assertThat(run("forget", "--project", "default", "--document", "nothing.md")
                        .code())
                .isNotZero();
    }

    @Test
    @Order(6)
    void theSchemaIsLookedAtAndANewChangeGetsItsFile() throws Exception {
        Map<String, String> environment = Map.of("DATABASE_URL", TestServer.url(server.database));
        StringWriter out = new StringWriter();
        CommandLineTool tool =
                new CommandLineTool(server.home, environment, new PrintWriter(out, true), new PrintWriter(out, true));
        assertThat(tool.run("migrate", "status")).as(out::toString).isZero();
        assertThat(tool.run("migrate", "plan")).isZero();
        assertThat(out.toString()).contains("-- 0 change sets");
        owner.sql("DROP INDEX documents_deleted").update();
        assertThat(tool.run("migrate", "status")).isEqualTo(7);
        assertThat(out.toString()).contains("drift    index documents_deleted is missing");
        owner.sql("UPDATE backfills SET state = 'open' WHERE id = '122-version-tokens'")
                .update();
        out.getBuffer().setLength(0);
        assertThat(tool.run("migrate", "status", "-o", "json")).isEqualTo(7);
        JsonNode status = JsonMapper.shared().readTree(out.toString());
        assertThat(status.path("changes").size()).isPositive();
        assertThat(status.path("drift").path(0).asString()).startsWith("index documents_deleted is missing");
        assertThat(status.path("openBackfills").path(0).asString()).isEqualTo("122-version-tokens");
        Files.writeString(folder.resolve("120-last.sql"), "");
        assertThat(tool.run("migrate", "new", "Labels of documents!", "--folder", folder.toString()))
                .isZero();
        assertThat(folder.resolve("130-labels-of-documents.sql"))
                .content()
                .contains("--changeset tidemill:130-labels-of-documents");
        assertThat(tool.run("migrate", "apply")).isZero();
        assertThat(tool.run("migrate", "rollback", "never")).isEqualTo(1);
        assertThat(out.toString()).contains("there is no tag \"never\"");
    }
}
