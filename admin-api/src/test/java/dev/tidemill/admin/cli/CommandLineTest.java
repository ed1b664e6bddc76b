package dev.tidemill.admin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.admin.Home;
import dev.tidemill.admin.TestServer;
import dev.tidemill.postgres.TestDatabase;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The commands against a running server, and without one.
class CommandLineTest {

    private static TestServer server;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() {
        server = new TestServer();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /// What a command left behind.
    private record Ran(int code, String out, String err) {

        JsonNode json() {
            return JsonMapper.shared().readTree(out);
        }

        /// One line, and nothing of it a stack trace.
        Ran saysInOneLine(String text) {
            assertThat(err).startsWith("tidemill: ").contains(text).doesNotContain("\tat ");
            assertThat(err.strip().lines()).hasSize(1);
            assertThat(out).isEmpty();
            return this;
        }
    }

    private static Ran run(Home home, Map<String, String> environment, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = new CommandLineTool(home, environment, new PrintWriter(out, true), new PrintWriter(err, true))
                .run(arguments);
        return new Ran(code, out.toString(), err.toString());
    }

    private static Ran run(String... arguments) {
        return run(server.home, Map.of(), arguments);
    }

    @Test
    void aFolderIsIngestedAskedAndSearchedThroughTheRunningServer() throws Exception {
        Files.writeString(
                folder.resolve("well.md"), "# Wells\n\nThe deepest well of the village is forty metres deep.\n");

        Ran ingest = run("ingest", folder.toString());
        assertThat(ingest.code()).as(ingest.err()).isZero();
        assertThat(ingest.out()).contains("COMPLETED").contains("embed");

        Ran again = run("ingest", folder.toString(), "-o", "json");
        assertThat(again.code()).isZero();
        assertThat(again.json().path("status").asString()).isEqualTo("COMPLETED");

        Ran ask = run("ask", "How deep is the deepest well?");
        assertThat(ask.code()).isZero();
        assertThat(ask.out()).contains("forty metres").contains("[1] Wells").contains("(well.md): \"");

        Ran json = run("ask", "How deep is the deepest well?", "-o", "json");
        assertThat(json.json().path("citations").get(0).path("quote").asString())
                .contains("forty metres");

        Ran abstained = run("ask", "Who painted the Mona Lisa?");
        assertThat(abstained.code()).isZero();
        assertThat(abstained.out()).startsWith("No answer: ");

        Ran search = run("search", "village well", "-k", "1", "--explain", "-o", "json");
        assertThat(search.json().path("hits")).hasSize(1);
        assertThat(search.json().path("hits").get(0).has("explain")).isTrue();
        assertThat(run("search", "village well", "--document", "none.md").out()).contains("Nothing found.");

        assertThat(run("jobs").out()).contains("ingest").contains("COMPLETED");
        assertThat(run("jobs", "-o", "json").json().get(0).path("name").asString())
                .isEqualTo("ingest");
        long id = run("runs", "-o", "json").json().get(0).path("id").asLong();
        assertThat(run("runs", Long.toString(id)).out()).contains("run " + id + " COMPLETED");
    }

    @Test
    void aProjectComesBackOutOfABackupThroughTheRunningServer() throws Exception {
        Files.writeString(folder.resolve("sluice.md"), "# Sluices\n\nThe old sluice opens at half tide.\n");
        assertThat(run("ingest", folder.toString()).code()).isZero();
        assertThat(run("backup", "create", "--wait").out()).contains("COMPLETED");
        Files.writeString(folder.resolve("lock.md"), "# Locks\n\nThe new lock is never closed.\n");
        assertThat(run("ingest", folder.toString()).code()).isZero();

        assertThat(run("restore", "plan", "--project", "default", "--into", "before")
                        .out())
                .contains("project before is made");
        Ran back = run("restore", "run", "--project", "default", "--into", "before", "--wait");

        assertThat(back.code()).as(back.err() + back.out()).isZero();
        assertThat(back.out()).contains("COMPLETED").contains("project before has ");
        assertThat(run("search", "the old sluice", "--project", "before").out()).contains("half tide");
        assertThat(run("search", "the new lock", "--project", "before").out()).doesNotContain("never closed");
        assertThat(run("search", "the new lock").out()).contains("never closed");
        assertThat(run("restore", "list").out()).contains("None.");
        assertThat(run("restore", "run", "--project", "default", "--wait")
                        .saysInOneLine("has ")
                        .code())
                .isEqualTo(ExitCode.USAGE);
        assertThat(run("restore", "run", "--project", "default", "--database", "x")
                        .saysInOneLine("give one")
                        .code())
                .isEqualTo(ExitCode.USAGE);
    }

    @Test
    void refusalsShowInTheExitCode() throws Exception {
        Files.writeString(folder.resolve("good.txt"), "A good text about lighthouses.");
        Files.write(folder.resolve("bad.pdf"), "%PDF-1.7 broken".getBytes(java.nio.charset.StandardCharsets.US_ASCII));

        Ran ran = run("ingest", folder.toString());

        assertThat(ran.code()).as(ran.err()).isEqualTo(ExitCode.REFUSALS);
        assertThat(ran.out()).contains("refused").contains("bad.pdf").contains("CORRUPT");
    }

    @Test
    void deadLettersAreShownByItemAndByCauseReplayedAndIgnored() throws Exception {
        Files.write(folder.resolve("torn.pdf"), "%PDF-1.7 torn".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        run("ingest", folder.toString());

        Ran list = run("deadletters", "--text", "torn", "-o", "json");
        assertThat(list.json()).hasSize(1);
        String id = list.json().get(0).path("id").asString();
        assertThat(run("deadletters", "--groups", "--reason", "CORRUPT").out())
                .contains("extract")
                .contains("CORRUPT");
        assertThat(run("deadletters", "show", id).out()).contains("torn.pdf").contains("document version");

        Ran replayed = run("deadletters", "replay", id, "--reason", "try", "--wait");
        assertThat(replayed.code()).as(replayed.err()).isEqualTo(ExitCode.REFUSALS);
        assertThat(run("deadletters", "show", id, "-o", "json")
                        .json()
                        .path("attempts")
                        .asInt())
                .isEqualTo(2);
        assertThat(run("deadletters", "ignore", id).saysInOneLine("reason").code())
                .isEqualTo(ExitCode.USAGE);
        assertThat(run("deadletters", "ignore", id, "--reason", "known").out()).contains("1 dead letters ignored");
        assertThat(run("deadletters", "--text", "torn").out()).contains("No dead letters");
        assertThat(run("deadletters", "--text", "torn", "--state", "ignored").out())
                .contains("torn.pdf");
        assertThat(run("deadletters", "--state", "closed")
                        .saysInOneLine("closed")
                        .code())
                .isEqualTo(ExitCode.USAGE);
        assertThat(run("deadletters", "replay").saysInOneLine("say which").code())
                .isEqualTo(ExitCode.USAGE);
    }

    @Test
    void aDryRunSaysWhatWouldBeDoneAndItsPlanIsAppliedOnce() throws Exception {
        Files.writeString(folder.resolve("dike.txt"), "A dike keeps the sea away.");

        Ran dry = run("ingest", folder.toString(), "--dry-run", "-o", "json");
        assertThat(dry.code()).as(dry.err()).isZero();
        assertThat(dry.json().path("counts").path("new").asInt()).isEqualTo(1);
        String plan = dry.json().path("planId").asString();
        assertThat(run("plan", "ingest", "location=" + folder).out())
                .contains("new")
                .contains("tokens");
        assertThat(run("jobs", "start", "ingest", "location=" + folder, "--dry-run")
                        .out())
                .contains("plan ")
                .contains("tokens");

        assertThat(run("ingest", folder.toString(), "--plan", plan).code()).isZero();
        assertThat(run("ingest", folder.toString(), "--plan", plan)
                        .saysInOneLine("applied already")
                        .code())
                .isEqualTo(ExitCode.CONFLICT);
        assertThat(run("ingest", folder.toString(), "--plan", "00000000-0000-0000-0000-000000000000")
                        .saysInOneLine("there is no plan")
                        .code())
                .isEqualTo(ExitCode.NOT_FOUND);
    }

    @ParameterizedTest
    @CsvSource({
        "frobnicate, 2",
        "ask, 2",
        "'ask x --frob', 2",
        "'ask x --project nowhere', 3",
        "'search x -k 0', 2",
        "'search x --mode fuzzy', 2",
        "'search x -o yaml', 2",
        "'ingest /no/such/folder', 3",
        "'demo --corpus /no/such/folder', 3",
        "demo, 2",
        "migrate, 2",
        "'runs 999999', 3",
        "'runs --limit 0', 2",
        "'runs show latestt', 2",
        "'runs stop 999999', 3",
        "'runs watch 999999', 3",
        "'runs diff 1 999999', 3",
        "'runs --state fuzzy', 2",
        "'runs --from yesterday', 2",
        "'runs --parameter location', 2",
        "'jobs start frobnicate', 3",
        "'jobs start ingest location', 2",
        "'jobs start ingest lokation=/tmp', 2",
        "serve, 5"
    })
    void aCommandThatCannotBeDoneEndsWithOneLineAndItsCode(String line, int code) {
        Ran ran = run(line.split(" "));

        assertThat(ran.code()).as(ran.err()).isEqualTo(code);
        ran.saysInOneLine("");
    }

    @Test
    void withoutACommandTheHelpIsNamed() {
        assertThat(run().saysInOneLine("--help").code()).isEqualTo(ExitCode.USAGE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "serve",
                "ingest",
                "ask",
                "search",
                "jobs",
                "jobs start",
                "runs",
                "runs show",
                "runs stop",
                "runs resume",
                "runs again",
                "runs abandon",
                "runs watch",
                "runs failures",
                "runs diff",
                "plan",
                "deadletters",
                "deadletters show",
                "deadletters replay",
                "deadletters ignore",
                "doctor",
                "migrate",
                "migrate status",
                "migrate plan",
                "migrate rehearse",
                "migrate apply",
                "migrate rollback",
                "migrate new",
                "prune",
                "retention",
                "retention set",
                "retention unset",
                "retention hold",
                "retention release",
                "retention expire",
                "retention bring-back",
                "forget",
                "export",
                "import",
                "demo"
            })
    void everyCommandHasAHelp(String command) {
        Ran ran = run((command + " --help").strip().split(" "));

        assertThat(ran.code()).isZero();
        assertThat(ran.out()).contains("Usage: tidemill").contains("--help");
    }

    @Test
    void anExportIsEncryptedWithThePassphraseOfTheCommandsEnvironmentWhichStaysNowhere() {
        String file = folder.resolve("locked.tidemill").toString();
        Map<String, String> environment = Map.of("TIDEMILL_PASSPHRASE", "the mill turns twice a day");

        assertThat(run(server.home, environment, "export", file, "--encrypt").code())
                .isZero();
        assertThat(run("import", file, "--project", "again")
                        .saysInOneLine("no terminal to type a passphrase on")
                        .code())
                .isEqualTo(ExitCode.USAGE);
        assertThat(run(server.home, environment, "import", file, "--project", "again")
                        .code())
                .isZero();

        assertThat(server.home.folder().resolve("passphrases")).isEmptyDirectory();
    }

    @Test
    void aWrongKeyIsTold() {
        Ran ran = run(server.home, Map.of("TIDEMILL_API_KEY", "wrong"), "jobs");

        assertThat(ran.saysInOneLine("API key").code()).isEqualTo(ExitCode.AUTH);
    }

    @Test
    void withoutAServerACommandStartsOneForItself() {
        try (TestDatabase database = TestDatabase.create()) {
            Home home = new Home(folder.resolve("home"));
            Map<String, String> environment = Map.of("DATABASE_URL", TestServer.url(database));

            assertThat(run(home, environment, "jobs").out()).contains("never run");
            assertThat(home.server()).doesNotExist();
            assertThat(run(home, environment, "migrate", "status").code()).isZero();
            Ran doctor = run(home, environment, "doctor", "-o", "json");
            assertThat(doctor.json().findValuesAsString("name"))
                    .contains("java", "data folder", "database", "pgvector", "schema", "embedding");
        }
    }

    @Test
    void aMissingSchemaShowsInTheExitCode() {
        try (TestDatabase database = TestDatabase.createEmpty()) {
            Ran ran = run(
                    new Home(folder.resolve("home")),
                    Map.of("DATABASE_URL", TestServer.url(database)),
                    "migrate",
                    "status",
                    "-o",
                    "json");

            assertThat(ran.code()).isEqualTo(ExitCode.VERIFICATION_FAILED);
            assertThat(ran.json().path("changes").path(0).path("applied").asBoolean())
                    .isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nonsense", "postgres://nobody:secret@127.0.0.1:1/none", "mysql://localhost/x"})
    void aWrongDatabaseUrlIsOneLineWithoutItsPassword(String url) {
        Ran ran = run(new Home(folder.resolve("home")), Map.of("DATABASE_URL", url), "jobs");

        assertThat(ran.saysInOneLine("DATABASE_URL").code()).isEqualTo(ExitCode.ERROR);
        assertThat(ran.err()).doesNotContain("secret");
    }

    @Test
    void aPortInUseIsTold() throws Exception {
        try (TestDatabase database = TestDatabase.create();
                ServerSocket busy = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            Ran ran = run(
                    new Home(folder.resolve("home")),
                    Map.of("DATABASE_URL", TestServer.url(database)),
                    "serve",
                    "--port",
                    Integer.toString(busy.getLocalPort()));

            assertThat(ran.saysInOneLine("port " + busy.getLocalPort() + " is in use")
                            .code())
                    .isEqualTo(ExitCode.ERROR);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ingest: {chunk: {target-tokens: [}}|bad YAML",
                "ingest: {chunk: {target-tokenz: 256}}|unknown setting ingest.chunk.target-tokenz",
                "ingest: {chunk: {target-tokens: many}}|ingest.chunk.target-tokens",
                "ingest: {extract: {timeout: 0s}}|ingest.extract.timeout",
                "ingest: {refusals: {percent: 5}}|unknown setting ingest.refusals.percent",
                "ingest: {run: {skip: {percent: 101}}}|run.skip.percent is 101",
                "tidemill: {frob: 1}|unknown setting tidemill.frob",
                "tidemill: {answer: {sentences: 11}}|tidemill.answer.sentences is 11",
                "tidemill: {embedding: {model: huge}}|huge"
            })
    void aBadConfigurationFileIsOneLineThatNamesTheSetting(String yaml, String told) throws Exception {
        Path distribution = folder.resolve("dist");
        Files.writeString(
                Files.createDirectories(distribution.resolve("job-configs")).resolve("ingest.yaml"), yaml);
        try (TestDatabase database = TestDatabase.create()) {
            StringWriter out = new StringWriter();
            StringWriter err = new StringWriter();
            int code = new CommandLineTool(
                            new Home(folder.resolve("home")),
                            distribution,
                            Map.of("DATABASE_URL", TestServer.url(database)),
                            new PrintWriter(out, true),
                            new PrintWriter(err, true))
                    .run("jobs");

            assertThat(new Ran(code, out.toString(), err.toString())
                            .saysInOneLine(told)
                            .code())
                    .isEqualTo(ExitCode.ERROR);
        }
    }

    @Test
    void aBadScheduleStopsTheServerWithOneLineThatNamesFileAndKey() throws Exception {
        Path distribution = folder.resolve("dist");
        Files.writeString(
                Files.createDirectories(distribution.resolve("schedules")).resolve("nightly.yaml"),
                "job: ingest\ncron: 0 75 2 * * ?\nparameters: {location: x}\n");
        try (TestDatabase database = TestDatabase.create()) {
            StringWriter out = new StringWriter();
            StringWriter err = new StringWriter();
            int code = new CommandLineTool(
                            new Home(folder.resolve("home")),
                            distribution,
                            Map.of("DATABASE_URL", TestServer.url(database)),
                            new PrintWriter(out, true),
                            new PrintWriter(err, true))
                    .run("serve", "--port", "0");

            assertThat(new Ran(code, out.toString(), err.toString())
                            .saysInOneLine("schedules/nightly.yaml: cron (line 2): the field minutes is \"75\"")
                            .code())
                    .isEqualTo(ExitCode.ERROR);
        }
    }

    @Test
    void aDataFolderThatCannotBeMadeIsTold() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));

        assertThat(run(new Home(file.resolve("home")), Map.of(), "jobs")
                        .saysInOneLine("TIDEMILL_HOME")
                        .code())
                .isEqualTo(ExitCode.ERROR);
    }
}
