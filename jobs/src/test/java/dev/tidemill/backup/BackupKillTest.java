package dev.tidemill.backup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.postgres.Await;
import dev.tidemill.run.RunView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/// Backups and restores killed with SIGKILL are gone on with, and what comes of it is whole.
@Timeout(300)
class BackupKillTest {

    @TempDir
    private Path home;

    private static SampleDatabase sample;

    @BeforeAll
    static void fill() {
        sample = new SampleDatabase();
    }

    @AfterAll
    static void drop() {
        sample.close();
    }

    /// Kills a backup right after the n-th commit of a part.
    private void killAfter(int commits, String... job) throws Exception {
        try (Connection connection = sample.connect(sample.database().name());
                Statement statement = connection.createStatement()) {
            statement.execute("""
                    CREATE OR REPLACE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_notify('written', txid_current()::text); RETURN NULL; END $$
                    """);
            statement.execute(
                    "CREATE TRIGGER tell AFTER UPDATE ON backup_parts FOR EACH STATEMENT EXECUTE FUNCTION tell()");
            statement.execute("LISTEN written");
            Process process = BackupProcess.start(sample, home, job);
            try {
                int seen = 0;
                while (seen < commits) {
                    PGNotification[] told =
                            connection.unwrap(PGConnection.class).getNotifications(60_000);
                    assertThat(told)
                            .as(() -> "the process writes; its log: " + log())
                            .isNotEmpty();
                    seen += told.length;
                }
            } finally {
                process.destroyForcibly().waitFor();
            }
            statement.execute("DROP TRIGGER tell ON backup_parts");
        }
    }

