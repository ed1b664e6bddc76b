package dev.tidemill.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.made.JobNode;
import dev.tidemill.made.JobProcess;
import dev.tidemill.made.MadeCorpus;
import dev.tidemill.made.Outage;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.RunView;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.job.JobInstance;
import org.springframework.batch.core.job.parameters.JobParameters;
import org.springframework.batch.core.job.parameters.JobParametersBuilder;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.scope.context.StepContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.StepExecution;

/// A project leaves one installation and is the same in another. No node here has an embedding model.
class TransferTest {

    private static final Map<String, String> SMALL = Map.of(
            "export.part-documents", "4",
            "export.part-vectors", "7",
            "import.commit-documents", "3",
            "import.commit-vectors", "5");

    @TempDir
    private Path folder;

    private TestDatabase here;
    private TestDatabase there;
    private JobNode from;
    private JobNode to;

    @BeforeEach
    void start() {
        here = TestDatabase.create();
        there = TestDatabase.create();
        from = new JobNode(here, SMALL, TransferConfiguration.class);
        to = new JobNode(there, SMALL, TransferConfiguration.class);
        MadeCorpus corpus = new MadeCorpus(from);
        corpus.documents("/a", 10, 2, 3);
        corpus.documents("/b", 3, 1, 2);
        from.execute("UPDATE documents SET deleted_at = now() WHERE key = 'doc-9.md' AND version = 2");
        from.execute(
                "INSERT INTO golden_sets (workspace_id, project_id, name) SELECT workspace_id, id, 'tides' FROM projects");
        from.execute(
                "INSERT INTO golden_questions (workspace_id, project_id, golden_set_id, key, question, expected, tags)"
                        + " SELECT workspace_id, project_id, id, 'q1', 'Where is the tide?', '[{\"document\": \"doc-1.md\"}]', '{a,b}' FROM golden_sets");
        from.execute(
                "UPDATE documents SET ttl_expires_at = '2030-01-01T00:00:00Z' WHERE key = 'doc-2.md' AND version = 2");
        from.execute("UPDATE chunks SET heading_path = '{Tides,\"Mills, old\"}', first_page = 3 WHERE ordinal = 1");
    }

    @AfterEach
    void stop() {
        from.close();
        to.close();
        here.close();
        there.close();
    }

    private Path file() {
        return folder.resolve("project.tidemill");
    }

    private RunView export() {
        return from.run(TransferConfiguration.EXPORT, Map.of("file", file().toString()));
    }

    private RunView bring(Map<String, String> more) {
        Map<String, String> all = new java.util.HashMap<>(more);
        all.putIfAbsent("project", "moved");
        all.put("file", file().toString());
        return to.run(TransferConfiguration.IMPORT, all);
    }

