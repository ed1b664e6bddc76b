package dev.tidemill.admin.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.admin.Database;
import dev.tidemill.admin.TestServer;
import dev.tidemill.admin.TestServer.Reply;
import dev.tidemill.admin.security.ApiKey;
import dev.tidemill.admin.security.ApiKeys;
import dev.tidemill.admin.security.Scopes;
import dev.tidemill.backup.LiveDatabase;
import dev.tidemill.backup.PhysicalBackups.Physical;
import dev.tidemill.backup.PhysicalBackups.Repository;
import dev.tidemill.backup.PromotionOrder;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Backups, restores and drills from the command line and over HTTP, against one server.
class BackupCommandsTest {

    private static TestServer server;

    @TempDir
    private Path folder;

    private record Ran(int code, String out) {}

    @BeforeAll
    static void start() {
        server = new TestServer();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Ran run(String... arguments) {
        StringWriter out = new StringWriter();
        int code = new CommandLineTool(server.home, Map.of(), new PrintWriter(out, true), new PrintWriter(out, true))
                .run(arguments);
        return new Ran(code, out.toString());
    }

    private static Ran well(String... arguments) {
        Ran ran = run(arguments);
        assertThat(ran.code())
                .as(String.join(" ", arguments) + ": " + ran.out())
                .isZero();
        return ran;
    }

    @Test
    void aBackupIsMadeShownVerifiedDrilledKeptAndCheckedByMonitoring() throws Exception {
        assertThat(run("backup", "check").code()).isEqualTo(2);
        assertThat(well("backup", "list").out()).contains("No backups");
        assertThat(run("backup", "info").code()).isEqualTo(ExitCode.NOT_FOUND);
        assertThat(well("backup", "create", "--dry-run").out())
                .contains("tables")
                .contains("on this machine");

        assertThat(well("backup", "create", "--wait").out()).contains("COMPLETED");
        assertThat(well("backup").out()).contains("L2 all checksums");
        assertThat(well("backup", "info").out())
                .contains("status: ok")
                .contains("cipher: aes-256-gcm")
                .contains("public.databasechangelog");
        assertThat(well("backup", "verify", "--wait").out()).contains("COMPLETED");
        Ran unproved = run("backup", "check");
        assertThat(unproved.code()).isEqualTo(1);
        assertThat(unproved.out()).startsWith("BACKUP WARNING - ").contains("restored and compared");

        assertThat(well("drill", "run", "--wait").out()).contains("COMPLETED");
        assertThat(well("drill", "list").out())
                .contains("passed")
                .contains("RTO")
                .contains("ok   rows");
        Ran fine = run("backup", "check");
        assertThat(fine.code()).as(fine.out()).isZero();
        Ran old = run("backup", "check", "--backup", "0s");
        assertThat(old.code()).as(old.out()).isEqualTo(2);

        assertThat(well("backup", "pin", "latest", "--reason", "audit").out()).contains("pinned");
        assertThat(well("backup", "expire", "--dry-run").out())
                .contains("keeps")
                .contains("pinned: audit");
        assertThat(well("backup", "unpin", "latest").out()).doesNotContain("pinned");
        assertThat(server.get("/actuator/health/operations", server.key())
                        .json()
                        .path("components")
                        .path("backup")
                        .path("status")
                        .asString())
                .isEqualTo("UP");

        assertThat(well("restore", "plan", "--database", "planned").out()).contains("ok version");
        assertThat(well("restore", "run", "--database", "by_command", "--wait").out())
                .contains("COMPLETED");
        assertThat(well("restore", "list").out()).contains("by_command");
        assertThat(run("restore", "promote", "by_command", "--confirm", "by_command")
                        .out())
                .contains("a server runs on");
        assertThat(promote("by_command", "{}").status()).isEqualTo(409);
        assertThat(promote("by_command", "{}").detail()).contains("out of use").contains("by_command");
        assertThat(promote("no_such", "{\"confirm\": \"no_such\"}").detail()).contains("there is no restored database");
        assertThat(server.get("/actuator/backups/promotion", server.key()).status())
                .isEqualTo(404);
        Reply ordered = promote("by_command", "{\"confirm\": \"by_command\"}");
        assertThat(ordered.status()).as(ordered.body()).isEqualTo(202);
        assertThat(server.get("/actuator/backups/promotion", server.key()).body())
                .contains("by_command");
        PromotionOrder order = PromotionOrder.find(server.home.folder()).orElseThrow();
        LiveDatabase live =
                new LiveDatabase(server.database.jdbcUrl(), server.database.username(), server.database.password());
        assertThatThrownBy(() -> PromotionOrder.carryOut(server.home.folder(), live))
                .hasMessageContaining("cannot be done: databases are in use")
                .hasMessageContaining("promotion.json");
        assertThat(server.delete("/actuator/backups/promotion", server.key()).status())
                .isEqualTo(204);
        assertThat(PromotionOrder.find(server.home.folder())).isEmpty();
        assertThat(order.live()).isEqualTo(server.database.name());
        JdbcClient.create(server.bean(Database.class).owner())
                .sql("DROP DATABASE by_command WITH (FORCE)")
                .update();

        Path clear = folder.resolve("clear");
        well("backup", "decrypt", "latest", "--to", clear.toString());
        assertThat(Files.readString(clear.resolve("restore.sql"))).contains("\\copy public.databasechangelog (");
        assertThat(run(
                                "backup",
                                "decrypt",
                                "no-such",
                                "--to",
                                folder.resolve("no").toString())
                        .code())
                .isEqualTo(ExitCode.NOT_FOUND);
    }

    private static Reply promote(String name, String body) throws Exception {
        return server.post("/actuator/backups/restored/" + name + "/promote", body, server.key());
    }

    @Test
    void anotherWorkspaceSeesNoBackups() throws Exception {
        JdbcClient owner = JdbcClient.create(server.bean(Database.class).owner());
        UUID other = owner.sql("""
                        INSERT INTO workspaces (organization_id, name, slug)
                        SELECT id, 'Other', 'other' FROM organizations LIMIT 1 RETURNING workspace_id
                        """).query(UUID.class).single();
        ApiKey key = ApiKey.generate();
        ApiKeys.store(server.bean(Database.class).owner(), key, other, Scopes.ALL, "stranger");

        for (String path : new String[] {"", "/latest", "/drills", "/check", "/restored", "/standing", "/promotion"}) {
            Reply reply = server.get("/actuator/backups" + path, key.text());
            assertThat(reply.status()).as(path + reply.body()).isEqualTo(403);
        }
        assertThat(server.post("/actuator/backups", "{}", key.text()).status()).isEqualTo(403);
        assertThat(server.post("/actuator/jobs/restore", "{\"database\": \"mine\"}", key.text())
                        .status())
                .isEqualTo(400);
    }

    @Test
    void backupsOfPgBackRestAreListedAndShownWithWhatADrillFound() throws Exception {
        Instant at = Instant.parse("2026-03-01T08:00:00Z");
        Physical full = new Physical(
                "20260301-080000F", "full", at, at, 40_000_000, 5_000_000, "0/3000028", "3", "4", null, false, at, 4);
        Physical bad = new Physical(
                "20260301-080000F_20260302-080000I",
                "incr",
                at,
                at,
                40_000_000,
                1000,
                "0/5000028",
                "5",
                "6",
                full.label(),
                true,
                null,
                0);
        JsonNode repository = JsonMapper.shared()
                .valueToTree(new Repository("/srv/r", null, "aes-256-cbc", "1", "7", List.of(bad, full)));
        StringWriter out = new StringWriter();
        BackupText.repository(repository, new PrintWriter(out, true));
        BackupText.physicalInfo(repository.path("backups").path(0), repository, new PrintWriter(out, true));
        BackupText.physicalInfo(repository.path("backups").path(1), repository, new PrintWriter(out, true));

        assertThat(out.toString())
                .contains("pgBackRest, /srv/r")
                .containsPattern("20260301-080000F .*full.*L4 answers questions")
                .containsPattern("_20260302-080000I .*PAGES WITH A WRONG CHECKSUM")
                .contains("made by: pgBackRest, incr, needs 20260301-080000F")
                .contains("log: needs 5 to 6, there is up to 7")
                .contains("recovered by a drill: never")
                .contains("recovered by a drill: 2026-03-01T08:00:00Z, L4 answers questions");
        assertThat(server.get("/actuator/backups/pgbackrest", server.key()).status())
                .isEqualTo(404);
        assertThat(run("backup", "info", full.label()).code()).isEqualTo(ExitCode.NOT_FOUND);
    }

    @Test
    void whatCannotBeIsAnsweredAsSuch() throws Exception {
        assertThat(server.get("/actuator/backups/no-such", server.key()).status())
                .isEqualTo(404);
        assertThat(server.get("/actuator/backups/drills?limit=0", server.key()).status())
                .isEqualTo(400);
        assertThat(server.get("/actuator/backups/check?backup=soon", server.key())
                        .status())
                .isEqualTo(400);
        assertThat(server.post("/actuator/backups", "{\"scope\": \"half\"}", server.key())
                        .status())
                .isEqualTo(400);
        assertThat(server.post("/actuator/backups/no-such/restore", "{\"database\": \"x\"}", server.key())
                        .detail())
                .contains("there is no backup no-such");
    }
}
