package dev.tidemill.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.document.ContentHash;
import dev.tidemill.made.JobNode;
import dev.tidemill.made.JobProcess;
import dev.tidemill.made.MadeCorpus;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.Group;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.RunView;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What goes with a project beside its documents, under lock or not. One installation for all tests,
/// a workspace or a
/// project of its own for each.
class PortableProjectTest {

    private static final Map<String, String> SMALL =
            Map.of("export.part-documents", "2", "export.part-vectors", "5", "import.commit-documents", "2");
    private static final String WORDS = "the mill turns twice a day";

    @TempDir
    private static Path folder;

    private static TestDatabase database;
    private static JobNode node;

    @BeforeAll
    static void start() {
        database = TestDatabase.create();
        node = new JobNode(database, SMALL, TransferConfiguration.class);
        new MadeCorpus(node).documents("/a", 5, 1, 2);
        // Two more sets, of which one can be gone back to, and one that is still being built.
        node.execute("""
                INSERT INTO vector_sets (workspace_id, project_id, model, fingerprint, dimensions, type, state, ef_search, measured_recall,
                  probes, soak_until)
                SELECT workspace_id, id, 'old', 'old', 4, 'vector', 'soaking', 77, 0.99, decode('3f800000000000000000000040000000', 'hex'),
                  '2031-01-01Z' FROM projects;
                INSERT INTO vector_sets (workspace_id, project_id, model, fingerprint, dimensions, state)
                SELECT workspace_id, id, m, m, 4, s FROM projects, (VALUES ('tried', 'held'), ('begun', 'building')) AS n (m, s);
                DO $$ DECLARE s record; BEGIN
                  FOR s IN SELECT * FROM vector_sets WHERE state <> 'live' LOOP
                    EXECUTE format('CREATE TABLE vectors_%s (workspace_id uuid, content_id uuid, embedding %s(4),
                      PRIMARY KEY (workspace_id, content_id))', s.id, s.type);
                    EXECUTE format('CALL protect_tenant_table(''vectors_%s'')', s.id);
                    EXECUTE format('INSERT INTO vectors_%s SELECT DISTINCT ON (content_id) workspace_id, content_id,
                      (''[0.1,'' || ordinal || '',3,0.7]'')::vector FROM chunks', s.id);
                  END LOOP;
                END $$;
                UPDATE vector_sets SET replaces = (SELECT id FROM vector_sets WHERE state = 'soaking'), ef_search = 55 WHERE state = 'live';
                INSERT INTO sources (workspace_id, project_id, type, location, metadata)
                  SELECT workspace_id, id, 'urls', 'https://example.org', '{"team": "tides"}' FROM projects;
                INSERT INTO retention_policies (workspace_id, project_id, versions_keep, undo, set_by)
                  SELECT workspace_id, id, 3, '40 days', 'someone' FROM projects;
                INSERT INTO retention_policies (workspace_id, project_id, tag_name, tag_value, max_age, set_by)
                  SELECT workspace_id, id, 'team', 'tides', '1 day', 'someone' FROM projects;
                INSERT INTO retention_policies (workspace_id, project_id, source_id, max_age, set_by)
                  SELECT workspace_id, project_id, id, '2 years', 'someone' FROM sources WHERE type = 'urls';
                INSERT INTO golden_sets (workspace_id, project_id, name, canary)
                  SELECT workspace_id, id, n, false FROM projects, unnest(ARRAY['tides', 'empty']) n;
                INSERT INTO golden_questions (workspace_id, project_id, golden_set_id, key, question, expected)
                  SELECT workspace_id, project_id, id, 'q1', 'Where?', '[{"document": "doc-1.md"}]' FROM golden_sets WHERE name = 'tides';
                INSERT INTO schedules (workspace_id, name, definition, timing, paused, paused_in_file)
                  SELECT workspace_id, n, 'job: ingest' || chr(10) || 'parameters:' || chr(10) || '  project: ' || p || chr(10), '', false, false
                  FROM workspaces, (VALUES ('nightly', 'default'), ('another', 'default-2')) AS v (n, p)
                """);
    }

