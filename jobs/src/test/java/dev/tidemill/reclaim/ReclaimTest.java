package dev.tidemill.reclaim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.backup.Scratch;
import dev.tidemill.made.JobNode;
import dev.tidemill.made.JobProcess;
import dev.tidemill.made.MadeCorpus;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.RunView;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What was lost of one project comes back out of a full backup, while everything else stays as it is. No node here
/// has an embedding model.
class ReclaimTest {

    @TempDir
    private Path folder;

    private TestDatabase database;
    private JobNode node;
    private MadeCorpus corpus;

    private Map<String, String> settings() {
        return Map.of(
                "tidemill.home", folder.toString(),
                "backup.questions", "0",
                "backup.part-size", "64KB",
                "export.part-documents", "4",
                "import.commit-documents", "3");
    }

    @BeforeEach
    void backUp() {
        database = TestDatabase.create();
        node = new JobNode(database, settings(), ReclaimNode.class);
        corpus = new MadeCorpus(node);
        corpus.documents("/a", 9, 2, 3);
        node.execute(
                "INSERT INTO projects (workspace_id, slug, name) SELECT workspace_id, 'other', 'Other' FROM workspaces");
        corpus.documents("other", "/o", 4, 1, 2);
        assertThat(node.run("backup", Map.of()).message()).isNull();
        corpus.documents("/later", 2, 1, 1);
    }

    @AfterEach
    void stop() {
        node.close();
        database.close();
    }

    private static RunView completed(RunView run) {
        assertThat(run.status()).as(() -> String.valueOf(run.message())).isEqualTo("COMPLETED");
        return run;
    }

    private RunView reclaim(Map<String, String> parameters) {
        return node.run(ReclaimConfiguration.JOB, parameters);
    }

    /// Published documents of a project with their chunks and vectors, without ids and versions.
    private String digest(String project) {
        long set = node.number("SELECT live_set_id FROM projects WHERE slug = '" + project + "'");
        StringBuilder all = new StringBuilder();
        for (String sql : List.of("""
                SELECT s.location, d.key, encode(v.sha256, 'hex') AS hash, b.size, c.ordinal, c.text, x.embedding::text AS vector
                FROM documents d JOIN projects p ON p.id = d.project_id AND p.slug = '$P'
                JOIN document_versions v ON v.document_id = d.id AND v.version = d.published_version
                JOIN sources s ON s.id = d.source_id
                JOIN blobs b ON b.workspace_id = v.workspace_id AND b.sha256 = v.sha256
                JOIN blob_parts bp ON bp.workspace_id = b.workspace_id AND bp.sha256 = b.sha256
                JOIN chunks c ON c.version_id = v.id AND c.valid_to IS NULL
                JOIN vectors_$S x ON x.workspace_id = c.workspace_id AND x.content_id = c.content_id
                WHERE d.deleted_at IS NULL ORDER BY 1, 2, 5""")) {
            node.rows(sql.replace("$P", project).replace("$S", Long.toString(set)))
                    .forEach(row -> all.append(row).append('\n'));
        }
        return all.toString();
    }

    private void nothingIsLeft() throws Exception {
        assertThat(node.rows("SELECT datname FROM pg_database WHERE datname LIKE 'tidemill_reclaim%'"))
                .isEmpty();
        Path scratch = folder.resolve("scratch");
        if (Files.exists(scratch)) {
            assertThat(scratch).isEmptyDirectory();
        }
    }

    private void loseDocuments() {
        node.execute("UPDATE documents SET deleted_at = now() WHERE key IN ('doc-1.md', 'doc-2.md')"
                + " AND source_id = (SELECT id FROM sources WHERE location = '/a')");
        node.execute(
                "UPDATE chunks SET valid_to = now() WHERE document_id IN (SELECT id FROM documents WHERE deleted_at IS NOT NULL)");
    }