    /// What of a project anyone could see, without ids, versions and times.
    private static String digest(JobNode node, String project) {
        long set = node.number("SELECT live_set_id FROM projects WHERE slug = '" + project + "'");
        StringBuilder all = new StringBuilder();
        for (String sql : List.of(
                """
                SELECT s.type, s.location, d.key, v.file_name, v.title, v.media_type, v.metadata::text, v.profile, v.text_length, v.chunk_count,
                       encode(v.sha256, 'hex') AS hash, d.ttl_expires_at FROM documents d JOIN projects p ON p.id = d.project_id
                JOIN document_versions v ON v.document_id = d.id AND v.version = d.published_version JOIN sources s ON s.id = d.source_id
                WHERE p.slug = '$P' AND d.deleted_at IS NULL AND v.state = 'published' ORDER BY 2, 3""",
                """
                SELECT c.ordinal, c.content_id, c.header, c.text, c.heading_path::text, c.start_offset, c.end_offset, c.tokens, c.first_page
                FROM chunks c JOIN documents d ON d.id = c.document_id JOIN projects p ON p.id = c.project_id
                WHERE p.slug = '$P' AND d.deleted_at IS NULL AND c.valid_from IS NOT NULL AND c.valid_to IS NULL ORDER BY c.text""",
                """
                SELECT t.start_offset, t.text FROM document_texts t JOIN document_versions v ON v.id = t.version_id
                JOIN documents d ON d.id = v.document_id AND d.published_version = v.version AND d.deleted_at IS NULL
                JOIN projects p ON p.id = d.project_id WHERE p.slug = '$P' ORDER BY 2""",
                """
                SELECT content_id, embedding::text FROM vectors_$S v WHERE EXISTS (SELECT FROM chunks c JOIN documents d ON d.id = c.document_id
                  WHERE c.content_id = v.content_id AND d.deleted_at IS NULL AND c.valid_to IS NULL) ORDER BY 1""",
                """
                SELECT encode(b.sha256, 'hex') AS hash, b.size, p.bytes::text FROM blobs b JOIN blob_parts p USING (workspace_id, sha256)
                WHERE EXISTS (SELECT FROM document_versions v JOIN documents d ON d.id = v.document_id AND d.published_version = v.version
                  WHERE v.sha256 = b.sha256 AND d.deleted_at IS NULL) ORDER BY 1""",
                "SELECT question, expected::text, tags::text FROM golden_questions ORDER BY 1")) {
            node.rows(sql.replace("$P", project).replace("$S", Long.toString(set)))
                    .forEach(row -> all.append(row).append('\n'));
        }
        return all.toString();
    }

    @Test
    void anImportedProjectIsTheOneThatWasExported() {
        assertThat(from.plan(TransferConfiguration.EXPORT, Map.of("file", file().toString()))
                        .plan()
                        .counts())
                .containsEntry("documents", 12L);
        assertThat(export().status()).isEqualTo("COMPLETED");
        assertThat(to.plan(TransferConfiguration.IMPORT, Map.of("file", file().toString(), "project", "moved"))
                        .plan()
                        .counts())
                .containsEntry("documents", 12L)
                .containsEntry("originals", 12L)
                .containsEntry("questions", 1L);

        RunView run = bring(Map.of());

        assertThat(run.status()).as(() -> String.valueOf(run.message())).isEqualTo("COMPLETED");
        assertThat(run.message()).contains("12 published documents");
        assertThat(digest(to, "moved")).isEqualTo(digest(from, "default")).contains("Mills, old", "2030", "tide");
        assertThat(to.number("SELECT chunks FROM lexemes WHERE lexeme = 'tide'"))
                .isEqualTo(9 * 3 + 3 * 2);
        assertThat(folder.toFile().list()).containsExactly("project.tidemill");
    }

    @Test
    void aSecondImportIsRefusedOrChangesNothingAsOneAsks() {
        export();
        bring(Map.of());
        String once = digest(to, "moved");

        assertThatThrownBy(() -> bring(Map.of()))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("has 12 documents");
        assertThat(bring(Map.of("onConflict", "skip")).status()).isEqualTo("COMPLETED");
        assertThat(bring(Map.of("onConflict", "replace")).status()).isEqualTo("COMPLETED");

        assertThat(digest(to, "moved")).isEqualTo(once);
        assertThat(to.number("SELECT count(*) FROM document_versions")).isEqualTo(12);
    }

    @Test
    void aDocumentThatDiffersStaysOrIsReplacedAsOneAsks() {
        export();
        bring(Map.of());
        String once = digest(to, "moved");
        to.execute("UPDATE document_versions SET profile = 'other' WHERE file_name = 'doc-3.md'");

        to.execute("UPDATE documents SET ttl_expires_at = '2029-01-01' WHERE key = 'doc-3.md'");

        bring(Map.of("onConflict", "skip"));
        assertThat(to.number("SELECT count(*) FROM document_versions WHERE profile = 'other' AND state = 'published'"))
                .isEqualTo(2);
        bring(Map.of("onConflict", "replace"));

        assertThat(to.number("SELECT count(*) FROM document_versions WHERE state = 'superseded'"))
                .isEqualTo(2);
        assertThat(digest(to, "moved")).isEqualTo(once);
        // A question about any instant finds the old version whole or the new one whole.
        assertThat(to.number("SELECT count(*) FROM chunks c JOIN document_versions v ON v.id = c.version_id"
                        + " WHERE c.valid_from = v.valid_from AND c.valid_to IS NOT DISTINCT FROM v.valid_to"))
                .isEqualTo(to.number("SELECT count(*) FROM chunks"));
        assertThat(to.number("SELECT count(*) FROM document_versions a JOIN document_versions b USING (document_id)"
                        + " WHERE a.state = 'superseded' AND b.state = 'published' AND a.valid_from < a.valid_to"
                        + " AND a.valid_to = b.valid_from"))
                .isEqualTo(2);
    }

