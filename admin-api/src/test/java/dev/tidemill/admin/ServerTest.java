package dev.tidemill.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.admin.TestServer.Reply;
import dev.tidemill.admin.security.ApiKey;
import dev.tidemill.admin.security.ApiKeys;
import dev.tidemill.run.Node;
import dev.tidemill.run.RunView;
import dev.tidemill.store.Texts;
import dev.tidemill.store.Workspaces;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Over real HTTP, with a real database and a real model.
class ServerTest {

    private static final String SEARCH = "/api/v1/projects/default/search";
    private static final String ASK = "/api/v1/projects/default/ask";

    private static final String MILL = """
            # Tide mills

            A tide mill is a water mill driven by the rise and fall of the sea. A dam with a sluice is built across a suitable
            tidal inlet, so that the incoming tide fills the mill pond through a one-way gate. The gate closes by itself when the
            tide begins to fall.

            ## Grinding

            When the tide is low enough, the stored water is let out over the wheel. A miller could grind for about four hours at
            each low tide, twice a day. The oldest tide mill known in Ireland was built in the year 619.
            """;

    private static final String BREAD = """
            # Sourdough

            Sourdough bread rises through wild yeast and lactic acid bacteria. The starter is fed with flour and water every day.

            ## Baking

            Bake the loaf at 240 degrees for forty minutes. Let it cool before you cut it.
            """;

