import dev.tidemill.store.Project;
import dev.tidemill.store.VectorSet;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import tools.jackson.databind.json.JsonMapper;

/// A large project to search in: texts of real sentences, five each; vectors of real sentences, and what lies between those of two
/// of them.
final class Corpus {

    static final int PER_DOCUMENT = 20;

    private final Bench bench;
    private final List<String> sentences;

    /// Of the sentences of these texts.
    Corpus(Bench bench, List<String> texts) {
        this.bench = bench;
        this.sentences = texts.stream()
                .flatMap(text -> Arrays.stream(text.split("(?<=[.?!]) ")))
                .map(text -> text.replaceAll("[\\\\\\s]+", " ").strip())
                .filter(text -> text.length() > 30)
                .distinct()
                .toList();
    }

    /// The second of two sentences between whose vectors one lies.
    interface Neighbour {
        /// @param round how often the sentences were gone through before
        /// @param sentence the first of the two
        int of(int round, int sentence);
    }

    /// The field `text` of each line of a file, of so many at most.
    static List<String> texts(Path file, int atMost) throws IOException {
        List<String> texts = new ArrayList<>();
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            for (String line = reader.readLine(); line != null && texts.size() < atMost; line = reader.readLine()) {
                texts.add(JsonMapper.shared().readTree(line).path("text").asString());
            }
        }
        return texts;
    }

    /// Writes so many chunks, with vectors of at most so many sentences.
    void write(int count, int most, Neighbour neighbour) throws Exception {
        int embedded = Math.min(Math.min(most, count), sentences.size());
        Bench.progress("embedding " + embedded + " sentences");
        List<float[]> real = embed(sentences.subList(0, embedded));
        Bench.progress("writing " + count + " chunks");
        Project project = bench.project();
        VectorSet set = bench.liveSet();
        bench.owner
                .sql("""
                        WITH s AS (INSERT INTO sources (workspace_id, project_id, type, location)
                                   VALUES (:w, :p, 'directory', 'bench') RETURNING id),
                             b AS (INSERT INTO blobs (workspace_id, sha256, size) VALUES (:w, '\\x00', 1)),
                             d AS (INSERT INTO documents (workspace_id, project_id, source_id, key, version, published_version)
                                   SELECT :w, :p, s.id, 'doc' || n, 1, 1 FROM s, generate_series(1, :documents) n
                                   RETURNING id, source_id, key)
                        INSERT INTO document_versions (workspace_id, project_id, source_id, document_id, version, sha256,
                          state, file_name, title, run_id, chunk_count, valid_from)
                        SELECT :w, :p, source_id, id, 1, '\\x00', 'published', key, key, 1, :each, now() FROM d
                        """)
                .param("w", bench.workspace)
                .param("p", project.id())
                .param("documents", count / PER_DOCUMENT)
                .param("each", PER_DOCUMENT)
                .update();
        UUID[] ids = copy(project, count);
        Bench.progress("counting terms");
        bench.owner.sql("""
                        INSERT INTO lexemes (workspace_id, project_id, lexeme, chunks)
                        SELECT :w, :p, t.lexeme, count(*) FROM chunks c, unnest(c.tsv) t GROUP BY t.lexeme
                        """).param("w", bench.workspace).param("p", project.id()).update();
        Bench.progress("writing vectors");
        Random random = new Random(7);
        bench.store(set, count, i -> ids[i], i -> {
            int n = i % real.size();
            // Close to the vector of both sentences together, and as likely in a corpus.
            return i < real.size()
                    ? real.get(n)
                    : Bench.mixture(
                            real.get(n),
                            real.get(neighbour.of(i / real.size(), n) % real.size()),
                            0.3f + 0.4f * random.nextFloat(),
                            () -> 0f);
        });
        Bench.progress("building the index");
        bench.buildIndex(set);
        bench.owner.sql("VACUUM ANALYZE").update();
        bench.owner.sql("CHECKPOINT").update();
    }

    private UUID[] copy(Project project, int count) throws SQLException {
        Random random = new Random(5);
        UUID[] ids = new UUID[count];
        try (Connection connection = bench.ownerSource.getConnection()) {
            List<String> versions = new ArrayList<>();
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT document_id, id FROM document_versions ORDER BY id")) {
                while (rows.next()) {
                    versions.add(rows.getString(1) + "\t" + rows.getLong(2));
                }
            }
            CopyIn copy = connection.unwrap(PGConnection.class).getCopyAPI().copyIn("""
                    COPY chunks (workspace_id, project_id, document_id, version_id, ordinal, content_id, header, text,
                      heading_path, start_offset, end_offset, tokens, run_id, valid_from) FROM STDIN
                    """);
            int offset = 0;
            for (int i = 0; i < count; i++) {
                ids[i] = new UUID(random.nextLong(), random.nextLong());
                String text = random.ints(5, 0, sentences.size())
                        .mapToObj(sentences::get)
                        .collect(Collectors.joining(" "));
                int length = text.codePointCount(0, text.length());
                offset = i % PER_DOCUMENT == 0 ? 0 : offset;
                String row = String.join("\t", bench.workspace.toString(), project.id().toString(),
                        versions.get(i / PER_DOCUMENT), Integer.toString(i % PER_DOCUMENT), ids[i].toString(), "", text,
                        "{}", Integer.toString(offset), Integer.toString(offset + length), "200", "1", "now") + "\n";
                offset += length + 1;
                byte[] bytes = row.getBytes(StandardCharsets.UTF_8);
                copy.writeToCopy(bytes, 0, bytes.length);
            }
            copy.endCopy();
        }
        return ids;
    }

    private List<float[]> embed(List<String> texts) throws Exception {
        try (ExecutorService threads =
                Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
            List<Future<float[]>> all = new ArrayList<>();
            for (String text : texts) {
                all.add(threads.submit(() -> bench.embedder.embed(text.substring(0, Math.min(800, text.length())))));
            }
            List<float[]> vectors = new ArrayList<>();
            for (Future<float[]> one : all) {
                vectors.add(one.get());
                if (vectors.size() % 10_000 == 0) {
                    Bench.progress(vectors.size() + " of " + texts.size());
                }
            }
            return vectors;
        }
    }
}