    @Test
    void aProjectComesBackBesideTheLiveOneAndNothingElseIsTouched() throws Exception {
        node.execute("DELETE FROM documents WHERE source_id = (SELECT id FROM sources WHERE location = '/later')");
        String whole = digest("default");
        String other = digest("other");
        loseDocuments();
        String live = digest("default");
        assertThat(live).isNotEqualTo(whole);

        assertThat(node.plan(ReclaimConfiguration.JOB, Map.of("project", "default", "into", "before"))
                        .plan()
                        .notes())
                .anyMatch(note -> note.contains("project before is made"))
                .anyMatch(note -> note.startsWith("ok version"));
        RunView run = completed(reclaim(Map.of("project", "default", "into", "before")));

        assertThat(run.message()).contains("project before has 9 published documents");
        assertThat(digest("before")).isEqualTo(whole);
        assertThat(digest("default")).isEqualTo(live);
        assertThat(digest("other")).isEqualTo(other);
        nothingIsLeft();
    }

    @Test
    void whatTheLiveProjectLostComesBackIntoItAndWhatCameLaterStays() throws Exception {
        String before = digest("default");
        loseDocuments();

        assertThatThrownBy(() -> reclaim(Map.of("project", "default")))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("has 11 documents");
        completed(reclaim(Map.of("project", "default", "onConflict", "skip")));

        assertThat(digest("default")).isEqualTo(before).contains("/later");
        nothingIsLeft();
    }

    @Test
    void aWorkspaceThatIsGoneComesBackWithAllItsProjects() throws Exception {
        UUID gone = node.owner.sql("""
                        INSERT INTO workspaces (organization_id, name, slug)
                        SELECT id, 'Gone', 'gone' FROM organizations LIMIT 1 RETURNING workspace_id
                        """).query(UUID.class).single();
        node.execute("INSERT INTO projects (workspace_id, slug, name) VALUES ('" + gone + "', 'tides', 'Tides'),"
                + " ('" + gone + "', 'empty', 'Empty')");
        new MadeCorpus(node.owner, gone).documents("tides", "/t", 5, 1, 2);
        String whole = digest("tides");
        completed(node.run("backup", Map.of()));
        node.execute("DELETE FROM document_versions WHERE workspace_id = '" + gone + "'");
        node.execute("DELETE FROM workspaces WHERE slug = 'gone'");
        assertThat(node.number("SELECT count(*) FROM documents WHERE workspace_id = '" + gone + "'"))
                .isZero();

        RunView run = completed(reclaim(Map.of("only", gone.toString())));

        assertThat(run.message()).contains("project tides has 5").contains("empty: no published documents");
        assertThat(digest("tides")).isEqualTo(whole);
        assertThat(node.number("SELECT count(*) FROM workspaces WHERE name = 'Gone'"))
                .isEqualTo(1);
        nothingIsLeft();
    }

    @Test
    void aProjectThatTheBackupDoesNotHoldIsToldWithThoseItHolds() throws Exception {
        RunView run = reclaim(Map.of("project", "no-such"));

        assertThat(run.status()).isEqualTo("FAILED");
        assertThat(run.message()).contains("no project \"no-such\"").contains("it holds default, other");
        node.bean(Scratch.class).sweep();
        nothingIsLeft();
        assertThatThrownBy(() -> reclaim(Map.of("into", "x")))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("into goes with project");
        assertThatThrownBy(() -> reclaim(Map.of("only", "no-such-workspace")))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("no workspace");
    }

    /// With its rows loaded; with its file made and the import begun.
    @ParameterizedTest
    @ValueSource(ints = {5, 14})
    void aKilledReclaimGoesOnAndLeavesNothing(int steps) throws Exception {
        String before = digest("default");
        loseDocuments();
        JobProcess.killAfter(
                database,
                "INSERT",
                "batch_step_execution",
                steps,
                folder.resolve("process.log"),
                ReclaimNode.class,
                ReclaimConfiguration.JOB,
                new HashMap<>(Map.of("project", "default", "onConflict", "skip")),
                settings());
        assertThat(node.number("SELECT count(*) FROM pg_database WHERE datname LIKE 'tidemill_reclaim%'"))
                .isEqualTo(1);

        List<Long> resumed = node.runs().resumeOrphans();
        resumed.forEach(run -> completed(node.await(run)));

        assertThat(digest("default")).isEqualTo(before);
        assertThat(node.number(
                        "SELECT count(*) FROM document_versions WHERE state = 'published' AND file_name = 'doc-1.md'"
                                + " AND project_id = (SELECT id FROM projects WHERE slug = 'default')"))
                .isEqualTo(2);
        nothingIsLeft();
    }
}
