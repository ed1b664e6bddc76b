package dev.tidemill.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tidemill.postgres.Await;
import dev.tidemill.postgres.PgBackRest;
import dev.tidemill.postgres.PrivateCluster;
import dev.tidemill.postgres.Recovery;
import dev.tidemill.run.Control;
import dev.tidemill.run.RunView;
import dev.tidemill.schema.Schema;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.postgresql.ds.PGSimpleDataSource;

/// A table that was dropped by mistake is back, with every row that had committed before the chosen time and none
/// after.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PointInTimeTest {

    private static Path root;
    private static PrivateCluster cluster;
    private static BackupHarness harness;
    private static String before;
    private static String position;
    private static String lastSegment;

    @BeforeAll
    static void loseATable() throws Exception {
        root = Files.createTempDirectory("tidemill-point-in-time-");
        Files.setPosixFilePermissions(root, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
        cluster = PrivateCluster.start(root.resolve("live"));
        cluster.createDatabase("tidemill");
        PGSimpleDataSource owner = new PGSimpleDataSource();
        owner.setUrl(cluster.jdbcUrl("tidemill"));
        owner.setUser(cluster.username());
        owner.setPassword(cluster.password());
        Schema.apply(owner);
        Path home = Files.createDirectory(root.resolve("home"));
        harness = new BackupHarness(
                cluster.jdbcUrl("tidemill"),
                cluster.username(),
                cluster.password(),
                home,
                Map.of("test.cluster", cluster.dataDirectory().toString()));

        execute("CREATE TABLE precious (id integer); INSERT INTO precious SELECT generate_series(1, 100)");
        RunView run = harness.run("backup", Map.of("scope", "cluster"));
        assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
        execute("INSERT INTO precious SELECT generate_series(101, 200)");
        before = text("SELECT clock_timestamp()::text");
        position = text("SELECT pg_current_wal_insert_lsn()::text");
        execute("INSERT INTO precious SELECT generate_series(201, 300)");
        execute("SELECT pg_create_restore_point('before the mistake')");
        execute("DROP TABLE precious");
        lastSegment = text("SELECT pg_walfile_name(pg_current_wal_insert_lsn())");
        execute("SELECT pg_switch_wal()");
        ship();
    }

    private static void ship() throws Exception {
        String wanted = lastSegment;
        WalArchive archive = new WalArchive(harness.catalogue());
        Path folder = cluster.dataDirectory().resolve(PrivateCluster.WAL);
        Await.until("the segment " + wanted + " comes", () -> {
            archive.ship(folder);
            return harness.catalogue().target().list("wal/").stream()
                    .anyMatch(file -> file.name().endsWith(wanted));
        });
    }

    @AfterAll
    static void stop() throws IOException {
        harness.close();
        cluster.close();
        try (Stream<Path> tree = Files.walk(root)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = connect(cluster);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String text(String sql) throws SQLException {
        return text(cluster, sql);
    }

    private static Connection connect(PrivateCluster to) throws SQLException {
        return DriverManager.getConnection(to.jdbcUrl("tidemill"), to.username(), to.password());
    }

    private static String text(PrivateCluster from, String sql) throws SQLException {
        try (Connection connection = connect(from);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private static List<String> recovered(String folder, Recovery.Point point, String value) throws Exception {
        Path home = root.resolve(folder);
        Archives.Recovered made =
                harness.bean(Archives.class).recover("latest", home, cluster.password(), point, value);
        assertThat(made.lastSegment()).isGreaterThanOrEqualTo(lastSegment);
        try (PrivateCluster copy = started(home)) {
            Await.until(
                    "the end of the recovery",
                    () -> text(copy, "SELECT pg_is_in_recovery()").equals("f"));
            return List.of(
                    text(copy, "SELECT to_regclass('precious') IS NOT NULL"),
                    text(
                            copy,
                            "SELECT CASE WHEN to_regclass('precious') IS NULL THEN 0"
                                    + " ELSE (xpath('/row/c/text()', query_to_xml('SELECT count(*) AS c FROM precious', false, true, '')))[1]::text::int END"));
        }
    }

    private static PrivateCluster started(Path home) throws IOException {
        try {
            return PrivateCluster.start(home);
        } catch (dev.tidemill.postgres.DatabaseUnavailable e) {
            throw new AssertionError(Files.readString(home.resolve("server.log")), e);
        }
    }

    @Test
    void atATimeEveryRowCommittedBeforeIsThereAndNoneAfter() throws Exception {
        // As PostgreSQL writes it, and as the help of the command does.
        assertThat(recovered("at-time", Recovery.Point.TIME, before)).containsExactly("t", "200");
        String inUtc = before.replace(' ', 'T').replaceFirst("\\+00$", "Z");
        assertThat(inUtc).endsWith("Z");
        assertThat(recovered("at-time-in-utc", Recovery.Point.TIME, inUtc)).containsExactly("t", "200");
        assertThat(text("SELECT to_regclass('precious') IS NULL")).isEqualTo("t");
    }

    @Test
    void atANamedPointAndAtAPosition() throws Exception {
        assertThat(recovered("at-name", Recovery.Point.NAME, "before the mistake"))
                .containsExactly("t", "300");
        assertThat(recovered("at-lsn", Recovery.Point.LSN, position)).containsExactly("t", "200");
    }

    @Test
    void aDrillRecoversToARandomMomentBetweenTwoMarksAndLeavesNothing() throws Exception {
        String full = harness.backup();

        RunView run = harness.run("drill", Map.of("backup", full));

        assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
        List<BackupRows.Finding> findings =
                harness.bean(Backups.class).drills(1).getFirst().findings();
        assertThat(findings).as(findings.toString()).allMatch(BackupRows.Finding::well);
        assertThat(findings)
                .extracting(BackupRows.Finding::check)
                .contains("rows", "point in time", "point in time, amcheck", "point in time, answers");
        assertThat(findings)
                .filteredOn(finding -> finding.check().equals("point in time"))
                .first()
                .extracting(BackupRows.Finding::detail)
                .asString()
                .contains("marks committed before, 0 after");
        assertThat(harness.bean(Archives.class).list())
                .filteredOn(view -> "cluster".equals(view.scope()))
                .allMatch(view -> view.level() >= 3);
        assertThat(root.resolve("home/scratch")).isEmptyDirectory();
        assertThat(Draft.made(harness.live())).isEmpty();
    }

    @Test
    void aDrillIsRedWhereTheLogHasAGap() throws Exception {
        String full = harness.catalogue().latest().map(Catalogue.Entry::id).orElseGet(harness::backup);
        execute("SELECT pg_switch_wal()");
        Target target = harness.catalogue().target();
        String lost = target.list("wal/").stream()
                .map(Target.Entry::name)
                .filter(name -> name.endsWith(lastSegment))
                .findFirst()
                .orElseThrow();
        Path file = root.resolve("home/backups").resolve(lost);
        Path aside = root.resolve("aside-for-the-drill");
        Files.move(file, aside);
        try {
            RunView run = harness.run("drill", Map.of("backup", full));
            assertThat(run.status()).isEqualTo("FAILED");
            assertThat(run.message())
                    .contains("point in time")
                    .contains(lastSegment.substring(8))
                    .contains("is missing");
        } finally {
            Files.move(aside, file);
        }
        assertThat(root.resolve("home/scratch")).isEmptyDirectory();
    }

    @Test
    void aDrillKilledWhileItsCopyStartsGoesOnAndLeavesNothing() throws Exception {
        String full = harness.catalogue().latest().map(Catalogue.Entry::id).orElseGet(harness::backup);
        Path scratch = root.resolve("home/scratch");
        Process process = BackupProcess.start(
                cluster.jdbcUrl("tidemill"),
                cluster.username(),
                cluster.password(),
                root.resolve("home"),
                "-Dtest.cluster=" + cluster.dataDirectory(),
                "drill",
                "backup=" + full);
        try {
            Await.until("a server runs on what was recovered", () -> {
                assertThat(process.isAlive())
                        .as(() -> read(root.resolve("home/process.log")))
                        .isTrue();
                return !servers(scratch).isEmpty();
            });
        } finally {
            process.destroyForcibly().waitFor();
        }

        List<Long> resumed = harness.runs().resumeOrphans();

        assertThat(resumed).hasSize(1);
        RunView run = harness.await(resumed.getFirst());
        assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
        List<BackupRows.Finding> findings =
                harness.bean(Backups.class).drills(1).getFirst().findings();
        assertThat(findings)
                .filteredOn(finding -> finding.check().startsWith("point in time"))
                .hasSize(5)
                .allMatch(BackupRows.Finding::well);
        assertThat(scratch).isEmptyDirectory();
        assertThat(servers(scratch)).as("servers that nobody watches").isEmpty();
        assertThat(Draft.made(harness.live())).isEmpty();
    }

    /// Command lines of the servers whose data lie below a folder.
    private static List<String> servers(Path folder) {
        return ProcessHandle.allProcesses()
                .map(process -> process.info().commandLine().orElse(""))
                .filter(line -> line.contains("/postgres ") && line.contains(folder.toString()))
                .toList();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aSegmentThatCannotBeSentIsToldByItsNameUntilItIsSent() throws Exception {
        WalShipping shipping =
                new WalShipping(harness.bean(Premises.class), harness.bean(Depot.class), harness.bean(Control.class));
        Path segments = root.resolve("home/backups/wal");
        Path aside = root.resolve("segments");
        Files.move(segments, aside);
        Files.writeString(segments, "in the way");
        String segment;
        try {
            execute("INSERT INTO recovery_marks DEFAULT VALUES");
            segment = text("SELECT pg_walfile_name(pg_current_wal_insert_lsn())");
            execute("SELECT pg_switch_wal()");
            Path finished = cluster.dataDirectory().resolve(PrivateCluster.WAL).resolve(segment);
            Await.until("the segment is finished", () -> Files.exists(finished));
            shipping.look();
            assertThat(notKept()).hasSize(1).first().asString().contains("the segment " + segment + " cannot be sent");
        } finally {
            Files.delete(segments);
            Files.move(aside, segments);
        }
        shipping.look();
        assertThat(notKept()).isEmpty();
        assertThat(new WalArchive(harness.catalogue()).has(segment)).isTrue();
    }

    /// What operators are told of the log, while it lasts.
    private static List<String> notKept() {
        return harness.owner
                .sql("SELECT message FROM events WHERE type = 'backup.wal_not_archived' AND open")
                .query((row, number) -> String.valueOf(row.getString(1)))
                .list();
    }

    /// Last, as it takes the log over from the archive that the others need.
    @Test
    @Order(Integer.MAX_VALUE)
    void pgBackRestMakesListsVerifiesAndIsDrilledWhereItIsTheEngine() throws Exception {
        assumeTrue(PgBackRest.installed(), "is installed");
        Path home = Files.createDirectory(root.resolve("home-pgbackrest"));
        try (BackupHarness engine = pgBackRest(home, Map.of())) {
            execute("CREATE TABLE kept AS SELECT generate_series(1, 10) AS id");
            assertThat(check(engine).code()).isEqualTo(2);
            assertThat(check(engine).text()).contains("no backup in pgBackRest's repository in " + home);
            RunView made = engine.run("pgbackrest", Map.of());
            assertThat(made.status()).as(made.message()).isEqualTo("COMPLETED");
            PhysicalBackups.Physical listed = listed(engine);
            assertThat(listed.type()).isEqualTo("full");
            assertThat(listed.recoveredAt()).isNull();
            assertThat(made.message()).contains(listed.label());
            RunView verified = engine.run("pgbackrest", Map.of("type", "verify"));
            assertThat(verified.status()).as(verified.message()).isEqualTo("COMPLETED");
            assertThatThrownBy(() -> engine.run("backup", Map.of("scope", "cluster")))
                    .hasMessageContaining("jobs start pgbackrest");

            RunView drilled = engine.run("drill", Map.of("backup", engine.backup()));

            assertThat(drilled.status()).as(drilled.message()).isEqualTo("COMPLETED");
            assertThat(engine.bean(Backups.class).drills(1).getFirst().findings())
                    .allMatch(BackupRows.Finding::well)
                    .filteredOn(finding -> finding.check().startsWith("point in time"))
                    .hasSize(5)
                    .first()
                    .extracting(BackupRows.Finding::detail)
                    .asString()
                    .contains("out of pgBackRest's " + listed.label())
                    .contains("marks committed before, 0 after");
            assertThat(home.resolve("scratch")).isEmptyDirectory();
            assertThat(listed(engine).recoveredAt()).isNotNull();
            assertThat(listed(engine).level()).isGreaterThanOrEqualTo(3);
            assertThat(check(engine).text()).contains(listed.label() + ", recovered ");
            assertThat(check(engine).code()).as(check(engine).text()).isZero();
            requireGapsAreTold(engine, home);
            requireKeysAreTold(home);
        } finally {
            execute("ALTER SYSTEM RESET archive_command");
            execute("SELECT pg_reload_conf()");
        }
    }

    private static BackupHarness pgBackRest(Path home, Map<String, String> more) {
        Map<String, String> settings = new HashMap<>(more);
        settings.put("test.cluster", cluster.dataDirectory().toString());
        settings.put("backup.engine", "pgbackrest");
        return new BackupHarness(cluster.jdbcUrl("tidemill"), cluster.username(), cluster.password(), home, settings);
    }

    private static Backups.Check check(BackupHarness engine) {
        return engine.bean(Backups.class).check(Duration.ofDays(1), Duration.ofDays(1), Duration.ofDays(1));
    }

    private static PhysicalBackups.Physical listed(BackupHarness engine) {
        PhysicalBackups.Repository repository =
                engine.bean(PhysicalBackups.class).repository().orElseThrow();
        assertThat(repository.trouble()).isNull();
        assertThat(repository.backups()).hasSize(1);
        return repository.backups().getFirst();
    }

    /// A segment that is missing in the repository, and one that the server cannot hand over.
    private static void requireGapsAreTold(BackupHarness engine, Path home) throws Exception {
        String segment = listed(engine).lastSegment();
        Path file;
        try (Stream<Path> files = Files.walk(home.resolve("backups-pgbackrest/archive"))) {
            file = files.filter(each -> each.getFileName().toString().startsWith(segment + "-"))
                    .findFirst()
                    .orElseThrow();
        }
        Path aside = root.resolve("pgbackrest-aside");
        Files.move(file, aside);
        Backups.Check gap = check(engine);
        Files.move(aside, file);
        assertThat(gap.code()).isEqualTo(2);
        assertThat(gap.text()).contains("the segment " + segment).contains("is missing in pgBackRest's repository");

        execute("ALTER SYSTEM SET archive_command = 'pgbackrest --no-such-option %p'");
        execute("SELECT pg_reload_conf()");
        execute("INSERT INTO recovery_marks DEFAULT VALUES");
        execute("SELECT pg_switch_wal()");
        Await.until(
                "the server has tried",
                () -> text("SELECT coalesce(last_failed_time > last_archived_time, false) FROM pg_stat_archiver")
                        .equals("t"));
        String stuck = text("SELECT last_failed_wal FROM pg_stat_archiver");
        new WalShipping(engine.bean(Premises.class), engine.bean(Depot.class), engine.bean(Control.class)).look();
        assertThat(notKept()).hasSize(1).first().asString().contains("cannot hand over the segment " + stuck);
        assertThat(check(engine).code()).isEqualTo(2);
        assertThat(check(engine).text()).contains("cannot hand over the segment " + stuck);
    }

    /// The repository stays with the key that it was made with.
    private static void requireKeysAreTold(Path home) throws Exception {
        Path key = home.resolve("backup.key");
        Path older = home.resolve("older.key");
        Path note = home.resolve("backups/pgbackrest-key-id");
        String id = Files.readString(note).strip();
        Files.move(key, older);
        try (BackupHarness other = pgBackRest(home, Map.of("backup.older-key-files", older.toString()))) {
            assertThat(other.catalogue().keys().current().id()).isNotEqualTo(id);
            assertThat(listed(other).type()).isEqualTo("full");
        }
        try (BackupHarness stranger = pgBackRest(home, Map.of())) {
            String given = stranger.catalogue().keys().current().id();
            assertThat(stranger.bean(PhysicalBackups.class)
                            .repository()
                            .orElseThrow()
                            .trouble())
                    .contains("locked with the key " + id)
                    .contains("this installation has [key " + given)
                    .contains("backup.older-key-files");
            RunView run = stranger.run("pgbackrest", Map.of());
            assertThat(run.status()).isEqualTo("FAILED");
            assertThat(run.message()).contains("locked with the key " + id);
            Files.delete(note);
            assertThat(stranger.bean(PhysicalBackups.class)
                            .repository()
                            .orElseThrow()
                            .trouble())
                    .contains("does not open with the key " + given)
                    .contains("older-key-files");
        }
    }

    @Test
    void aMissingSegmentIsNamedBeforeAnythingIsStarted() throws Exception {
        Target target = harness.catalogue().target();
        List<String> segments = target.list("wal/").stream()
                .map(Target.Entry::name)
                .filter(name -> name.matches(".*/[0-9A-F]{24}"))
                .sorted()
                .toList();
        String lost = segments.get(segments.size() - 2);
        Path file = root.resolve("home/backups").resolve(lost);
        Path aside = root.resolve("aside");
        Files.move(file, aside);
        try {
            assertThatThrownBy(() -> harness.bean(Archives.class)
                            .recover("latest", root.resolve("gap"), cluster.password(), Recovery.Point.END, ""))
                    .isInstanceOf(BackupDamaged.class)
                    .hasMessageContaining(lost.substring(lost.lastIndexOf('/') + 9))
                    .hasMessageContaining("is missing");
        } finally {
            Files.move(aside, file);
        }
    }
}
