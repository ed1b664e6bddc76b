package dev.tidemill.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tidemill.backup.BackupRows.Drill;
import dev.tidemill.backup.BackupRows.Finding;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.RunView;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Backups of a database are restored, compared, asked questions, damaged and refused.
class BackupTest {

    @TempDir
    private static Path home;

    private static SampleDatabase sample;
    private static BackupHarness harness;
    private static String backup;

    @BeforeAll
    static void makeOne() {
        sample = new SampleDatabase();
        harness = sample.harness(home, Map.of("backup.retention.after-backup", "false"));
        backup = harness.backup();
    }

    @AfterAll
    static void stop() {
        harness.close();
        sample.close();
    }

    private static Manifest manifest(String id) {
        return harness.catalogue().open(id).manifest();
    }

    private static Path file(String id, Manifest.Part part) {
        return home.resolve("backups").resolve(id).resolve(part.name());
    }

    private static void flip(Path file, long bit) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[(int) (bit / 8)] ^= (byte) (1 << bit % 8);
        Files.write(file, bytes);
    }

    /// A copy of the backup under another id would not open: damage is done to a whole new backup.
    private static String another() {
        return harness.backup();
    }

    private static void remove(String id) throws IOException {
        harness.catalogue().delete(id);
    }

    @Test
    void aBackupHoldsEveryTableAndIsListedWithLevelTwo() {
        Manifest manifest = manifest(backup);

        assertThat(manifest.tables())
                .extracting(Manifest.Table::name)
                .contains(
                        "public.chunks",
                        "public.\"Odd Table\"",
                        "public.textual",
                        "other.things",
                        "public.databasechangelog")
                .anyMatch(name -> name.startsWith("public.vectors_"));
        assertThat(manifest.of(Manifest.Kind.ROWS).stream()
                        .filter(part -> part.tables().getFirst().table().equals("public.big")))
                .hasSizeGreaterThan(10);
        assertThat(manifest.parts())
                .as("small tables share parts")
                .hasSizeLessThan(manifest.tables().size())
                .anyMatch(part -> part.tables().size() > 3);
        assertThat(manifest.table("public.big").rows()).isEqualTo(3000);
        assertThat(manifest.table("public.blob_parts").rows()).isEqualTo(24);
        assertThat(manifest.table("public.textual").binary()).isFalse();
        assertThat(manifest.extensions()).containsKey("vector");
        assertThat(manifest.changeSets()).contains("110-backups");
        Archives.View view = harness.bean(Archives.class).list().stream()
                .filter(each -> each.id().equals(backup))
                .findFirst()
                .orElseThrow();
        // Or more, when the test of drills was faster.
        assertThat(view.level()).isIn(2, 4);
        assertThat(view.damage()).isNull();
    }

    @Test
    void nothingOfTheDocumentsLiesInTheTargetInClear() throws IOException {
        try (Stream<Path> files = Files.walk(home.resolve("backups"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
                assertThat(text)
                        .as(file.toString())
                        .doesNotContain("wraparound")
                        .doesNotContain("secret.md");
            }
        }
    }

    /// What lies elsewhere outlives a kill: nobody would ever clear it away.
    @Test
    void aBackupMakesNoFileOutsideOfItsTarget() throws Exception {
        Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
        try (WatchService watch = temporary.getFileSystem().newWatchService()) {
            WatchKey key = temporary.register(watch, StandardWatchEventKinds.ENTRY_CREATE);

            another();

            assertThat(key.pollEvents())
                    .extracting(event -> String.valueOf(event.context()))
                    .noneMatch(name -> name.startsWith("tidemill-backup-") || name.startsWith("tidemill-schema-"));
        }
    }

    @Test
    void aRestoredDatabaseIsTheSame() throws Exception {
        RunView run = harness.run("restore", Map.of("backup", backup, "database", "same"));

        assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
        assertThat(sample.digest("same"))
                .isEqualTo(sample.digest(sample.database().name()));
        assertThat(sample.number("same", "SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%USING hnsw%'"))
                .isEqualTo(1);
        assertThat(sample.number("same", "SELECT count(*) FROM pg_policies"))
                .isEqualTo(sample.number(sample.database().name(), "SELECT count(*) FROM pg_policies"));
        assertThat(sample.number("same", "SELECT nextval('other.things_id_seq')"))
                .isEqualTo(3);
        assertThat(sample.number("same", "SELECT count(*) FROM pg_namespace WHERE nspname = 'tidemill_restore'"))
                .isZero();

        RunView again = harness.run("restore", Map.of("backup", backup, "database", "same"));
        assertThat(again.status()).isEqualTo("FAILED");
        assertThat(again.message()).contains("there is a database same already");
        sample.drop("same");
    }

    @Test
    void aRestoreKilledBeforeItsDatabaseSaidWhoseItIsGoesOnAndWhatHoldsSomethingIsNotTaken() throws Exception {
        sample.execute("CREATE DATABASE unsaid_restoring");

        RunView run = harness.run("restore", Map.of("backup", backup, "database", "unsaid"));

        assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
        sample.drop("unsaid");
        sample.execute("CREATE DATABASE unsaid_restoring");
        try (Connection connection = sample.connect("unsaid_restoring");
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE precious (id integer)");
        }
        RunView refused = harness.run("restore", Map.of("backup", backup, "database", "unsaid"));
        assertThat(refused.status()).isEqualTo("FAILED");
        assertThat(refused.message()).contains("unsaid_restoring that no restore made");
        sample.drop("unsaid_restoring");
    }

    @Test
    void aRestoredDatabaseStartsClean() throws Exception {
        sample.execute("""
                INSERT INTO nodes (boot_id, name, pid, version, adopts, expires_at)
                VALUES ('00000000-0000-0000-0000-0000000000aa', 'dead', 1, 'x', true, now() + interval '1 day');
                INSERT INTO schedules (workspace_id, name, definition, timing, paused, paused_in_file)
                VALUES ('00000000-0000-0000-0000-000000000000', 'nightly', 'job: x', 'x', false, false);
                """);
        String fresh = another();
        RunView run = harness.run("restore", Map.of("backup", fresh, "database", "clean"));

        assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
        assertThat(sample.number("clean", "SELECT count(*) FROM nodes")).isZero();
        // The backup was at work when its own snapshot was taken.
        assertThat(sample.number(
                        "clean", "SELECT count(*) FROM launches WHERE state IN ('queued', 'running', 'waiting')"))
                .isZero();
        assertThat(sample.number("clean", "SELECT count(*) FROM launches WHERE last_error LIKE '%backup was taken%'"))
                .isPositive();
        assertThat(sample.number("clean", "SELECT count(*) FROM batch_job_execution WHERE end_time IS NULL"))
                .isZero();
        assertThat(sample.number("clean", "SELECT count(*) FROM job_leases WHERE boot_id IS NOT NULL"))
                .isZero();
        assertThat(sample.number("clean", "SELECT count(*) FROM schedules WHERE NOT paused"))
                .isZero();
        sample.drop("clean");
        sample.execute("DELETE FROM nodes WHERE name = 'dead'; DELETE FROM schedules");
        remove(fresh);
    }

    @Test
    void oneWorkspaceIsTakenOutOfAFullBackup() throws Exception {
        RunView run =
                harness.run("restore", Map.of("backup", backup, "database", "one", "only", sample.mine.toString()));

        assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
        assertThat(sample.number("one", "SELECT count(*) FROM chunks")).isEqualTo(36);
        assertThat(sample.number("one", "SELECT count(*) FROM blob_parts")).isEqualTo(18);
        assertThat(sample.number("one", "SELECT count(*) FROM workspaces")).isEqualTo(1);
        assertThat(sample.number("one", "SELECT count(*) FROM organizations")).isEqualTo(1);
        assertThat(sample.number("one", "SELECT count(*) FROM documents WHERE key = 'secret.md'"))
                .isZero();
        assertThat(sample.number("one", "SELECT count(*) FROM databasechangelog"))
                .isPositive();
        sample.drop("one");
    }

    @Test
    void aBackupOfOneWorkspaceHoldsNothingOfAnother() throws Exception {
        RunView made = harness.run("backup", Map.of("scope", "workspace", "only", sample.theirs.toString()));
        assertThat(made.status()).as(made.message()).isEqualTo("COMPLETED");
        String id = String.valueOf(made.parameters().get("backup"));
        RunView run = harness.run("restore", Map.of("backup", id, "database", "theirs"));

        assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
        assertThat(sample.number("theirs", "SELECT count(*) FROM chunks")).isEqualTo(2);
        assertThat(sample.number("theirs", "SELECT count(*) FROM organizations"))
                .isEqualTo(1);
        assertThat(sample.number("theirs", "SELECT count(*) FROM blob_parts")).isEqualTo(6);
        sample.drop("theirs");
        remove(id);
    }

    @Test
    void aBackupIsRestoredByHandWithPlainPsql(@TempDir Path folder) throws Exception {
        Path clear = folder.resolve("clear");
        harness.bean(Archives.class).decrypt("latest", clear);
        sample.drop("by_hand");
        try (var connection = sample.connect("postgres");
                var statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE by_hand TEMPLATE template0");
        }
        ProcessBuilder psql = new ProcessBuilder(
                        sample.database().binDirectory().resolve("psql").toString(), "-X", "-q", "-f", "restore.sql")
                .directory(clear.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("psql.log").toFile());
        psql.environment().putAll(harness.live().named("by_hand").environment());
        int code = psql.start().waitFor();

        assertThat(code).as(Files.readString(folder.resolve("psql.log"))).isZero();
        assertThat(sample.digest("by_hand"))
                .isEqualTo(sample.digest(sample.database().name()));
        sample.drop("by_hand");
    }

    /// As docs/backups.md tells: where a table's rows lie in a bundle is in the manifest.
    @Test
    void aTableIsTakenOutOfABundleByHandWithPlainPsql(@TempDir Path folder) throws Exception {
        Manifest manifest = manifest(backup);
        Manifest.Part bundle = manifest.of(Manifest.Kind.ROWS).stream()
                .filter(part -> part.tables().stream()
                        .anyMatch(content -> content.table().equals("public.\"Odd Table\"")))
                .findFirst()
                .orElseThrow();
        assertThat(bundle.tables()).hasSizeGreaterThan(1);
        Path clear = folder.resolve("bundle");
        try (OutputStream out = Files.newOutputStream(clear)) {
            harness.bean(Archives.class).cat(backup, bundle.name(), out);
        }
        long before = bundle.tables().stream()
                .takeWhile(content -> !content.table().equals("public.\"Odd Table\""))
                .mapToLong(Manifest.Content::rawBytes)
                .sum();
        long length = bundle.tables().stream()
                .filter(content -> content.table().equals("public.\"Odd Table\""))
                .findFirst()
                .orElseThrow()
                .rawBytes();
        sample.execute("CREATE TABLE odd_again (id integer PRIMARY KEY, \"a b\" text)");
        ProcessBuilder shell = new ProcessBuilder(
                        "/bin/sh",
                        "-c",
                        "tail -c +" + (before + 1) + " bundle | head -c " + length + " | '"
                                + sample.database().binDirectory().resolve("psql")
                                + "' -X -q -c 'COPY odd_again FROM STDIN (FORMAT binary)'")
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("psql.log").toFile());
        shell.environment().putAll(harness.live().environment());
        int code = shell.start().waitFor();

        assertThat(code).as(Files.readString(folder.resolve("psql.log"))).isZero();
        assertThat(sample.number(sample.database().name(), """
                        SELECT count(*) FROM odd_again a JOIN "Odd Table" o ON a.id = o.id AND a."a b" IS NOT DISTINCT FROM o."a b"
                        """)).isEqualTo(3);
        sample.execute("DROP TABLE odd_again");
    }

    @Test
    void aDrillRestoresComparesAsksAndLeavesNothingBehind() throws Exception {
        RunView run = harness.run("drill", Map.of("backup", backup));

        assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
        Drill drill = harness.bean(Backups.class).drills(1).getFirst();
        assertThat(drill.findings()).as(drill.toString()).allMatch(Finding::well);
        assertThat(drill.findings())
                .extracting(Finding::check)
                .containsExactly("rows", "constraints", "amcheck", "recall", "answers");
        assertThat(drill.findings().getLast().detail())
                .contains("exactly the same passages")
                .contains("1.000");
        assertThat(drill.level()).isEqualTo(4);
        assertThat(drill.readableSeconds()).isPositive().isLessThanOrEqualTo(drill.rtoSeconds());
        assertThat(drill.rpoSeconds()).isPositive();
        assertThat(Draft.made(harness.live())).isEmpty();
        assertThat(harness.catalogue().marks(harness.catalogue().open(backup)).level())
                .isEqualTo(4);
        assertThat(harness.bean(Backups.class)
                        .check(Duration.ofHours(26), Duration.ofDays(8), Duration.ofDays(8))
                        .code())
                .isZero();
        assertThat(harness.bean(Backups.class).standing().passed()).isTrue();
    }

    @Test
    void aDrillOfADamagedBackupIsRedAndTold() throws Exception {
        String damaged = another();
        Manifest.Part part = manifest(damaged).of(Manifest.Kind.ROWS).getFirst();
        flip(file(damaged, part), 4_000);

        RunView run = harness.run("drill", Map.of("backup", damaged));

        assertThat(run.status()).isEqualTo("FAILED");
        assertThat(run.message()).contains(part.name() + ": checksum invalid");
        assertThat(harness.bean(Backups.class).drills(1).getFirst().passed()).isFalse();
        assertThat(harness.owner
                        .sql("SELECT count(*) FROM events WHERE type = 'backup.drill_failed' AND open")
                        .query(Long.class)
                        .single())
                .isEqualTo(1);
        assertThat(Draft.made(harness.live())).isEmpty();
        remove(damaged);
    }

    @Test
    void verifyNamesEachDamagedPartAndHow() throws Exception {
        String damaged = another();
        List<Manifest.Part> parts = manifest(damaged).of(Manifest.Kind.ROWS);
        flip(file(damaged, parts.get(0)), 100);
        Files.delete(file(damaged, parts.get(1)));
        Path cut = file(damaged, parts.get(2));
        Files.write(cut, Arrays.copyOf(Files.readAllBytes(cut), 30));

        RunView sizes = harness.run("verify", Map.of("backup", damaged, "level", "1"));
        assertThat(sizes.message())
                .contains(parts.get(1).name() + ": missing")
                .contains(parts.get(2).name() + ": size invalid")
                .doesNotContain("checksum");

        RunView run = harness.run("verify", Map.of("backup", damaged));
        assertThat(run.status()).isEqualTo("FAILED");
        assertThat(run.message())
                .contains(parts.get(0).name() + ": checksum invalid")
                .contains(parts.get(1).name() + ": missing")
                .contains(parts.get(2).name() + ": size invalid");
        assertThat(harness.bean(Archives.class)
                        .find(damaged)
                        .orElseThrow()
                        .backup()
                        .damage())
                .contains("missing");
        remove(damaged);
    }

    @Test
    void aThousandFlippedBitsOverAllPartsAndTheManifestAreAllFoundBeforeAnythingIsTouched() throws Exception {
        String damaged = another();
        Catalogue.Archive archive = harness.catalogue().open(damaged);
        List<Manifest.Part> parts = archive.manifest().parts();
        long all = archive.manifest().bytes();
        Random random = new Random(20261124);
        Path folder = home.resolve("backups").resolve(damaged);
        int found = 0;
        int inBundles = 0;
        for (int i = 0; i < 1_000; i++) {
            // One in ten in the manifest and its seal, the rest over the bytes of the parts.
            if (i % 10 == 0) {
                Path file = folder.resolve(i % 20 == 0 ? Catalogue.MANIFEST : Catalogue.MAC);
                long bit = random.nextLong(Files.size(file) * 8);
                flip(file, bit);
                try {
                    harness.catalogue().open(damaged);
                } catch (BackupDamaged e) {
                    found++;
                }
                flip(file, bit);
            } else {
                long at = random.nextLong(all);
                int number = 0;
                while (at >= parts.get(number).bytes()) {
                    at -= parts.get(number++).bytes();
                }
                Path file = file(damaged, parts.get(number));
                long bit = at * 8 + random.nextInt(8);
                flip(file, bit);
                if (archive.check(parts.get(number)) != null) {
                    found++;
                }
                inBundles += parts.get(number).tables().size() > 1 ? 1 : 0;
                flip(file, bit);
            }
        }
        assertThat(found).isEqualTo(1_000);
        assertThat(inBundles).isPositive();
        assertThat(archive.check(parts.getFirst())).isNull();

        flip(file(damaged, parts.getLast()), 77);
        RunView run = harness.run("restore", Map.of("backup", damaged, "database", "never"));
        assertThat(run.status()).isEqualTo("FAILED");
        assertThat(run.message()).contains("checksum invalid").contains("Nothing was restored");
        assertThat(Draft.made(harness.live())).isEmpty();
        remove(damaged);
    }

    @Test
    void aDamagedManifestIsRefusedAtTheRequest() throws Exception {
        String damaged = another();
        flip(home.resolve("backups").resolve(damaged).resolve(Catalogue.MANIFEST), 900);

        assertThatThrownBy(() -> harness.start("restore", Map.of("backup", "no-such", "database", "never")))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("there is no backup no-such");
        RunView run = harness.run("restore", Map.of("backup", damaged, "database", "never"));
        assertThat(run.message()).contains("the manifest of backup " + damaged + " is damaged");
        assertThat(harness.bean(Archives.class).list())
                .filteredOn(view -> view.id().equals(damaged))
                .allMatch(view -> view.damage() != null);
        remove(damaged);
    }

    @Test
    void anotherKeyOpensNothingAndSaysWhichOneIsNeeded(@TempDir Path other) throws IOException {
        Files.createSymbolicLink(other.resolve("backups"), home.resolve("backups"));
        try (BackupHarness stranger = sample.harness(other, Map.of("SECRET_KEY", "another secret than the first"))) {
            String needed = manifest(backup).key().keyId();
            assertThatThrownBy(() -> stranger.catalogue().open(backup))
                    .isInstanceOf(BackupDamaged.class)
                    .hasMessageContaining("locked with the key " + needed)
                    .hasMessageContaining("this installation has ["
                            + stranger.catalogue().keys().current() + "]")
                    .hasMessageContaining("older-key-files")
                    .hasMessageNotContaining("another secret");
            RunView run = stranger.run("restore", Map.of("backup", backup, "database", "never"));
            assertThat(run.status()).isEqualTo("FAILED");
            assertThat(run.message()).contains("locked with the key " + needed);
        }
        try (BackupHarness friend = sample.harness(
                other,
                Map.of(
                        "SECRET_KEY",
                        "another secret than the first",
                        "backup.older-key-files",
                        home.resolve("backup.key").toString()))) {
            assertThat(friend.catalogue().open(backup).manifest().id()).isEqualTo(backup);
        }
    }

    @Test
    void theLiveDatabaseIsNeverATarget() {
        for (String name : List.of(sample.database().name(), "postgres", "template1", "Bad-Name", "x; DROP TABLE y")) {
            assertThatThrownBy(() -> harness.start("restore", Map.of("backup", backup, "database", name)))
                    .as(name)
                    .isInstanceOf(InvalidParameter.class);
        }
    }

    @Test
    void onlyOperatorsMayAskForMoreThanTheirOwnWorkspace() {
        assertThatThrownBy(() ->
                        harness.runs().launch(LaunchRequest.of(sample.mine, "backup", Map.of("scope", "full"), "test")))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("only the operators");
        assertThatThrownBy(() -> harness.runs()
                        .launch(LaunchRequest.of(
                                sample.mine,
                                "backup",
                                Map.of("scope", "workspace", "only", sample.theirs.toString()),
                                "test")))
                .isInstanceOf(InvalidParameter.class);
        assertThatThrownBy(() -> harness.runs()
                        .launch(LaunchRequest.of(
                                sample.mine, "restore", Map.of("backup", backup, "database", "mine"), "test")))
                .isInstanceOf(InvalidParameter.class);
    }

    @Test
    void twoBackupsOfTheSameRowsSayTheSame() throws IOException {
        String second = another();
        for (String table : List.of("public.chunks", "public.blob_parts", "public.\"Odd Table\"", "other.things")) {
            assertThat(manifest(second).table(table)).isEqualTo(manifest(backup).table(table));
        }
        remove(second);
    }

    @Test
    void aPartThatARunOfBeforeFinishesLateDoesNotTakeThePlaceOfTheGoodOne() throws Exception {
        sample.execute("CREATE TABLE zz_last (id integer); INSERT INTO zz_last VALUES (1)");
        Obstacle obstacle = new Obstacle(home.resolve("backups"));
        try {
            RunView failed = harness.run("backup", Map.of());
            String id = String.valueOf(failed.parameters().get("backup"));
            String late = harness.owner
                    .sql("SELECT part -> 'todo' ->> 'name' FROM backup_parts WHERE backup_id = :id AND NOT done"
                            + " AND part -> 'todo' ->> 'name' LIKE '%small-tables%' LIMIT 1")
                    .param("id", id)
                    .query(String.class)
                    .single();
            obstacle.remove();
            RunView resumed = harness.await(harness.runs().resume(BackupHarness.OPERATORS, failed.id(), "test", ""));
            assertThat(resumed.status()).as(resumed.message()).isEqualTo("COMPLETED");

            // As a process does that stood still, was taken for dead, and goes on.
            harness.catalogue().target().put(id + "/" + late, new byte[] {1, 2, 3}, false);

            RunView verified = harness.run("verify", Map.of("backup", id));
            assertThat(verified.status()).as(verified.message()).isEqualTo("COMPLETED");
        } finally {
            obstacle.remove();
        }
        sample.execute("DROP TABLE zz_last");
    }

    @Test
    void aPartThatCannotBeWrittenFailsTheRunByNameAndTheOthersAreKept() throws Exception {
        sample.execute("CREATE TABLE zz_last (id integer); INSERT INTO zz_last VALUES (1)");
        String id;
        Obstacle obstacle = new Obstacle(home.resolve("backups"));
        try {
            RunView failed = harness.run("backup", Map.of());
            id = String.valueOf(failed.parameters().get("backup"));
            assertThat(failed.status()).isEqualTo("FAILED");
            assertThat(failed.message()).contains("small-tables");
            assertThat(harness.bean(Archives.class).find(id)).isEmpty();
            long done = harness.owner
                    .sql("SELECT count(*) FROM backup_parts WHERE backup_id = :id AND done")
                    .param("id", id)
                    .query(Long.class)
                    .single();
            assertThat(done).isPositive();

            obstacle.remove();
            RunView resumed = harness.await(harness.runs().resume(BackupHarness.OPERATORS, failed.id(), "test", ""));
            assertThat(resumed.status()).as(resumed.message()).isEqualTo("COMPLETED");
            assertThat(manifest(id).table("public.zz_last").rows()).isEqualTo(1);
            assertThat(manifest(id).parts()).allMatch(part -> part.name().startsWith("s1/"));
        } finally {
            obstacle.remove();
        }
        sample.execute("DROP TABLE zz_last");
        remove(id);
    }

    /// Puts a folder in the way of the part that holds the table `zz_last`, as soon as its backup's folder is there.
    private static final class Obstacle {
        private final Path backups;
        private final Thread thread;
        private volatile boolean done;

        Obstacle(Path backups) {
            this.backups = backups;
            thread = Thread.ofPlatform().start(this::block);
        }

        private void block() {
            while (!done) {
                for (Map<String, Object> row : harness.owner.sql("""
                        SELECT backup_id, part -> 'todo' ->> 'name' AS name FROM backup_parts
                        WHERE part -> 'todo' ->> 'copies' LIKE '%zz_last%' AND NOT done
                        """).query().listOfRows()) {
                    Path file = backups.resolve(row.get("backup_id") + "/" + row.get("name"));
                    try {
                        Files.createDirectories(file.resolve("in the way"));
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                }
                LockSupport.parkNanos(1_000_000);
            }
        }

        void remove() throws Exception {
            if (done) {
                return;
            }
            done = true;
            thread.join();
            try (Stream<Path> tree = Files.walk(backups)) {
                for (Path path : tree.filter(path -> path.toString().contains("small-tables"))
                        .sorted(java.util.Comparator.reverseOrder())
                        .toList()) {
                    if (Files.isDirectory(path)) {
                        Files.delete(path);
                    }
                }
            }
        }
    }

    /// Only where this process may mount a small disk.
    @Test
    void aFullDiskFailsTheBackupAndLeavesTheEarlierOneAlone(@TempDir Path other) throws Exception {
        Path disk = Files.createDirectory(other.resolve("disk"));
        assumeTrue(
                new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk.toString())
                                .start()
                                .waitFor()
                        == 0,
                "may mount");
        try (BackupHarness small = sample.harness(
                other,
                Map.of(
                        "backup.directory", disk.toString(),
                        "backup.retention.after-backup", "false",
                        "backup.run.retry.no-space.attempts", "1"))) {
            String first = small.backup();
            RunView run = small.run("backup", Map.of());

            assertThat(run.status()).isEqualTo("FAILED");
            assertThat(run.message()).contains("No space left on device");
            assertThat(small.bean(Archives.class).list())
                    .extracting(Archives.View::id)
                    .containsExactly(first);
            assertThat(small.run("verify", Map.of("backup", first)).status()).isEqualTo("COMPLETED");
            try (Stream<Path> files = Files.walk(disk)) {
                assertThat(files.filter(file -> file.getFileName().toString().startsWith(".draft")))
                        .isEmpty();
            }
        } finally {
            new ProcessBuilder("umount", disk.toString()).start().waitFor();
        }
    }

    @Test
    void expiryTakesAwayWhatNoRuleWantsAndWhatWasNeverWhole() throws Exception {
        try (BackupHarness strict = sample.harness(
                home,
                Map.of(
                        "backup.retention.last", "1",
                        "backup.retention.daily", "0",
                        "backup.retention.weekly", "0",
                        "backup.retention.monthly", "0",
                        "backup.retention.after-backup", "false"))) {
            strict.bean(Backups.class).pin(backup, "used by other tests");
            String old = strict.backup();
            String fresh = strict.backup();
            Path leftover = home.resolve("backups/20200101T000000Z-full-abcd/s1/0001-x.copy");
            Files.createDirectories(leftover.getParent());
            Files.writeString(leftover, "x");
            Files.setLastModifiedTime(
                    leftover,
                    java.nio.file.attribute.FileTime.from(Instant.now().minus(Duration.ofDays(3))));
            Path foreign = home.resolve("backups/photos/x.jpg");
            Files.createDirectories(foreign.getParent());
            Files.writeString(foreign, "x");
            Files.setLastModifiedTime(
                    foreign, java.nio.file.attribute.FileTime.from(Instant.now().minus(Duration.ofDays(3))));

            Backups.Expiry dry = strict.bean(Backups.class).expire(true);
            assertThat(dry.gone()).contains(old).doesNotContain(fresh, backup);
            assertThat(dry.leftovers()).containsExactly("20200101T000000Z-full-abcd");
            assertThat(strict.bean(Archives.class).find(old)).isPresent();

            Backups.Expiry real = strict.bean(Backups.class).expire(false);
            assertThat(real.gone()).isEqualTo(dry.gone());
            assertThat(strict.bean(Archives.class).find(old)).isEmpty();
            assertThat(leftover).doesNotExist();
            assertThat(foreign).exists();
            assertThat(strict.bean(Archives.class).find(fresh)).isPresent();
            remove(fresh);
        }
    }

    @Test
    void aRestoredDatabaseIsPromotedOnlyByItsNameAndWhenNobodyUsesTheLiveOne() throws Exception {
        RunView run = harness.run("restore", Map.of("backup", backup, "database", "promoted"));
        assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
        LiveDatabase live = harness.live();
        Instant now = Instant.parse("2026-01-02T03:04:05Z");

        assertThatThrownBy(() -> Promotion.promote(live, "promoted", "", now))
                .hasMessageContaining("--confirm promoted");
        assertThatThrownBy(() -> Promotion.promote(live, "promoted", "promoted", now))
                .hasMessageContaining("databases are in use");
        assertThatThrownBy(() -> Promotion.promote(live, "postgres", "postgres", now))
                .hasMessageContaining("no restored database");

        try (var connection = sample.connect("postgres");
                var statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE live_one TEMPLATE template0");
        }
        String old = Promotion.promote(live.named("live_one"), "promoted", "promoted", now);
        assertThat(old).isEqualTo("live_one_before_20260102_030405");
        assertThat(sample.number("live_one", "SELECT count(*) FROM chunks")).isEqualTo(38);
        assertThat(Draft.made(live)).isEmpty();
        sample.drop("live_one");
        sample.drop(old);
    }

    @Test
    void plansSayWhatWouldBeDoneAndWhatStandsInTheWay() {
        var plan = harness.runs()
                .plans()
                .make(BackupHarness.OPERATORS, "backup", Map.of(), "test")
                .plan();
        assertThat(plan.counts().get("tables")).isGreaterThan(40);
        assertThat(plan.notes()).anyMatch(note -> note.contains("on this machine"));
        var restore = harness.runs()
                .plans()
                .make(BackupHarness.OPERATORS, "restore", Map.of("backup", backup, "database", "planned"), "test")
                .plan();
        assertThat(restore.notes())
                .anyMatch(note -> note.startsWith("ok extension vector"))
                .anyMatch(note -> note.contains("space"));
        assertThat(restore.counts()).containsEntry("obstacles", 0L);
    }

    @Test
    void aSchemaAloneMakesAnEmptyDatabaseAndDataAloneIsRefused() throws Exception {
        String schema =
                harness.run("backup", Map.of("scope", "schema")).parameters().get("backup");
        RunView run = harness.run("restore", Map.of("backup", String.valueOf(schema), "database", "hollow"));
        assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
        assertThat(sample.number("hollow", "SELECT count(*) FROM chunks")).isZero();
        sample.drop("hollow");

        String data =
                harness.run("backup", Map.of("scope", "data")).parameters().get("backup");
        RunView refused = harness.run("restore", Map.of("backup", String.valueOf(data), "database", "never"));
        assertThat(refused.message()).contains("holds data alone");
        remove(String.valueOf(schema));
        remove(String.valueOf(data));
    }

    @Test
    void unknownWorkspacesAreRefused() {
        assertThatThrownBy(() -> harness.start(
                        "backup",
                        Map.of("scope", "workspace", "only", UUID.randomUUID().toString())))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("there is no workspace");
    }
}
