package dev.tidemill.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hardwood.InputFile;
import dev.hardwood.metadata.RowGroup;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import dev.hardwood.row.PqList;
import dev.tidemill.made.JobNode;
import dev.tidemill.made.JobProcess;
import dev.tidemill.made.MadeCorpus;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.RunView;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Tables for other programs, read as one of those does: by a library that knows nothing of the one that wrote them.
class ParquetPartsTest {

    private static final Map<String, String> SMALL =
            Map.of("export.part-documents", "3", "export.part-vectors", "1000");

    /// Three documents in one part, of more chunks than a row group holds.
    private static final int LARGE = 3 * 1_500;

    private static final String[] CHUNK_COLUMNS = {
        "content_id",
        "document",
        "source_type",
        "source",
        "title",
        "metadata",
        "ordinal",
        "text",
        "heading_path",
        "start_offset",
        "tokens",
        "first_page",
        "start_millis"
    };
    private static final String[] VECTOR_COLUMNS = {"content_id", "model", "embedding"};

    @TempDir
    private static Path folder;

    private static TestDatabase database;
    private static JobNode node;

    @BeforeAll
    static void start() {
        database = TestDatabase.create();
        node = new JobNode(database, SMALL, TransferConfiguration.class);
        new MadeCorpus(node).documents("/a", 5, 1, 2);
        // A second set, of whole floats, that can be gone back to.
        node.execute("""
                INSERT INTO vector_sets (workspace_id, project_id, model, fingerprint, dimensions, type, state)
                SELECT workspace_id, id, 'old', 'old', 4, 'vector', 'soaking' FROM projects;
                DO $$ DECLARE old bigint; BEGIN
                  SELECT id INTO old FROM vector_sets WHERE model = 'old';
                  EXECUTE format('CREATE TABLE vectors_%s (workspace_id uuid, content_id uuid, embedding vector(4),
                    PRIMARY KEY (workspace_id, content_id))', old);
                  EXECUTE format('CALL protect_tenant_table(''vectors_%s'')', old);
                  EXECUTE format('INSERT INTO vectors_%s SELECT DISTINCT ON (content_id) workspace_id, content_id,
                    (''[0.1,'' || ordinal || '',3,0.7]'')::vector FROM chunks', old);
                END $$;
                INSERT INTO projects (workspace_id, slug, name) SELECT workspace_id, 'large', 'Large' FROM projects
                """);
        new MadeCorpus(node).documents("large", "/large", 3, 1, LARGE / 3);
    }

    @AfterAll
    static void stop() {
        node.close();
        database.close();
    }

    private static Path export(String project, String name) {
        Path tables = folder.resolve(name);
        RunView run = node.run(
                TransferConfiguration.EXPORT,
                Map.of("project", project, "file", tables.toString(), "format", "parquet"));
        assertThat(run.status()).as(() -> String.valueOf(run.message())).isEqualTo("COMPLETED");
        return tables;
    }

    private static List<Path> files(Path tables, String prefix) throws Exception {
        try (Stream<Path> all = Files.list(tables)) {
            return all.filter(path -> path.getFileName().toString().startsWith(prefix))
                    .sorted()
                    .toList();
        }
    }