    /// Behind its third part.
    private void killedExport() throws Exception {
        killedExport(Map.of("file", file().toString()));
    }

    private void killedExport(Map<String, String> parameters) throws Exception {
        JobProcess.killAfter(
                here,
                "UPDATE",
                "export_parts",
                3,
                folder.resolve("process.log"),
                TransferConfiguration.class,
                TransferConfiguration.EXPORT,
                parameters,
                SMALL);
    }

    @Test
    void aKilledExportGoesOnWithItsNextPart() throws Exception {
        killedExport();
        assertThat(file()).doesNotExist();
        long done = from.number("SELECT count(*) FROM export_parts WHERE sha256 IS NOT NULL");
        assertThat(done).isGreaterThanOrEqualTo(3);

        List<Long> resumed = from.runs().resumeOrphans();

        assertThat(resumed).hasSize(1);
        RunView run = from.await(resumed.getFirst());
        assertThat(run.status()).isEqualTo("COMPLETED");
        assertThat(run.steps())
                .filteredOn(step -> step.name().equals("write"))
                .singleElement()
                .satisfies(step ->
                        assertThat(step.written()).isEqualTo(from.number("SELECT count(*) FROM export_parts") - done));
        assertThat(bring(Map.of()).status()).isEqualTo("COMPLETED");
        assertThat(digest(to, "moved")).isEqualTo(digest(from, "default"));
    }

    @Test
    void anExportWhosePartsCouldNotBeNotedIsCutAgainAndIsWhole() {
        Outage.whenCommitted(from.owner, "export_parts", 1);

        RunView run = export();

        assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
        assertThat(run.attempt()).isEqualTo(2);
        assertThat(bring(Map.of()).status()).isEqualTo("COMPLETED");
        assertThat(digest(to, "moved")).isEqualTo(digest(from, "default"));
    }

    @Test
    void aProjectThatWasNotCutWhenItsFolderWasMadeIsCutByTheNextRun() throws Exception {
        ProjectFiles files =
                new ProjectFiles(here.dataSource(), from.bean(ExportProperties.class), from.workspaceId, folder);
        ProjectFiles.Found project = files.projects().getFirst();
        Files.createDirectory(
                Path.of(files.file(project) + ".parts-" + project.id().getMostSignificantBits()));

        files.cut(project);
        assertThat(files.open(project)).isNotEmpty();
        files.open(project).forEach(files::write);
        files.cut(project);
        assertThat(files.open(project)).isEmpty();
    }