    private static TestServer server;
    private static String key;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void start() throws Exception {
        server = new TestServer();
        key = server.key();
        Files.writeString(folder.resolve("mill.md"), MILL);
        Files.writeString(folder.resolve("bread.md"), BREAD);
        Files.write(folder.resolve("broken.pdf"), "%PDF-1.7 nothing follows".getBytes(StandardCharsets.US_ASCII));
        Reply started = server.post("/actuator/jobs/ingest", "{\"location\":\"" + folder + "\"}", key);
        assertThat(started.status()).as(started.body()).isEqualTo(202);
        RunView run = server.finished(started);
        assertThat(run.status()).as(String.valueOf(run)).isEqualTo("COMPLETED");
        assertThat(run.refused()).isEqualTo(1);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Reply ask(String question) throws Exception {
        return server.post(ASK, "{\"question\":\"" + question + "\"}", key);
    }

    @Test
    void aQuestionIsAnsweredWithCitationsThatStandInTheStoredText() throws Exception {
        Reply reply = ask("How long could a miller grind at low tide?");

        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        JsonNode answer = reply.json();
        assertThat(answer.path("status").asString()).isEqualTo("answered");
        assertThat(answer.path("answer").asString())
                .contains("about four hours")
                .contains("[1]");
        Workspaces workspaces = server.bean(Workspaces.class);
        UUID workspace = server.bean(StartWorkspace.class).id();
        Texts texts = new Texts(workspaces, server.bean(JdbcClient.class));
        for (JsonNode citation : answer.path("citations")) {
            assertThat(texts.slice(
                            workspace,
                            UUID.fromString(citation.path("document").path("id").asString()),
                            citation.path("document").path("version").asInt(),
                            citation.path("start").asInt(),
                            citation.path("end").asInt()))
                    .contains(citation.path("quote").asString());
        }
        JsonNode first = answer.path("citations").get(0);
        assertThat(first.path("document").path("key").asString()).isEqualTo("mill.md");
        assertThat(first.path("headingPath").toString()).contains("Tide mills");
        assertThat(answer.has("explain")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "What is the capital of France?",
                "Who won the football world cup in 2014?",
                "How is a binary search tree balanced?"
            })
    void aQuestionThatTheCorpusDoesNotCoverIsAbstainedFrom(String question) throws Exception {
        JsonNode answer = ask(question).json();

        assertThat(answer.path("status").asString()).as(answer.toString()).isEqualTo("abstained");
        assertThat(answer.path("reason").asString()).isEqualTo("NOT_COVERED");
        assertThat(answer.path("message").asString()).isNotBlank();
        assertThat(answer.path("citations")).isEmpty();
    }

    @Test
    void aFilterThatLetsNothingThroughIsAnAbstention() throws Exception {
        JsonNode answer = server.post(ASK, """
                        {"question": "How long could a miller grind?", "filter": {"documents": ["none.md"]}}
                        """, key).json();

        assertThat(answer.path("reason").asString()).isEqualTo("NOTHING_FOUND");
    }

    @ParameterizedTest
    @CsvSource({"hybrid", "vector", "text"})
    void everyModeFinds(String mode) throws Exception {
        JsonNode hits = server.post(
                        SEARCH, "{\"question\":\"wild yeast starter\",\"k\":2,\"mode\":\"" + mode + "\"}", key)
                .json()
                .path("hits");

        assertThat(hits.get(0).path("document").path("key").asString()).isEqualTo("bread.md");
        assertThat(hits.size()).isBetween(1, 2);
    }

    @Test
    void filtersNarrowTheHits() throws Exception {
        JsonNode hits = server.post(SEARCH, """
                        {"question": "water flour tide", "filter": {"heading": "tide mills"}}
                        """, key).json().path("hits");

        assertThat(hits).isNotEmpty();
        for (JsonNode hit : hits) {
            assertThat(hit.path("headingPath").toString()).contains("Tide mills");
        }
        assertThat(server.post(SEARCH, """
                        {"question": "water", "filter": {"sources": ["/somewhere/else"]}}
                        """, key).json().path("hits")).isEmpty();
    }

    @Test
    void explainTellsRanksScoresTermsAndTimes() throws Exception {
        JsonNode reply = server.post(SEARCH, "{\"question\":\"tide mill gate\",\"explain\":true}", key)
                .json();

        JsonNode hit = reply.path("hits").get(0).path("explain");
        assertThat(hit.path("vectorRank").asInt()).isPositive();
        assertThat(hit.path("textRank").asInt()).isPositive();
        assertThat(hit.path("vectorScore").asDouble()).isBetween(0.5, 1.0);
        assertThat(hit.path("runId").asLong()).isPositive();
        assertThat(reply.path("explain").path("terms").toString())
                .contains("gate")
                .contains("tide");
        assertThat(reply.path("explain").path("vectorSet").asLong()).isPositive();
        assertThat(reply.path("explain").path("millis").path("total").asDouble())
                .isPositive();
    }

    @Test
    void withoutExplainNoScoreIsTold() throws Exception {
        assertThat(server.post(SEARCH, "{\"question\":\"tide mill gate\"}", key).body())
                .doesNotContain("core")
                .doesNotContain("Rank");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{}                                             | question is missing",
                "{\"question\":null}                            | question is missing",
                "{\"question\":\"  \"}                          | question is blank",
                "{\"question\":\"x\",\"k\":0}                   | k is 0: use a number from 1 to 100",
                "{\"question\":\"x\",\"k\":101}                 | k is 101: use a number from 1 to 100",
                "{\"question\":\"x\",\"k\":\"ten\"}             | \"k\" has the wrong type: must be a whole number",
                "{\"question\":\"x\",\"k\":1.5}                 | \"k\" has the wrong type",
                "{\"question\":{}}                              | \"question\" has the wrong type: must be text",
                "{\"question\":\"x\",\"kk\":1}                  | unknown property \"kk\": known are asOf, explain, filter, k, mode",
                "{\"question\":\"x\",\"filter\":{\"tags\":[]}}  | unknown property \"tags\"",
                "{\"question\":\"x\",\"filter\":{\"sources\":[]}} | filter.sources is empty",
                "{\"question\":\"x\",\"filter\":{\"metadata\":{\"a\":null}}} | filter.metadata.a holds an empty",
                "{\"question\":\"x\",\"mode\":\"fuzzy\"}        | unknown mode \"fuzzy\": use one of hybrid, vector, text",
                "{\"question\":\"a\\u0000b\"}                   | NUL",
                "[1]                                            | the body does not fit",
                "{\"question\":                                 | no valid JSON",
                "`` | the body is missing"
            })
    void aBadRequestIsAProblemThatSaysWhatToDo(String body, String detail) throws Exception {
        for (String path : List.of(SEARCH, ASK)) {
            Reply reply = server.post(path, body, key);

            assertThat(reply.status()).as(reply.body()).isEqualTo(400);
            assertThat(reply.contentType()).startsWith("application/problem+json");
            assertThat(reply.detail()).contains(detail.strip());
            assertThat(reply.json().path("instance").asString()).isEqualTo(path);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "POST, /api/v1/projects/nowhere/search, 404",
        "POST, /api/v1/projects/nowhere/ask, 404",
        "GET,  /api/v1/projects/default/search, 405",
        "POST, /api/v1/projects/default/search?limit=3, 400",
        "GET,  /api/v1/nothing, 404",
        "GET,  /actuator/runs/999999, 404",
        "GET,  /actuator/runs/abc, 400",
        "GET,  /actuator/runs?limt=3, 400",
        "GET,  /actuator/runs?limit=0, 400",
        "GET,  /actuator/runs?limit=501, 400",
        "GET,  /actuator/runs?state=fuzzy, 400",
        "GET,  /actuator/runs?status=fuzzy, 400",
        "GET,  /actuator/runs?from=yesterday, 400",
        "GET,  /actuator/runs?parameter=location, 400",
        "GET,  /actuator/runs?text=, 400",
        "GET,  /actuator/runs/1/diff/999999, 404",
        "GET,  /actuator/env, 404",
        "POST, /actuator/jobs/frobnicate, 404"
    })
    void whatDoesNotExistOrDoesNotFitIsAProblem(String method, String path, int status) throws Exception {
        Reply reply = method.equals("GET") ? server.get(path, key) : server.post(path, "{\"question\":\"x\"}", key);

        assertThat(reply.status()).as(reply.body()).isEqualTo(status);
        assertThat(reply.contentType()).startsWith("application/problem+json");
        assertThat(reply.detail()).isNotBlank();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{}|location is missing",
                "{\"location\":\"/no/such/folder\"}|/no/such/folder does not exist",
                "{\"lokation\":\"/tmp\"}|unknown property \"lokation\"",
                "{\"location\":\"/tmp\",\"type\":\"carrier pigeon\"}|type is \"carrier pigeon\": use directory"
            })
    void anIngestOfNothingIsAProblem(String body, String detail) throws Exception {
        Reply reply = server.post("/actuator/jobs/ingest", body, key);

        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.detail()).contains(detail);
    }

    @Test
    void aBodyThatNoQuestionNeedsIsRefusedUnread() throws Exception {
        Reply reply = server.post(SEARCH, "{\"question\":\"" + "x".repeat(300_000) + "\"}", key);

        assertThat(reply.status()).isEqualTo(413);
        assertThat(reply.contentType()).startsWith("application/problem+json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "nonsense", "tmk_AAAAAAAA_000000000000000000000000000000000000000"})
    void withoutAValidKeyNothingIsServed(String given) throws Exception {
        for (String path :
                List.of("/actuator/runs", "/actuator", "/v3/api-docs", "/api/v1/nothing", "/actuator/metrics")) {
            Reply reply = server.get(path, given);
            assertThat(reply.status()).as(path).isEqualTo(401);
            assertThat(reply.contentType()).startsWith("application/problem+json");
            assertThat(reply.detail()).contains("X-API-Key");
        }
        assertThat(server.post(SEARCH, "{}", given).status()).isEqualTo(401);
        assertThat(server.get("/actuator/runs?key=" + key, null).status()).isEqualTo(401);
    }

    @Test
    void aKeyWithoutTheScopeIsForbidden() throws Exception {
        String reader = newKey(server.bean(StartWorkspace.class).id(), "read");

        assertThat(server.post(SEARCH, "{\"question\":\"tide\"}", reader).status())
                .isEqualTo(200);
        assertThat(server.post(SEARCH, "{\"question\":\"tide\",\"explain\":true}", reader)
                        .status())
                .isEqualTo(403);
        assertThat(server.get("/actuator/runs", reader).status()).isEqualTo(403);
        assertThat(server.upload("default", Map.of("a.txt", "text"), reader).status())
                .isEqualTo(403);
        String writer = newKey(server.bean(StartWorkspace.class).id(), "write");
        assertThat(server.post(SEARCH, "{\"question\":\"tide\"}", writer).status())
                .isEqualTo(403);
    }

    @Test
    void aRevokedOrExpiredKeyIsRefused() throws Exception {
        String revoked = newKey(server.bean(StartWorkspace.class).id(), "read");
        String expired = newKey(server.bean(StartWorkspace.class).id(), "read");
        JdbcClient owner = JdbcClient.create(server.database.dataSource());
        owner.sql("UPDATE api_keys SET revoked_at = now() WHERE id = :id")
                .param("id", ApiKey.parse(revoked).orElseThrow().id())
                .update();
        owner.sql("UPDATE api_keys SET expires_at = now() WHERE id = :id")
                .param("id", ApiKey.parse(expired).orElseThrow().id())
                .update();

        assertThat(server.post(SEARCH, "{\"question\":\"tide\"}", revoked).status())
                .isEqualTo(401);
        assertThat(server.post(SEARCH, "{\"question\":\"tide\"}", expired).status())
                .isEqualTo(401);
    }

    @Test
    void theFirstKeyIsReadableByItsOwnerOnlyAndOnlyItsHashIsStored() throws Exception {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(server.home.apiKey())))
                .isEqualTo("rw-------");
        String stored = JdbcClient.create(server.database.dataSource())
                .sql("SELECT string_agg(api_keys::text, ' ') FROM api_keys")
                .query(String.class)
                .single();
        assertThat(stored).doesNotContain(key).doesNotContain(key.substring(13));
    }

    @Test
    void anotherWorkspaceSeesNothingOfThisOne() throws Exception {
        JdbcClient owner = JdbcClient.create(server.database.dataSource());
        UUID organization = owner.sql("INSERT INTO organizations (name, slug) VALUES ('Other', 'other') RETURNING id")
                .query(UUID.class)
                .single();
        UUID other = owner.sql("""
                        INSERT INTO workspaces (organization_id, name, slug) VALUES (:o, 'Other', 'other')
                        RETURNING workspace_id
                        """).param("o", organization).query(UUID.class).single();
        owner.sql(
                        "INSERT INTO projects (workspace_id, slug, name) VALUES (:w, 'default', 'Default'), (:w, 'own', 'Own')")
                .param("w", other)
                .update();
        String theirs = newKey(other, "read", "write", "admin");

        JsonNode answer = server.post(ASK, "{\"question\":\"What is a tide mill?\"}", theirs)
                .json();
        assertThat(answer.path("reason").asString()).isEqualTo("EMPTY_PROJECT");
        assertThat(server.get("/actuator/runs", theirs).json()).isEmpty();
        assertThat(server.get("/actuator/deadletters", theirs).json()).isEmpty();
        assertThat(server.get("/actuator/deadletters/groups", theirs).json()).isEmpty();
        long letter = server.get("/actuator/deadletters?state=all", key)
                .json()
                .get(0)
                .path("id")
                .asLong();
        assertThat(server.get("/actuator/deadletters/" + letter, theirs).status())
                .isEqualTo(404);
        assertThat(server.post("/actuator/deadletters/ignore", "{\"ids\":[" + letter + "],\"reason\":\"x\"}", theirs)
                        .json()
                        .path("letters")
                        .asLong())
                .isZero();
        String plan = server.post("/actuator/jobs/ingest/plan", "{\"location\":\"" + folder + "\"}", key)
                .json()
                .path("planId")
                .asString();
        assertThat(server.post("/actuator/jobs/ingest?plan=" + plan, "{}", theirs)
                        .status())
                .isEqualTo(404);
        long run = server.get("/actuator/runs", key).json().get(0).path("id").asLong();
        assertThat(server.get("/actuator/runs/" + run, theirs).status()).isEqualTo(404);
        assertThat(server.post("/api/v1/projects/own/search", "{\"question\":\"x\"}", key)
                        .status())
                .isEqualTo(404);

        RunView uploaded = server.finished(server.upload(
                "default", Map.of("secret.md", "# Vault\n\nThe vault opens with the word periwinkle.\n"), theirs));
        assertThat(uploaded.status()).isEqualTo("COMPLETED");
        assertThat(server.post(ASK, "{\"question\":\"Which word opens the vault?\"}", theirs)
                        .body())
                .contains("periwinkle");
        assertThat(server.post(SEARCH, "{\"question\":\"Which word opens the vault? periwinkle\",\"k\":100}", key)
                        .body())
                .doesNotContain("opens with");
    }

    @Test
    void anUploadIsIngestedAndTheSameNameAgainIsANewVersion() throws Exception {
        server.finished(
                server.upload("default", Map.of("ferry.md", "# Ferry\n\nThe ferry leaves at nine o'clock.\n"), key));
        Reply second =
                server.upload("default", Map.of("ferry.md", "# Ferry\n\nThe ferry leaves at eleven o'clock.\n"), key);
        assertThat(second.status()).as(second.body()).isEqualTo(202);
        assertThat(server.finished(second).status()).isEqualTo("COMPLETED");

        JsonNode hits = server.post(
                        SEARCH,
                        "{\"question\":\"When does the ferry leave?\",\"filter\":{\"documents\":[\"ferry.md\"]}}",
                        key)
                .json()
                .path("hits");
        assertThat(hits).hasSize(1);
        assertThat(hits.get(0).path("text").asString()).contains("eleven");
        assertThat(hits.get(0).path("document").path("version").asInt()).isEqualTo(2);
    }

    @Test
    void anUploadWithoutAFileIsAProblem() throws Exception {
        assertThat(server.upload("default", Map.of(), key).status()).isEqualTo(400);
        assertThat(server.upload("nowhere", Map.of("a.txt", "x"), key).status()).isEqualTo(404);
        assertThat(server.post("/api/v1/projects/default/documents", "{}", key).status())
                .isEqualTo(415);
    }

    @Test
    void theRunAndItsDeadLetterAreShown() throws Exception {
        JsonNode letters = server.get("/actuator/deadletters", key).json();

        assertThat(letters.toString()).contains("broken.pdf").contains("CORRUPT");
        JsonNode run = server.get(
                        "/actuator/runs/" + letters.get(0).path("runId").asLong(), key)
                .json();
        assertThat(run.path("job").asString()).isEqualTo("ingest");
        assertThat(run.path("status").asString()).isEqualTo("COMPLETED");
        assertThat(run.path("steps").size()).isGreaterThan(3);
        assertThat(run.path("state").asString()).isEqualTo("COMPLETED_WITH_SKIPS");
        assertThat(run.path("attempt").asInt()).isEqualTo(1);
        assertThat(run.path("requestedBy").asString()).startsWith("key ");
        assertThat(run.path("origin").asString()).isEqualTo("api");
        assertThat(run.path("node").path("heartbeatAgeSeconds").asLong(-1)).isBetween(0L, 60L);
        assertThat(run.path("configHash").asString()).hasSize(12);
        assertThat(run.path("codeVersion").asString())
                .isEqualTo(server.bean(Node.class).version())
                .isNotBlank();
        assertThat(run.path("failures")).isEmpty();
        assertThat(server.get("/actuator/jobs", key).json().get(0).path("name").asString())
                .isEqualTo("ingest");
    }

    @Test
    void theListOfRunsLeadsFromPageToPage() throws Exception {
        server.finished(server.upload("default", Map.of("page.md", "# Page\n\nOne more run.\n"), key));
        HttpResponse<String> first = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(server.url() + "/actuator/runs?limit=1&job=ingest"))
                                .header("X-API-Key", key)
                                .build(),
                        HttpResponse.BodyHandlers.ofString());

        String link = first.headers().firstValue("Link").orElse("");
        assertThat(link).startsWith("<" + server.url() + "/actuator/runs?").endsWith(">; rel=\"next\"");
        String next = link.substring(1 + server.url().length(), link.indexOf('>'));
        assertThat(next).contains("limit=1").contains("job=ingest");
        JsonNode second = server.get(next, key).json();
        assertThat(second).hasSize(1);
        assertThat(second.get(0).path("id").asLong())
                .isLessThan(JsonMapper.shared()
                        .readTree(first.body())
                        .get(0)
                        .path("id")
                        .asLong());
    }

    @Test
    void theApiIsDescribed() throws Exception {
        JsonNode description = server.get("/v3/api-docs", key).json();
        JsonNode paths = description.path("paths");

        assertThat(paths.propertyNames())
                .contains(
                        "/api/v1/projects/{project}/search",
                        "/api/v1/projects/{project}/ask",
                        "/api/v1/projects/{project}/documents",
                        "/actuator/jobs",
                        "/actuator/jobs/{job}",
                        "/actuator/jobs/{job}/plan",
                        "/actuator/deadletters/groups",
                        "/actuator/deadletters/replay",
                        "/actuator/runs",
                        "/actuator/runs/{id}",
                        "/actuator/runs/{id}/diff/{other}",
                        "/actuator/runs/{id}/events",
                        "/actuator/runs/events");
        JsonNode schemas = description.path("components").path("schemas");
        assertThat(schemas.path("RunDetail").toString()).contains("failures").contains("waitingFor");
        assertThat(schemas.path("StepProgress").path("properties").propertyNames())
                .contains("done", "total", "etaLowSeconds", "etaHighSeconds", "stalled");
        assertThat(paths.path("/actuator/runs").path("get").path("parameters").findValuesAsString("name"))
                .contains("job", "status", "state", "from", "to", "parameter", "text", "origin", "before", "limit");
        assertThat(paths.path("/actuator/runs/events").path("get").toString()).contains("text/event-stream");
    }

    @Test
    void theHealthIsPublicAndItsDetailsAreNot() throws Exception {
        assertThat(server.get("/actuator/health/readiness", null).body()).isEqualTo("{\"status\":\"UP\"}");
        assertThat(server.get("/actuator/health/liveness", null).status()).isEqualTo(200);
        assertThat(server.get("/actuator/health/readiness", key).body())
                .contains("tidemill_app")
                .contains("tidemill_batch")
                .contains("bge-small-en-v1.5-int8");
    }

    @Test
    void headingsToAskAboutAreOffered() throws Exception {
        assertThat(server.get("/api/v1/projects/default/headings", key).status())
                .isEqualTo(200);
        assertThat(server.get("/api/v1/projects/nowhere/headings", key).status())
                .isEqualTo(404);
    }

    private static String newKey(UUID workspace, String... scopes) {
        ApiKey made = ApiKey.generate();
        ApiKeys.store(server.database.dataSource(), made, workspace, List.of(scopes), "test");
        return made.text();
    }
}