    @AfterAll
    static void stop() {
        node.close();
        database.close();
    }

    private static Path export(String name, Map<String, String> more) {
        return export(node.workspaceId, name, more);
    }

    private static Path export(UUID workspace, String name, Map<String, String> more) {
        Map<String, String> all = new HashMap<>(more);
        all.put("file", folder.resolve(name).toString());
        RunView run = node.await(node.runs()
                .launch(LaunchRequest.of(workspace, TransferConfiguration.EXPORT, all, "test"))
                .runId());
        assertThat(run.status()).as(() -> String.valueOf(run.message())).isEqualTo("COMPLETED");
        return folder.resolve(name);
    }

    private static RunView bring(UUID workspace, Path file, Map<String, String> more) {
        Map<String, String> all = new HashMap<>(more);
        all.put("file", file.toString());
        return node.await(node.runs()
                .launch(LaunchRequest.of(workspace, TransferConfiguration.IMPORT, all, "test"))
                .runId());
    }

    private static UUID workspace(String slug) {
        return node.owner
                .sql(
                        "INSERT INTO workspaces (organization_id, name, slug) SELECT id, :slug, :slug FROM organizations RETURNING workspace_id")
                .param("slug", slug)
                .query(UUID.class)
                .single();
    }

    private static List<Map<String, @Nullable Object>> rows(UUID workspace, String sql) {
        return node.owner.sql(sql).param("w", workspace).query().listOfRows();
    }

    /// The vectors of each set, by the model of the set.
    private static Map<String, String> vectors(UUID workspace) {
        Map<String, String> vectors = new HashMap<>();
        for (Map<String, @Nullable Object> set :
                rows(workspace, "SELECT id, model FROM vector_sets WHERE workspace_id = :w")) {
            vectors.put(
                    String.valueOf(set.get("model")),
                    rows(
                                    workspace,
                                    "SELECT content_id, embedding::text AS v, pg_typeof(embedding)::text AS t FROM vectors_"
                                            + set.get("id") + " WHERE workspace_id = :w ORDER BY 1")
                            .toString());
        }
        return vectors;
    }

    @Test
    void everySetThatIsCompleteComesAsItIsWithWhatWasMeasuredOfIt() {
        UUID there = workspace("sets");

        RunView run = bring(there, export("sets.tidemill", Map.of()), Map.of());

        assertThat(run.status()).as(() -> String.valueOf(run.message())).isEqualTo("COMPLETED");
        String sets = """
                SELECT model, type, state, ef_search, measured_recall, encode(probes, 'hex') AS probes, soak_until,
                  (SELECT o.model FROM vector_sets o WHERE o.id = s.replaces) AS replaces
                FROM vector_sets s WHERE workspace_id = :w AND state <> 'building' ORDER BY model""";
        assertThat(rows(there, sets)).hasSize(3).isEqualTo(rows(node.workspaceId, sets));
        assertThat(run.steps())
                .filteredOn(step -> step.name().equals("documents"))
                .singleElement()
                .satisfies(step ->
                        assertThat(step.written()).isEqualTo(step.total()).isEqualTo(5))
                .satisfies(step -> assertThat(step.read()).isEqualTo(5))
                .satisfies(step -> assertThat(step.committed()).isEqualTo(3));
        Map<String, String> expected = vectors(node.workspaceId);
        expected.remove("begun");
        assertThat(vectors(there)).isEqualTo(expected);
        assertThat(expected.get("old")).contains("0.7]", "t=vector");
    }

    @Test
    void otherSetsCanBeLeftOutOnBothSides() {
        Path all = export("all.tidemill", Map.of());
        Path live = export("live.tidemill", Map.of("sets", "live"));
        UUID one = workspace("live-import");
        UUID other = workspace("live-export");

        bring(one, all, Map.of("sets", "live"));
        bring(other, live, Map.of());

        assertThat(vectors(one)).containsOnlyKeys("made");
        assertThat(vectors(other)).containsOnlyKeys("made");
    }