    private String log() {
        try {
            return Files.readString(home.resolve("process.log"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Set<String> done(BackupHarness harness) {
        return harness
                .owner
                .sql("SELECT part -> 'part' ->> 'sha256' FROM backup_parts WHERE done")
                .query(String.class)
                .list()
                .stream()
                .collect(Collectors.toSet());
    }

    @Test
    void aKilledBackupGoesOnAtThePartWithTheSameSnapshot() throws Exception {
        killAfter(20, "backup");
        // What is written after the kill is not in the snapshot, which the server has kept.
        sample.execute("INSERT INTO other.things DEFAULT VALUES");
        long things = sample.number(sample.database().name(), "SELECT count(*) FROM other.things");
        try (BackupHarness harness = sample.harness(home, Map.of())) {
            Set<String> before = done(harness);
            assertThat(before).hasSizeGreaterThanOrEqualTo(1);
            assertThat(harness.bean(Archives.class).list()).isEmpty();

            requireWholeAfterResuming(harness, before, things - 1);
        }
    }

    /// One backup of few parts, made one at a time by processes of which each is killed: when a part is in the target
    /// and about to be noted, and for every second one also while it is being written.
    @Test
    void aBackupKilledAtEveryBoundaryAndWithinPartsGoesOn() throws Exception {
        String[] settings = {"-Dbackup.part-size=5MB", "-Dbackup.concurrency=1"};
        sample.execute("""
                CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                  IF NEW.done AND (SELECT count(*) FROM backup_parts WHERE backup_id = NEW.backup_id AND done)
                                  >= current_setting('test.parts')::integer THEN
                    PERFORM pg_sleep(600);
                  END IF;
                  RETURN NEW;
                END $$;
                CREATE TRIGGER wait_here BEFORE UPDATE ON backup_parts FOR EACH ROW EXECUTE FUNCTION wait_here()
                """);
        long things = sample.number(sample.database().name(), "SELECT count(*) FROM other.things");
        int parts = 1;
        int within = 0;
        for (int noted = 0; noted < parts; noted++) {
            sample.execute("ALTER DATABASE " + sample.database().name() + " SET test.parts = " + noted);
            killWhenFrozen(BackupProcess.start(sample, home, with(settings, noted == 0 ? "backup" : "resume")));
            if (noted == 0) {
                parts = (int) sample.number(sample.database().name(), "SELECT count(*) FROM backup_parts");
                sample.execute("INSERT INTO other.things DEFAULT VALUES");
            }
            assertThat(sample.number(sample.database().name(), "SELECT count(*) FROM backup_parts WHERE done"))
                    .isEqualTo(noted);
            if (noted % 2 == 0) {
                within += killWhileWriting(BackupProcess.start(sample, home, with(settings, "resume"))) ? 1 : 0;
            }
            assertThat(manifests()).as("listed only when whole").isEmpty();
        }
        assertThat(parts).isGreaterThan(5);
        assertThat(within).as("kills while a part was being written").isPositive();
        sample.execute("DROP TRIGGER wait_here ON backup_parts; DROP FUNCTION wait_here()");
        try (BackupHarness harness = sample.harness(home, Map.of("backup.part-size", "2MB"))) {
            requireWholeAfterResuming(harness, done(harness), things);
        }
    }

    private static String[] with(String[] settings, String job) {
        return Stream.concat(Stream.of(settings), Stream.of(job)).toArray(String[]::new);
    }

    private static final String FROZEN =
            " FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%UPDATE backup%'";

    @Test
    void aBackupKilledWhenAllIsWrittenLeavesNoSessionThatKeepsItsSnapshot() throws Exception {
        sample.execute("""
                CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                  IF NEW.state = 'complete' THEN PERFORM pg_sleep(600); END IF;
                  RETURN NEW;
                END $$;
                CREATE TRIGGER wait_here BEFORE UPDATE ON backups FOR EACH ROW EXECUTE FUNCTION wait_here()
                """);
        killWhenFrozen(BackupProcess.start(sample, home, "backup"));
        sample.execute("DROP TRIGGER wait_here ON backups; DROP FUNCTION wait_here()");
        assertThat(manifests()).hasSize(1);
        assertThat(keepers()).isEqualTo(1);
        try (BackupHarness harness = sample.harness(home, Map.of())) {
            RunView run = harness.await(harness.runs().resumeOrphans().getFirst());

            assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
            assertThat(manifests()).hasSize(1);
            requireNoKeeper();
        }
    }

    private void killWhenFrozen(Process process) throws Exception {
        try {
            Await.until("the process has written what it may", () -> {
                assertThat(process.isAlive()).as(this::log).isTrue();
                return sample.number("postgres", "SELECT count(*)" + FROZEN) > 0;
            });
        } finally {
            process.destroyForcibly().waitFor();
        }
        unfreeze();
    }

    /// The server would notice after some seconds that their client is gone.
    private static void unfreeze() throws Exception {
        Await.until(
                "the end of what the killed process asked",
                () -> sample.number("postgres", "SELECT count(pg_terminate_backend(pid))" + FROZEN) == 0);
    }

    /// @return whether a draft lies there that the process did not finish
    private boolean killWhileWriting(Process process) throws Exception {
        Set<Path> before = Set.copyOf(drafts());
        try {
            Await.until("the process writes a part, or has written what it may", () -> {
                assertThat(process.isAlive()).as(this::log).isTrue();
                return !before.containsAll(drafts()) || sample.number("postgres", "SELECT count(*)" + FROZEN) > 0;
            });
        } finally {
            process.destroyForcibly().waitFor();
        }
        unfreeze();
        return !before.containsAll(drafts());
    }

    private List<Path> manifests() throws IOException {
        try (Stream<Path> files = Files.walk(home.resolve("backups"))) {
            return files.filter(file -> file.endsWith(Catalogue.MANIFEST)).toList();
        }
    }

    private void requireWholeAfterResuming(BackupHarness harness, Set<String> before, long things) throws Exception {
        List<Long> resumed = harness.runs().resumeOrphans();
        assertThat(resumed).hasSize(1);
        RunView run = harness.await(resumed.getFirst());

        assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
        Manifest manifest = harness.catalogue()
                .open(String.valueOf(run.parameters().get("backup")))
                .manifest();
        assertThat(manifest.table("other.things").rows()).isEqualTo(things);
        assertThat(manifest.parts()).allMatch(part -> part.name().startsWith("s1/"));
        assertThat(manifest.parts().stream().map(Manifest.Part::sha256).toList())
                .as("parts that were done are not made again")
                .containsAll(before);
        assertThat(harness.run("verify", Map.of("backup", manifest.id())).status())
                .isEqualTo("COMPLETED");
        requireNoKeeper();
        assertThat(drafts()).isEmpty();
    }

    private static long keepers() throws Exception {
        return sample.number(
                "postgres", "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'tidemill keeps %'");
    }

    /// One that was told to end takes a moment.
    private static void requireNoKeeper() throws Exception {
        Await.until("no session keeps the snapshot", Duration.ofSeconds(10), () -> keepers() == 0);
    }

    private List<Path> drafts() throws IOException {
        try (Stream<Path> files = Files.walk(home.resolve("backups"))) {
            return files.filter(file -> file.getFileName().toString().startsWith(".draft"))
                    .toList();
        } catch (NoSuchFileException | UncheckedIOException e) {
            // The process renamed a draft while the folder was being walked through.
            return drafts();
        }
    }

    @Test
    void aBackupWhoseSnapshotIsGoneMixesNothing() throws Exception {
        killAfter(20, "backup");
        sample.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'tidemill keeps %'");
        sample.execute("INSERT INTO other.things DEFAULT VALUES");
        long things = sample.number(sample.database().name(), "SELECT count(*) FROM other.things");
        try (BackupHarness harness = sample.harness(home, Map.of())) {
            requireNoKeeper();
            RunView run = harness.await(harness.runs().resumeOrphans().getFirst());

            assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
            String id = String.valueOf(run.parameters().get("backup"));
            Manifest manifest = harness.catalogue().open(id).manifest();
            assertThat(manifest.parts()).allMatch(part -> part.name().startsWith("s2/"));
            assertThat(manifest.table("other.things").rows()).isEqualTo(things);
            assertThat(home.resolve("backups").resolve(id).resolve("s1")).doesNotExist();
            RunView restored = harness.run("restore", Map.of("backup", id, "database", "after_kill"));
            assertThat(restored.status()).as(restored.message()).isEqualTo("COMPLETED");
            assertThat(sample.digest("after_kill"))
                    .isEqualTo(sample.digest(sample.database().name()));
            sample.drop("after_kill");
        }
    }

    @Test
    void aKilledRestoreGoesOnAndTheLiveDatabaseIsUntouched() throws Exception {
        String id;
        Map<String, String> before;
        try (BackupHarness harness = sample.harness(home, Map.of())) {
            id = harness.backup();
            before = sample.digest(sample.database().name());
        }
        Process process = BackupProcess.start(sample, home, "restore", "backup=" + id, "database=half");
        try {
            Await.until("ten parts are loaded", () -> {
                assertThat(process.isAlive()).as(this::log).isTrue();
                return loadedSoFar() >= 10;
            });
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertThat(sample.number("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'half'"))
                .isZero();
        try (BackupHarness harness = sample.harness(home, Map.of())) {
            RunView run = harness.await(harness.runs().resumeOrphans().getFirst());

            assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
            assertThat(sample.digest("half")).isEqualTo(before);
            assertThat(sample.digest(sample.database().name())).isEqualTo(before);
            sample.drop("half");
        }
    }

    /// It still holds what its transactions locked, and does not know that others took it for dead.
    @Test
    void aRestoreWhoseProcessHangsInATransactionIsGoneOnWithAndHarmsNothingWhenItWakes() throws Exception {
        String id;
        Map<String, String> before;
        try (BackupHarness harness = sample.harness(home, Map.of())) {
            id = harness.backup();
            before = sample.digest(sample.database().name());
        }
        Process process = BackupProcess.start(sample, home, "restore", "backup=" + id, "database=hung");
        try {
            Await.until("it hangs in a transaction", () -> {
                assertThat(process.isAlive()).as(this::log).isTrue();
                if (inTransaction() == 0) {
                    return false;
                }
                signal("STOP", process);
                Await.until(
                        "it stands still",
                        () -> Files.readString(Path.of("/proc", Long.toString(process.pid()), "status"))
                                .contains("State:\tT"));
                if (inTransaction() > 0) {
                    return true;
                }
                signal("CONT", process);
                return false;
            });
            sample.execute("UPDATE nodes SET expires_at = '-infinity'");
            try (BackupHarness harness = sample.harness(home, Map.of())) {
                RunView run = harness.await(harness.runs().resumeOrphans().getFirst());
                assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
                signal("CONT", process);
                assertThat(process.waitFor(120, TimeUnit.SECONDS)).as(this::log).isTrue();
            }
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertThat(sample.digest("hung")).isEqualTo(before);
        assertThat(sample.number("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'hung_restoring'"))
                .isZero();
        sample.drop("hung");
    }

    private static long inTransaction() throws Exception {
        return sample.number(
                "postgres",
                "SELECT count(*) FROM pg_stat_activity WHERE datname = 'hung_restoring' AND state = 'idle in transaction'");
    }

    private static void signal(String name, Process process) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    private static long loadedSoFar() {
        try {
            return sample.number("half_restoring", "SELECT count(*) FROM tidemill_restore.loaded");
        } catch (java.sql.SQLException notYet) {
            return 0;
        }
    }
}