    private static List<Map<String, Object>> rows(Path tables, String prefix, String... columns) throws Exception {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Path file : files(tables, prefix)) {
            try (ParquetFileReader reader = ParquetFileReader.open(InputFile.of(file));
                    RowReader row = reader.rowReader()) {
                while (row.hasNext()) {
                    row.next();
                    Map<String, Object> values = new LinkedHashMap<>();
                    for (String column : columns) {
                        Object value = row.isNull(column) ? "null" : row.getValue(column);
                        values.put(column, value instanceof PqList list ? list.values() : value);
                    }
                    rows.add(values);
                }
            }
        }
        return rows;
    }

    /// Rows in each row group, file by file.
    private static List<Long> rowGroups(Path tables, String prefix) throws Exception {
        List<Long> rows = new ArrayList<>();
        for (Path file : files(tables, prefix)) {
            try (ParquetFileReader reader = ParquetFileReader.open(InputFile.of(file))) {
                reader.getFileMetaData().rowGroups().stream()
                        .map(RowGroup::numRows)
                        .forEach(rows::add);
            }
        }
        return rows;
    }

    @Test
    void tablesHoldEveryChunkAndEveryVector() throws Exception {
        Path tables = export("default", "tables");

        List<Map<String, Object>> chunks = rows(tables, "chunks-", CHUNK_COLUMNS);
        assertThat(chunks)
                .hasSize(10)
                .allSatisfy(chunk -> assertThat(chunk)
                        .containsEntry("source", "/a")
                        .containsEntry("source_type", "directory")
                        .containsEntry("heading_path", List.of())
                        .containsEntry("tokens", 10)
                        .containsEntry("first_page", "null"));
        assertThat(chunks.stream().map(chunk -> chunk.get("text")))
                .containsExactlyInAnyOrderElementsOf(node
                        .rows(
                                "SELECT text FROM chunks c JOIN projects p ON p.id = c.project_id WHERE p.slug = 'default'")
                        .stream()
                        .map(row -> row.get("text"))
                        .toList());
        List<Map<String, Object>> live = rows(tables, "vectors-1-", VECTOR_COLUMNS);
        assertThat(live).hasSize(10).allSatisfy(vector -> assertThat(vector).containsEntry("model", "made"));
        assertThat(live.stream().map(vector -> vector.get("content_id")))
                .containsExactlyInAnyOrderElementsOf(
                        chunks.stream().map(chunk -> chunk.get("content_id")).toList());
        assertThat(String.valueOf(
                        rows(tables, "vectors-2-", VECTOR_COLUMNS).getFirst().get("embedding")))
                .isIn("[0.1, 0.0, 3.0, 0.7]", "[0.1, 1.0, 3.0, 0.7]");
        assertThat(files(tables, ""))
                .allMatch(file -> file.toString().endsWith(".parquet"))
                .hasSize(2 + 2);
    }

    @Test
    void aKilledExportGoesOnAndHasEveryRowOnce() throws Exception {
        Path whole = export("large", "whole");
        Path resumed = folder.resolve("resumed");
        JobProcess.killAfter(
                database,
                "UPDATE",
                "export_parts",
                2,
                folder.resolve("process.log"),
                TransferConfiguration.class,
                TransferConfiguration.EXPORT,
                Map.of("project", "large", "file", resumed.toString(), "format", "parquet"),
                SMALL);
        assertThat(resumed).doesNotExist();

        RunView run = node.await(node.runs().resumeOrphans().getFirst());

        assertThat(run.status()).as(() -> String.valueOf(run.message())).isEqualTo("COMPLETED");
        assertThat(run.steps())
                .filteredOn(step -> step.name().equals("write"))
                .singleElement()
                .satisfies(step -> assertThat(step.written()).isBetween(1L, 4L));
        assertThat(rows(resumed, "chunks-", CHUNK_COLUMNS))
                .hasSize(LARGE)
                .doesNotHaveDuplicates()
                .isEqualTo(rows(whole, "chunks-", CHUNK_COLUMNS));
        assertThat(rows(resumed, "vectors-1-", VECTOR_COLUMNS))
                .hasSize(LARGE)
                .doesNotHaveDuplicates()
                .isEqualTo(rows(whole, "vectors-1-", VECTOR_COLUMNS));
        assertThat(files(resumed, "").stream().map(Path::getFileName))
                .isEqualTo(files(whole, "").stream().map(Path::getFileName).toList());
        assertThat(rowGroups(resumed, "chunks-")).containsExactly(4_096L, LARGE - 4_096L);
    }

    @Test
    void aRowGroupOfVectorsHasSixteenMegabytesOrTheFewestRowsThatThereCanBe() {
        Map<Integer, Integer> rows = new HashMap<>();
        for (int dimensions : new int[] {4, 384, 1_024, 1_025, 2_048, 2_049, 16_000}) {
            rows.put(dimensions, ParquetParts.vectorsInRowGroup(dimensions));
        }
        assertThat(rows)
                .containsEntry(4, 1 << 20)
                .containsEntry(384, 10_240)
                .containsEntry(1_024, 4_096)
                .containsEntry(1_025, 2_048)
                .containsEntry(2_048, 2_048)
                .containsEntry(2_049, 2_048)
                .containsEntry(16_000, 2_048);
    }
}