    /// As one that stood still while another process took its export over: encrypted, no two parts have the same bytes.
    @Test
    void aProcessThatWritesAPartLateChangesNothingOfTheExportThatOthersFinish() throws Exception {
        Path words = Files.writeString(folder.resolve("words"), "correct horse battery staple");
        Map<String, String> parameters = Map.of("file", file().toString(), "passphraseFrom", "file:" + words);
        killedExport(parameters);
        TransferParameters late = new TransferParameters(
                from.workspaceId,
                UUID.fromString(String.valueOf(
                        from.rows("SELECT id FROM projects").getFirst().get("id"))),
                "default",
                file(),
                TransferParameters.Format.ARCHIVE,
                false,
                "refuse",
                "file:" + words,
                exporting().getId(),
                0);
        PartFiles files = PartFiles.open(from.bean(ExportParts.class), late, from.bean(Archives.class));
        PartFiles.prepare(late, from.bean(Archives.class));
        var first = from.rows("SELECT * FROM export_parts WHERE number = 1").getFirst();
        assertThat(first.get("sha256")).isNotNull();
        files.write(new ExportParts.Part(
                1,
                String.valueOf(first.get("kind")),
                String.valueOf(first.get("name")),
                (String) first.get("first_key"),
                (String) first.get("last_key"),
                from.number("SELECT items FROM export_parts WHERE number = 1"),
                (Long) first.get("set_id")));

        RunView run = from.await(from.runs().resumeOrphans().getFirst());

        assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
        RunView brought = bring(Map.of("passphraseFrom", "file:" + words));
        assertThat(brought.status()).as(brought.message()).isEqualTo("COMPLETED");
        assertThat(digest(to, "moved")).isEqualTo(digest(from, "default"));
        assertThat(folder.toFile().list())
                .doesNotContain("project.tidemill.parts-" + exporting().getId());
    }

    @Test
    void aKilledExportBeginsAnewWhenTheProjectIsAnotherMeanwhile() throws Exception {
        killedExport();
        new MadeCorpus(from).documents("/c", 9, 3, 2);
        from.execute("UPDATE projects SET corpus_generation = corpus_generation + 1");

        RunView run = from.await(from.runs().resumeOrphans().getFirst());

        assertThat(run.status()).isEqualTo("COMPLETED");
        assertThat(bring(Map.of()).message()).contains("21 published documents");
        assertThat(digest(to, "moved")).isEqualTo(digest(from, "default"));
        assertThat(to.rows("SELECT reason FROM dead_letters")).isEmpty();
    }

