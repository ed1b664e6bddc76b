package dev.tidemill.precaution;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.made.JobNode;
import dev.tidemill.made.JobProcess;
import dev.tidemill.made.MadeCorpus;
import dev.tidemill.migrate.MigrateConfiguration;
import dev.tidemill.postgres.Await;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.prune.PruneConfiguration;
import dev.tidemill.reclaim.ReclaimNode;
import dev.tidemill.run.RunView;
import dev.tidemill.schema.Change;
import dev.tidemill.schema.Schema;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What destroys something has a backup behind it, and what changes the schema was tried on one.
class PrecautionTest {

    private static final String WHOLE = "SELECT count(*) FROM backups WHERE state = 'complete'";
    private static final String SUPERSEDED = "SELECT count(*) FROM document_versions WHERE state = 'superseded'";

    @TempDir
    private Path folder;

    private TestDatabase database;
    private JobNode node;

    @BeforeEach
    void start() {
        database = TestDatabase.create();
        node = node(Map.of());
        new MadeCorpus(node).documents("/a", 4, 5, 1);
    }

    @AfterEach
    void stop() {
        node.close();
        database.close();
    }

    private JobNode node(Map<String, String> more) {
        Map<String, String> settings = new HashMap<>(Map.of(
                "tidemill.home", folder.toString(), "backup.questions", "0", "prune.backup-before.minimum", "3"));
        settings.putAll(more);
        return new JobNode(database, settings, ReclaimNode.class, PruneConfiguration.class, MigrateConfiguration.class);
    }

    private static RunView completed(RunView run) {
        assertThat(run.status()).as(() -> String.valueOf(run.message())).isEqualTo("COMPLETED");
        return run;
    }

    @Test
    void aLargePruneTakesABackupWhereTheNewestIsOldAndNoneWhereItIsYoung() {
        completed(node.run("backup", Map.of()));
        long before = node.number(SUPERSEDED);
        node.execute("UPDATE backups SET snapshot_at = now() - interval '27 hours'");
        assertThat(node.plan("prune", Map.of()).plan().notes())
                .anyMatch(note -> note.contains("older than 26 h") && note.contains("TAKE"));

        RunView run = completed(node.run("prune", Map.of()));

        assertThat(run.message()).contains("a backup was taken first").contains("removed");
        assertThat(node.number(WHOLE)).isEqualTo(2);
        assertThat(node.number("SELECT count(*) FROM launches WHERE job = 'backup' AND origin LIKE 'prune:%'"))
                .isEqualTo(1);
        assertThat(node.number(SUPERSEDED)).isLessThan(before);

        // As many again: the backup of a moment ago is behind these.
        new MadeCorpus(node).documents("/b", 4, 5, 1);
        assertThat(completed(node.run("prune", Map.of())).message()).doesNotContain("backup");
        assertThat(node.number(WHOLE)).isEqualTo(2);
    }

    @Test
    void whereNobodyEverMadeABackupRetentionGoesOnAndSaysSo() {
        RunView run = completed(node.run("prune", Map.of()));

        assertThat(run.message())
                .contains("no backup of everything was ever made")
                .contains("removed");
        assertThat(node.number(WHOLE)).isZero();
    }

    @Test
    void aBackupThatCannotBeMadeOrMayNotBeTakenKeepsThePruneFromRemovingAnything() throws Exception {
        completed(node.run("backup", Map.of()));
        node.execute("UPDATE backups SET snapshot_at = now() - interval '27 hours'");
        long before = node.number(SUPERSEDED);
        Path inTheWay = Files.writeString(folder.resolve("file"), "");
        try (JobNode broken = node(Map.of("backup.directory", inTheWay.toString()))) {
            RunView run = broken.run("prune", Map.of());
            assertThat(run.status()).isEqualTo("FAILED");
            assertThat(run.message()).contains("the one that was to be made").contains("Nothing was changed");
        }
        try (JobNode refusing = node(Map.of("prune.backup-before.mode", "refuse"))) {
            RunView run = refusing.run("prune", Map.of());
            assertThat(run.status()).isEqualTo("FAILED");
            assertThat(run.message()).contains("nothing was changed").contains("backup create");
        }
        assertThat(node.number(SUPERSEDED)).isEqualTo(before);
        try (JobNode warned = node(Map.of("prune.backup-before.mode", "warn"))) {
            assertThat(completed(warned.run("prune", Map.of())).message()).contains("older than 26 h");
        }
        assertThat(node.number(SUPERSEDED)).isLessThan(before);
    }