    @Test
    void theConfigurationComesTooAndSchedulesStayInTheFile() throws Exception {
        UUID there = workspace("configuration");
        Path file = export("configuration.tidemill", Map.of());

        bring(there, file, Map.of());
        bring(there, file, Map.of("onConflict", "replace"));

        for (String sql : List.of(
                "SELECT type, location, metadata::text FROM sources WHERE workspace_id = :w ORDER BY 1", """
                SELECT s.location, r.tag_name, r.tag_value, r.versions_keep, r.versions_after::text, r.undo::text, r.max_age::text
                FROM retention_policies r LEFT JOIN sources s ON s.id = r.source_id WHERE r.workspace_id = :w ORDER BY 1, 2""", """
                SELECT s.name, s.canary, q.key, q.question, q.expected::text FROM golden_sets s
                LEFT JOIN golden_questions q ON q.golden_set_id = s.id WHERE s.workspace_id = :w ORDER BY 1""")) {
            assertThat(rows(there, sql)).hasSizeBetween(2, 3).isEqualTo(rows(node.workspaceId, sql));
        }
        assertThat(rows(there, "SELECT FROM schedules WHERE workspace_id = :w")).isEmpty();
        try (Archive archive = Archive.open(file, null);
                InputStream in = archive.read(archive.parts("configuration").getFirst())) {
            assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8))
                    .contains("\"nightly\"", "project: default")
                    .doesNotContain("another");
        }
    }

    private static Path words(String name, String words) throws Exception {
        return Files.writeString(folder.resolve(name), words + "\n");
    }

    @Test
    void anEncryptedFileOpensWithItsPassphraseOnly() throws Exception {
        Path words = words("words", WORDS);
        Path file = export("locked.tidemill", Map.of("passphraseFrom", "file:" + words));
        UUID there = workspace("locked");

        assertThatThrownBy(() -> bring(there, file, Map.of()))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("is encrypted");
        String other = words("other", "another mill altogether").toString();
        assertThatThrownBy(() -> bring(there, file, Map.of("passphraseFrom", "file:" + other)))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("does not open with the passphrase from file:")
                .hasMessageNotContaining("another mill");
        assertThat(rows(there, "SELECT FROM projects WHERE workspace_id = :w")).isEmpty();

        assertThat(bring(there, file, Map.of("passphraseFrom", "file:" + words)).status())
                .isEqualTo("COMPLETED");

        assertThat(vectors(there)).hasSize(3);
        assertThat(rows(there, "SELECT FROM documents WHERE workspace_id = :w AND published_version IS NOT NULL"))
                .hasSize(5);
        try (ZipFile zip = new ZipFile(file.toFile())) {
            List<String> names = zip.stream().map(ZipEntry::getName).toList();
            assertThat(names).startsWith("lock.json", "manifest.json.sealed");
            assertThat(names.subList(1, names.size())).allMatch(name -> name.endsWith(".sealed"));
        }
        assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                .doesNotContain("default", "doc-1", "original of");
        // Parameters say where it is, and nothing else says more.
        assertThat(node.rows("SELECT parameter_value FROM batch_job_execution_params")
                        .toString())
                .contains("file:" + words)
                .doesNotContain(WORDS);
    }

    @Test
    void aPassphraseIsNotTakenForItsPlaceAndNotRepeated() throws Exception {
        Map<String, String> expected = Map.of(
                WORDS,
                "must say where the passphrase is",
                "env:DATABASE_PASSWORD",
                "TIDEMILL_PASSPHRASE",
                "env:TIDEMILL_PASSPHRASE_NOWHERE",
                "no environment variable",
                "file:relative",
                "absolute path",
                "file:" + folder.resolve("nowhere"),
                "is not there",
                "once:" + words("any-file", WORDS),
                "only the command line",
                "file:" + words("short", "too short"),
                "at least 12");
        expected.forEach((from, says) -> assertThatThrownBy(() -> node.run(
                        TransferConfiguration.EXPORT,
                        Map.of("file", folder.resolve("never").toString(), "passphraseFrom", from)))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining(says)
                .hasMessageNotContaining(WORDS));
        assertThat(Passphrase.read("env:TIDEMILL_PASSPHRASE", Map.of("TIDEMILL_PASSPHRASE", WORDS)))
                .isNotNull()
                .satisfies(read -> assertThat(read.value()).containsExactly(WORDS.toCharArray()));
        assertThatThrownBy(() -> node.run(
                        TransferConfiguration.EXPORT,
                        Map.of(
                                "file",
                                folder.resolve("never").toString(),
                                "format",
                                "jsonl",
                                "passphraseFrom",
                                "file:" + folder.resolve("any-file"))))
                .hasMessageContaining("only the format archive");
    }

    @Test
    void aFileThatWasLeftForOneRunGoesWithIt() throws Exception {
        Path words = words("passphrase-" + "0123456789abcdef".repeat(2), WORDS);

        export("once.tidemill", Map.of("passphraseFrom", "once:" + words));

        assertThat(words).doesNotExist();
    }

    @Test
    void aKilledEncryptedExportGoesOnAndLeavesNothingReadable() throws Exception {
        TestDatabase own = TestDatabase.create();
        try (JobNode after = new JobNode(own, SMALL, TransferConfiguration.class)) {
            new MadeCorpus(after).documents("/a", 5, 1, 2);
            Path file = folder.resolve("killed.tidemill");
            Path words = words("killed-words", WORDS);
            JobProcess.killAfter(
                    own,
                    "UPDATE",
                    "export_parts",
                    2,
                    folder.resolve("process.log"),
                    TransferConfiguration.class,
                    TransferConfiguration.EXPORT,
                    Map.of("file", file.toString(), "passphraseFrom", "file:" + words),
                    SMALL);
            Path waiting;
            try (Stream<Path> files = Files.list(folder)) {
                waiting = files.filter(path -> path.getFileName().toString().startsWith("killed.tidemill.parts"))
                        .findFirst()
                        .orElseThrow();
            }
            try (Stream<Path> parts = Files.list(waiting)) {
                for (Path part : parts.toList()) {
                    assertThat(new String(Files.readAllBytes(part), StandardCharsets.ISO_8859_1))
                            .doesNotContain("original of", "doc-1", WORDS);
                }
            }

            assertThat(after.await(after.runs().resumeOrphans().getFirst()).status())
                    .isEqualTo("COMPLETED");

            UUID there = workspace("killed");
            assertThat(bring(there, file, Map.of("passphraseFrom", "file:" + words))
                            .status())
                    .isEqualTo("COMPLETED");
            assertThat(rows(there, "SELECT FROM chunks WHERE workspace_id = :w AND valid_from IS NOT NULL"))
                    .hasSize(10);
        } finally {
            own.close();
        }
    }

    @Test
    void aSlugThatIsTakenIsRefusedHereAndFreeInAnotherWorkspace() {
        Path file = export("clash.tidemill", Map.of());
        UUID there = workspace("clash");

        assertThatThrownBy(() -> bring(node.workspaceId, file, Map.of()))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("project default has 5 documents");
        assertThat(bring(there, file, Map.of()).status()).isEqualTo("COMPLETED");
        assertThat(bring(node.workspaceId, file, Map.of("project", "beside")).status())
                .isEqualTo("COMPLETED");

        assertThat(rows(there, "SELECT slug, name FROM projects WHERE workspace_id = :w"))
                .containsExactly(Map.of("slug", "default", "name", "Default"));
        // Another slug, the same name: names may be alike.
        assertThat(rows(node.workspaceId, "SELECT name FROM projects WHERE workspace_id = :w AND slug = 'beside'"))
                .containsExactly(Map.of("name", "Default"));
        node.execute("DELETE FROM projects WHERE slug = 'beside'");
    }

    /// Writes the entries of a file anew.
    private static Path rewritten(Path file, String name, int version) throws Exception {
        Path target = folder.resolve(name);
        JsonMapper json = JsonMapper.shared();
        try (Archive archive = Archive.open(file, null);
                ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(target))) {
            ObjectNode manifest = (ObjectNode) json.readTree(json.writeValueAsBytes(archive.manifest()));
            manifest.put("version", version);
            Map<String, byte[]> entries = new LinkedHashMap<>();
            if (version == 1) {
                // One set, parts compressed by the ZIP alone.
                ObjectNode set = json.createObjectNode();
                Manifest.Set live = archive.manifest().vectorSets().getFirst();
                set.put("model", live.model()).put("fingerprint", live.fingerprint());
                set.put("dimensions", live.dimensions()).put("type", live.type());
                manifest.remove("sets");
                manifest.set("set", set);
                var parts = manifest.putArray("parts");
                for (Manifest.Part part : archive.manifest().parts()) {
                    if (part.setPlace() > 0 || part.kind().equals("configuration")) {
                        continue;
                    }
                    String plain = part.name().replace(".zst", "");
                    byte[] content;
                    try (InputStream in = archive.read(part)) {
                        content = in.readAllBytes();
                    }
                    entries.put(plain, content);
                    parts.addObject()
                            .put("name", plain)
                            .put("kind", part.kind())
                            .put("items", part.items())
                            .put("bytes", content.length)
                            .put("sha256", ContentHash.of(content).hex());
                }
            }
            zip.putNextEntry(new ZipEntry(Manifest.ENTRY));
            zip.write(json.writeValueAsBytes(manifest));
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue());
            }
        }
        return target;
    }

    @Test
    void aFileOfTheOlderFormatIsReadAndANewerOneRefused() throws Exception {
        Path file = export("versions.tidemill", Map.of());
        UUID there = workspace("versions");

        Path older = rewritten(file, "older.tidemill", 1);
        RunView run = bring(there, older, Map.of());
        Path newer = rewritten(file, "newer.tidemill", 3);

        assertThat(run.status()).as(() -> String.valueOf(run.message())).isEqualTo("COMPLETED");
        assertThat(vectors(there)).containsOnlyKeys("made");
        assertThat(vectors(there).get("made"))
                .isEqualTo(vectors(node.workspaceId).get("made"));
        UUID nowhere = workspace("nowhere");
        assertThatThrownBy(() -> bring(nowhere, newer, Map.of()))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("version 3")
                .hasMessageContaining("up to 2");
        assertThat(rows(nowhere, "SELECT FROM projects WHERE workspace_id = :w"))
                .isEmpty();
    }

    @Test
    void aProjectWithOneOfTheSetsTakesItsVectorsAndLosesNone() {
        Path file = export("partly.tidemill", Map.of());
        UUID there = workspace("partly");
        bring(there, file, Map.of("sets", "live"));
        node.owner
                .sql("DELETE FROM documents WHERE workspace_id = :w AND key IN ('doc-1.md', 'doc-2.md')")
                .param("w", there)
                .update();
        node.owner
                .sql(
                        "DELETE FROM chunks c WHERE workspace_id = :w AND NOT EXISTS (SELECT FROM documents d WHERE d.id = c.document_id)")
                .param("w", there)
                .update();

        bring(there, file, Map.of("onConflict", "skip"));

        assertThat(vectors(there)).containsOnlyKeys("made");
        assertThat(vectors(there).get("made"))
                .isEqualTo(vectors(node.workspaceId).get("made"));
        assertThat(rows(there, "SELECT FROM documents WHERE workspace_id = :w AND published_version IS NOT NULL"))
                .hasSize(5);
    }

    /// Swaps the first text of the document that a file holds first with that of the one it holds last.
    private static void swapTexts(UUID workspace) {
        node.owner.sql("""
                        WITH ends AS (SELECT min(id::text)::uuid AS first, max(id::text)::uuid AS last
                                      FROM documents WHERE workspace_id = :w),
                        profiled AS (UPDATE document_versions v SET profile = 'moved' FROM ends
                                     WHERE v.workspace_id = :w AND v.document_id IN (first, last))
                        UPDATE chunks c SET text = o.text, content_id = o.content_id FROM chunks o, ends
                        WHERE c.workspace_id = :w AND o.workspace_id = :w AND c.ordinal = 0 AND o.ordinal = 0
                          AND c.document_id IN (first, last) AND o.document_id IN (first, last) AND c.id <> o.id
                        """).param("w", workspace).update();
    }

    @Test
    void aTextThatMovedToALaterDocumentKeepsItsVectorInEverySetWhenTheProjectIsReplaced() {
        Path before = export("moving.tidemill", Map.of());
        UUID source = workspace("moving");
        UUID there = workspace("moved");
        bring(source, before, Map.of());
        bring(there, before, Map.of());
        swapTexts(source);
        // The other two sets of the project are not in the file at all.
        Path after = export(source, "swapped.tidemill", Map.of("sets", "live"));

        RunView run = bring(there, after, Map.of("onConflict", "replace"));

        assertThat(run.status()).as(() -> String.valueOf(run.message())).isEqualTo("COMPLETED");
        String texts = """
                SELECT d.key, c.ordinal, c.text FROM chunks c JOIN documents d ON d.id = c.document_id
                WHERE c.workspace_id = :w AND c.valid_from IS NOT NULL AND c.valid_to IS NULL ORDER BY 1, 2""";
        assertThat(rows(there, texts))
                .hasSize(10)
                .isEqualTo(rows(source, texts))
                .isNotEqualTo(rows(node.workspaceId, texts));
        assertThat(vectors(there)).hasSize(3).isEqualTo(vectors(source));
    }

    /// How many originals each group has in which an import would store them.
    private static List<Integer> groups(Path file, int items, long bytes) throws Exception {
        PartReader<Formats.Original> reader = new PartReader<>(
                () -> Archive.open(file, null),
                "originals",
                part -> true,
                part -> Formats.originals(),
                new PartReader.Bounds(items, bytes));
        List<Integer> sizes = new ArrayList<>();
        reader.open(new ExecutionContext());
        try {
            for (Group<Formats.Original> group = reader.read(); group != null; group = reader.read()) {
                sizes.add(group.items().size());
            }
        } finally {
            reader.close();
        }
        return sizes;
    }

    @Test
    void anImportStoresAsManyAtOnceAsTheirBytesAllowAndOneAtLeast() throws Exception {
        Path file = export("groups.tidemill", Map.of());
        long original = "original of /a 1 version 1".length();

        assertThat(groups(file, 20, 2 * original)).containsExactly(2, 2, 1);
        assertThat(groups(file, 20, 2 * original - 1)).containsExactly(1, 1, 1, 1, 1);
        assertThat(groups(file, 20, 1)).containsExactly(1, 1, 1, 1, 1);
        assertThat(groups(file, 2, 1 << 20)).containsExactly(2, 2, 1);
        assertThat(groups(file, 20, 1 << 20)).containsExactly(5);
    }

    @Test
    @Timeout(20)
    void aReaderThatRunsOutOfMemoryFailsItsStep() {
        Path file = export("memory.tidemill", Map.of());
        PartReader<Formats.Original> reader = new PartReader<>(
                () -> Archive.open(file, null),
                "originals",
                part -> true,
                part -> in -> () -> {
                    throw new OutOfMemoryError("made");
                },
                new PartReader.Bounds(20, 1));
        reader.open(new ExecutionContext());
        try {
            assertThatThrownBy(reader::read)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("too little memory to read the originals");
        } finally {
            reader.close();
        }
    }

    /// A project whose documents are together as large as the heap that is to import them: twelve originals of
    /// 8 MB, and a text of six million characters.
    private static void makeLarge() {
        node.execute(
                "INSERT INTO projects (workspace_id, slug, name) SELECT workspace_id, 'large', 'Large' FROM workspaces"
                        + " WHERE workspace_id = '" + node.workspaceId + "'");
        new MadeCorpus(node).documents("large", "/large", 12, 1, 1);
        node.execute("""
                DO $$
                DECLARE one record; original bytea; live bigint; BEGIN
                  SELECT live_set_id INTO live FROM projects WHERE slug = 'large';
                  FOR one IN SELECT v.* FROM document_versions v JOIN projects p ON p.id = v.project_id WHERE p.slug = 'large' LOOP
                    original := decode(repeat(md5(one.id::text), 8 << 16), 'hex');
                    INSERT INTO blobs (workspace_id, sha256, size) VALUES (one.workspace_id, sha256(original), length(original));
                    INSERT INTO blob_parts (workspace_id, sha256, part, bytes)
                      SELECT one.workspace_id, sha256(original), n, substr(original, 1 + (n << 20), 1 << 20) FROM generate_series(0, 7) n;
                    UPDATE document_versions SET sha256 = sha256(original) WHERE id = one.id;
                  END LOOP;
                  CREATE TEMPORARY TABLE large_texts AS
                    SELECT n, v.workspace_id, v.project_id, v.document_id, v.id AS version_id, repeat('mill ' || n || ' ', 2000) AS text
                    FROM generate_series(1, 400) n, document_versions v JOIN projects p ON p.id = v.project_id
                    WHERE p.slug = 'large' AND v.file_name = 'doc-1.md';
                  INSERT INTO document_texts (workspace_id, version_id, start_offset, text)
                    SELECT workspace_id, version_id, n * 100000, text FROM large_texts;
                  INSERT INTO chunks (workspace_id, project_id, document_id, version_id, ordinal, content_id, header, text, heading_path,
                      start_offset, end_offset, tokens, run_id, valid_from)
                    SELECT workspace_id, project_id, document_id, version_id, n, substr(encode(sha256(convert_to(text, 'UTF8')), 'hex'), 1, 32)::uuid,
                      '', text, '{}', n * 100000, n * 100000 + length(text), 10, 0, now() FROM large_texts;
                  EXECUTE format('INSERT INTO vectors_%s SELECT workspace_id, content_id, ''[1,2,3,4]'' FROM chunks
                    WHERE ordinal > 0 AND project_id = $1', live) USING (SELECT id FROM projects WHERE slug = 'large');
                  DROP TABLE large_texts;
                END $$
                """);
    }

    @Test
    void documentsThatAreTogetherAsLargeAsTheHeapAreImported() throws Exception {
        makeLarge();
        Path file = export("large.tidemill", Map.of("project", "large"));
        int[] largest = {0};
        UUID project = node.owner
                .sql("SELECT id FROM projects WHERE slug = 'large'")
                .query(UUID.class)
                .single();
        node.bean(ExportParts.class).stream(
                new TransferParameters(
                        node.workspaceId,
                        project,
                        "large",
                        file,
                        TransferParameters.Format.ARCHIVE,
                        false,
                        "refuse",
                        null,
                        0,
                        0),
                ExportRows.DOCUMENTS,
                new ExportParts.Part(
                        1,
                        "documents",
                        "all",
                        "00000000-0000-0000-0000-000000000000",
                        "ffffffff-ffff-ffff-ffff-ffffffffffff",
                        12,
                        null),
                fields -> largest[0] = Math.max(largest[0], PartRows.field(fields, 1).length));

        String said = JobProcess.run(
                database,
                "112m",
                folder.resolve("large.log"),
                TransferConfiguration.class,
                TransferConfiguration.IMPORT,
                Map.of("file", file.toString(), "project", "large-copy"),
                Map.of("import.commit-bytes", "8MB"));

        assertThat(node.rows("SELECT status FROM batch_job_execution ORDER BY job_execution_id DESC LIMIT 1"))
                .as(said)
                .containsExactly(Map.of("status", "COMPLETED"));
        assertThat(largest[0]).isBetween(10_000, 1 << 20);
        assertThat(
                        node.number(
                                "SELECT sum(length(t.text)) FROM document_texts t JOIN document_versions v ON v.id = t.version_id"
                                        + " JOIN projects p ON p.id = v.project_id WHERE p.slug = 'large-copy' AND v.state = 'published'"))
                .isGreaterThan(6_000_000);
        node.execute("DELETE FROM projects WHERE slug LIKE 'large%'");
    }
}