    @Test
    void anExportKilledWhileItRemovesItsPartsFindsThatItIsDone() throws Exception {
        export();
        byte[] whole = Files.readAllBytes(file());
        // Some of them are gone already, some are not.
        Path parts =
                Files.createDirectory(Path.of(file() + ".parts-" + exporting().getId()));
        Files.writeString(parts.resolve("questions-00001.jsonl.zst"), "whatever");

        seal();

        assertThat(file()).hasBinaryContent(whole);
        assertThat(folder.toFile().list()).containsExactly("project.tidemill");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DELETE FROM export_parts WHERE kind = 'configuration'",
                "UPDATE export_parts SET sha256 = NULL WHERE number = 1"
            })
    void anExportThatLacksPartsGetsNoFile(String lost) throws Exception {
        export();
        Files.delete(file());
        from.execute(lost);

        assertThatThrownBy(this::seal).isInstanceOf(IllegalStateException.class).hasMessageContaining("lacks parts");
        assertThat(file()).doesNotExist();
    }

    private JobInstance exporting() {
        return new JobInstance(from.number("SELECT job_instance_id FROM launches"), TransferConfiguration.EXPORT);
    }

    /// As the export's last step.
    private void seal() throws Exception {
        JobParameters parameters = new JobParametersBuilder()
                .addString("workspace", from.workspaceId.toString())
                .addString("project", "default")
                .addString(
                        "projectId",
                        String.valueOf(
                                from.rows("SELECT id FROM projects").getFirst().get("id")))
                .addString("file", file().toString())
                .toJobParameters();
        StepExecution step = new StepExecution(2, "seal", new JobExecution(1, exporting(), parameters));

        new SealTasklet(from.bean(ExportParts.class), from.bean(Archives.class), InstantSource.system())
                .execute(new StepContribution(step), new ChunkContext(new StepContext(step)));
    }

    @Test
    void aKilledImportGoesOnAndIsWhole() throws Exception {
        export();
        JobProcess.killAfter(
                there,
                "INSERT",
                "document_versions",
                2,
                folder.resolve("process.log"),
                TransferConfiguration.class,
                TransferConfiguration.IMPORT,
                Map.of("file", file().toString(), "project", "moved"),
                SMALL);
        assertThat(to.number("SELECT count(*) FROM documents WHERE published_version IS NOT NULL"))
                .isBetween(1L, 11L);

        List<Long> resumed = to.runs().resumeOrphans();

        assertThat(resumed).hasSize(1);
        assertThat(to.await(resumed.getFirst()).status()).isEqualTo("COMPLETED");
        assertThat(digest(to, "moved")).isEqualTo(digest(from, "default"));
        assertThat(to.number("SELECT count(*) FROM document_versions")).isEqualTo(12);
    }

    @Test
    void aDocumentThatCannotBeImportedBecomesADeadLetterAndTheOthersAreImported() {
        from.execute("DELETE FROM chunks WHERE document_id IN (SELECT id FROM documents WHERE key = 'doc-4.md')");
        export();

        RunView run = bring(Map.of());

        assertThat(run.status()).isEqualTo("COMPLETED");
        assertThat(to.number("SELECT count(*) FROM documents WHERE published_version IS NOT NULL"))
                .isEqualTo(11);
        assertThat(to.rows("SELECT job, reason FROM dead_letters"))
                .containsExactly(Map.of("job", "import", "reason", "NO_TEXT"));
    }

    @Test
    void aDamagedFileIsRefusedBeforeAnythingIsWritten() throws Exception {
        export();
        // In a vector, which is stored as it is.
        long place = place(from.owner
                .sql("SELECT content_id FROM vectors_1 ORDER BY 1 LIMIT 1")
                .query(UUID.class)
                .single());
        try (RandomAccessFile open = new RandomAccessFile(file().toFile(), "rw")) {
            open.seek(place + 24);
            int was = open.read();
            open.seek(place + 24);
            open.write(was ^ 1);
        }

        RunView run = bring(Map.of());

        assertThat(run.status()).isEqualTo("FAILED");
        assertThat(run.message()).contains("project.tidemill").contains("copy it again");
        assertThat(to.number("SELECT count(*) FROM documents")).isZero();
        assertThat(to.number("SELECT count(*) FROM blobs")).isZero();
    }

    private long place(UUID contentId) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file()));
        for (int at = 0; at < bytes.limit() - 16; at++) {
            if (bytes.getLong(at) == contentId.getMostSignificantBits()
                    && bytes.getLong(at + 8) == contentId.getLeastSignificantBits()) {
                return at;
            }
        }
        throw new AssertionError("the file does not hold " + contentId);
    }

    @Test
    void whatIsNoExportedFileIsRefusedAtTheRequest() throws Exception {
        Files.writeString(file(), "not a file of ours");
        assertThatThrownBy(() -> bring(Map.of()))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("no file that export wrote");
        assertThatThrownBy(this::export).isInstanceOf(InvalidParameter.class).hasMessageContaining("exists");
        assertThatThrownBy(() -> from.run(TransferConfiguration.EXPORT, Map.of("file", "relative")))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("absolute");
    }

    @Test
    void vectorsOfAnotherModelAreNotMixedIn() {
        export();
        new MadeCorpus(to).documents("default", "/a", 1, 1, 1);
        to.execute("UPDATE vector_sets SET fingerprint = 'other'");

        assertThatThrownBy(() -> bring(Map.of("project", "default", "onConflict", "skip")))
                .hasMessageContaining("vector set");
    }

    @Test
    void linesForOtherProgramsAreOneForEachChunk() throws Exception {
        RunView run = from.run(TransferConfiguration.EXPORT, Map.of("file", file().toString(), "format", "jsonl"));

        assertThat(run.status()).isEqualTo("COMPLETED");
        assertThat(Files.readAllLines(file()))
                .hasSize(9 * 3 + 3 * 2)
                .allMatch(line -> line.startsWith("{") && line.contains("\"text\": \"word"))
                .anyMatch(line -> line.contains("\"id\": \"doc-1.md#0\""));
    }
}