    @Test
    void aBackfillHasABackupBehindItEvenTheFirst() {
        node.execute("UPDATE backfills SET state = 'open', done_at = NULL");

        completed(node.run(MigrateConfiguration.JOB, Map.of()));

        assertThat(node.number(WHOLE)).isEqualTo(1);
        assertThat(Schema.openBackfills(database.dataSource())).isEmpty();
    }

    @Test
    void changeSetsAreRehearsedOnARestoredBackupAndTheLiveDatabaseStaysAsItIs() {
        Schema.rollBack(database.dataSource(), 1);
        long applied = node.number("SELECT count(*) FROM databasechangelog");
        completed(node.run("backup", Map.of()));
        assertThat(node.plan("rehearse", Map.of()).plan().notes())
                .anyMatch(note -> note.startsWith("the live database lacks "));

        RunView run = completed(node.run("rehearse", Map.of()));

        assertThat(run.message()).contains("1 change sets in ").contains(" ms");
        assertThat(node.number("SELECT count(*) FROM databasechangelog")).isEqualTo(applied);
        assertThat(copies()).isZero();
        Schema.apply(database.dataSource());
    }

    @Test
    void aChangeThatFailsOnTheCopyIsNamedAndTheCopyIsRemoved() {
        List<String> changes =
                Schema.status(database.dataSource()).stream().map(Change::id).toList();
        Schema.rollBack(database.dataSource(), changes.size() - changes.indexOf("127-recovery-marks"));
        // What the change set makes is there already, made by hand.
        node.execute("CREATE TABLE recovery_marks (id integer)");
        completed(node.run("backup", Map.of()));

        RunView run = node.run("rehearse", Map.of());

        assertThat(run.status()).isEqualTo("FAILED");
        assertThat(run.message()).contains("Change set 127-recovery-marks").contains("already exists");
        node.bean(dev.tidemill.backup.Scratch.class).sweep();
        assertThat(copies()).isZero();
    }

    @Test
    void aRehearsalKilledWhileItAppliesAChangeSetGoesOnAndLeavesNothing() throws Exception {
        Schema.rollBack(database.dataSource(), 1);
        node.execute("""
                CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                  IF current_database() LIKE 'tidemill_rehearse%'
                     AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'the_process_was_killed') THEN
                    PERFORM pg_sleep(600);
                  END IF;
                  RETURN NEW;
                END $$;
                CREATE TRIGGER wait_here BEFORE INSERT ON databasechangelog FOR EACH ROW EXECUTE FUNCTION wait_here()
                """);
        completed(node.run("backup", Map.of()));
        Process process = JobProcess.start(
                database,
                "256m",
                folder.resolve("process.log"),
                ReclaimNode.class,
                "rehearse",
                Map.of(),
                Map.of("tidemill.home", folder.toString(), "backup.questions", "0"));
        try {
            Await.until("the change set is applied on the copy", () -> {
                assertThat(process.isAlive()).as(() -> read("process.log")).isTrue();
                return node.number("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                                + " AND datname LIKE 'tidemill_rehearse%'")
                        > 0;
            });
        } finally {
            process.destroyForcibly().waitFor();
        }
        node.execute("CREATE ROLE the_process_was_killed");
        try {
            List<Long> resumed = node.runs().resumeOrphans();

            assertThat(resumed).hasSize(1);
            assertThat(completed(node.await(resumed.getFirst())).message()).contains("1 change sets in ");
            assertThat(copies()).isZero();
            assertThat(Schema.plan(database.dataSource()))
                    .as("still to be applied to the live database")
                    .hasSize(1);
        } finally {
            node.execute("DROP ROLE the_process_was_killed");
        }
    }

    private String read(String name) {
        try {
            return Files.readString(folder.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private long copies() {
        return node.number("SELECT count(*) FROM pg_database WHERE datname LIKE 'tidemill_rehearse%'");
    }
}
