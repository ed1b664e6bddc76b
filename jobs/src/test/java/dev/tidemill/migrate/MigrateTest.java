package dev.tidemill.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.made.JobNode;
import dev.tidemill.made.JobProcess;
import dev.tidemill.made.MadeCorpus;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.RunView;
import dev.tidemill.schema.Schema;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A backfill fills in what its change set left open, whatever happens in between.
class MigrateTest {

    private static final Map<String, String> SMALL = Map.of("migrate.commit-rows", "7");

    private static final String UNCOUNTED = "SELECT count(*) FROM document_versions WHERE tokens IS NULL";
    private static final String WRONG = """
            SELECT count(*) FROM document_versions v WHERE tokens IS DISTINCT FROM
            (SELECT sum(c.tokens) FROM chunks c WHERE c.version_id = v.id)""";

    @TempDir
    private Path folder;

    private TestDatabase database;
    private JobNode node;

    @BeforeEach
    void start() {
        database = TestDatabase.create();
        node = new JobNode(database, SMALL, MigrateConfiguration.class);
        new MadeCorpus(node).documents("/a", 20, 2, 3);
        // As the change set leaves it where there are documents.
        node.execute("UPDATE backfills SET state = 'open', done_at = NULL");
    }

    @AfterEach
    void stop() {
        node.close();
        database.close();
    }

    private RunView migrate() {
        return node.run(MigrateConfiguration.JOB, Map.of());
    }

    @Test
    void everyWorkspaceIsFilledInAndTheBackfillIsDone() {
        UUID other = UUID.randomUUID();
        node.execute("INSERT INTO workspaces (workspace_id, organization_id, name, slug) SELECT '" + other
                + "', id, 'Other', 'other' FROM organizations");
        node.execute("INSERT INTO projects (workspace_id, slug, name) VALUES ('" + other + "', 'default', 'D')");
        new MadeCorpus(node.owner, other).documents("/b", 3, 1, 2);
        assertThat(node.plan(MigrateConfiguration.JOB, Map.of()).plan().counts())
                .isEqualTo(Map.of("122-version-tokens", 43L));
        assertThat(Schema.openBackfills(database.dataSource())).containsExactly("122-version-tokens");

        RunView run = migrate();

        assertThat(run.status()).isEqualTo("COMPLETED");
        assertThat(run.message()).isEqualTo("filled in: 122-version-tokens");
        assertThat(node.number(UNCOUNTED)).isZero();
        assertThat(node.number(WRONG)).isZero();
        assertThat(Schema.openBackfills(database.dataSource())).isEmpty();
    }

    @Test
    void aSecondRunChangesNothing() {
        migrate();
        node.execute(
                "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'changed'; END $$;"
                        + "CREATE TRIGGER no BEFORE UPDATE ON document_versions FOR EACH ROW EXECUTE FUNCTION no()");

        RunView again = migrate();

        assertThat(again.status()).isEqualTo("COMPLETED");
        assertThat(again.message()).isEqualTo("nothing to fill in");
    }

    @Test
    void aBackfillThatOnlyANewerProgramKnowsIsNamedAndStaysOpen() {
        migrate();
        node.execute("INSERT INTO backfills (id) VALUES ('999-of-tomorrow')");
        assertThat(node.plan(MigrateConfiguration.JOB, Map.of()).plan().notes())
                .anySatisfy(note -> assertThat(note).contains("999-of-tomorrow"));

        RunView run = migrate();

        assertThat(run.status()).isEqualTo("COMPLETED");
        assertThat(run.message()).startsWith("not known to this version of the program: 999-of-tomorrow");
        assertThat(Schema.openBackfills(database.dataSource())).containsExactly("999-of-tomorrow");
    }

    @Test
    void aKilledBackfillGoesOnFromItsLastCommit() throws Exception {
        JobProcess.killAfter(
                database,
                "UPDATE",
                "document_versions",
                2,
                folder.resolve("process.log"),
                MigrateConfiguration.class,
                MigrateConfiguration.JOB,
                Map.of(),
                SMALL);
        long left = node.number(UNCOUNTED);
        assertThat(left).isBetween(1L, 26L);

        List<Long> resumed = node.runs().resumeOrphans();

        assertThat(resumed).hasSize(1);
        RunView run = node.await(resumed.getFirst());
        assertThat(run.status()).isEqualTo("COMPLETED");
        assertThat(run.steps().getFirst().written()).isEqualTo(left);
        assertThat(node.number(WRONG)).isZero();
        assertThat(Schema.openBackfills(database.dataSource())).isEmpty();
    }

    @Test
    void aRowThatCannotBeFilledInKeepsTheBackfillOpenAndTheOthersAreFilledIn() {
        node.execute(
                "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stays'; END $$;"
                        + "CREATE TRIGGER no BEFORE UPDATE ON document_versions FOR EACH ROW WHEN (OLD.file_name = 'doc-5.md' AND OLD.version = 2)"
                        + " EXECUTE FUNCTION no()");

        RunView run = migrate();

        assertThat(run.status()).isEqualTo("COMPLETED");
        assertThat(run.message()).isEqualTo("still open: 122-version-tokens (1 rows)");
        assertThat(node.number(UNCOUNTED)).isEqualTo(1);
        assertThat(node.rows("SELECT reason, state FROM dead_letters"))
                .containsExactly(Map.of("reason", "CANNOT_FILL", "state", "open"));
        node.execute("DROP TRIGGER no ON document_versions");
        assertThat(migrate().message()).isEqualTo("filled in: 122-version-tokens");
        assertThat(node.number("SELECT count(*) FROM dead_letters WHERE state = 'open'"))
                .isZero();
    }

    @Test
    void whatIsExtractedFromNowOnIsCountedAtOnce() {
        node.execute("UPDATE document_versions SET state = 'discovered' WHERE file_name = 'doc-1.md' AND version = 2");
        node.execute("UPDATE document_versions SET state = 'extracted' WHERE file_name = 'doc-1.md' AND version = 2");

        assertThat(node.number("SELECT tokens FROM document_versions WHERE file_name = 'doc-1.md' AND version = 2"))
                .isEqualTo(30);
        assertThat(node.number(UNCOUNTED)).isEqualTo(39);
    }
}
