package dev.tidemill.backup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.run.RunView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/// Backups and restores killed with SIGKILL are gone on with, and what comes of it is whole.
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

    @ParameterizedTest
    @ValueSource(ints = {1, 20, 60})
    void aKilledBackupGoesOnAtThePartWithTheSameSnapshot(int commits) throws Exception {
        killAfter(commits, "backup");
        // What is written after the kill is not in the snapshot, which the server has kept.
        sample.execute("INSERT INTO other.things DEFAULT VALUES");
        long things = sample.number(sample.database().name(), "SELECT count(*) FROM other.things");
        try (BackupHarness harness = sample.harness(home, Map.of())) {
            Set<String> before = done(harness);
            assertThat(before).hasSizeGreaterThanOrEqualTo(1);
            assertThat(harness.bean(Archives.class).list()).isEmpty();

            List<Long> resumed = harness.runs().resumeOrphans();
            assertThat(resumed).hasSize(1);
            RunView run = harness.await(resumed.getFirst());

            assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
            Manifest manifest = harness.catalogue()
                    .open(String.valueOf(run.parameters().get("backup")))
                    .manifest();
            assertThat(manifest.table("other.things").rows()).isEqualTo(things - 1);
            assertThat(manifest.parts()).allMatch(part -> part.name().startsWith("s1/"));
            assertThat(manifest.parts().stream().map(Manifest.Part::sha256).toList())
                    .as("parts that were done are not made again")
                    .containsAll(before);
            assertThat(harness.run("verify", Map.of("backup", manifest.id())).status())
                    .isEqualTo("COMPLETED");
            assertThat(keepers()).isZero();
            assertThat(drafts()).isEmpty();
        }
    }

    private static long keepers() throws Exception {
        return sample.number(
                "postgres", "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'tidemill keeps %'");
    }

    private List<Path> drafts() throws IOException {
        try (Stream<Path> files = Files.walk(home.resolve("backups"))) {
            return files.filter(file -> file.getFileName().toString().startsWith(".draft"))
                    .toList();
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
            while (keepers() > 0) {
                Thread.onSpinWait();
            }
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
            long loaded = 0;
            while (loaded < 10) {
                assertThat(process.isAlive()).as(this::log).isTrue();
                loaded = loadedSoFar();
            }
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

    private static long loadedSoFar() {
        try {
            return sample.number("half_restoring", "SELECT count(*) FROM tidemill_restore.loaded");
        } catch (java.sql.SQLException notYet) {
            return 0;
        }
    }
}
