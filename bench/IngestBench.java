import dev.tidemill.embed.OnnxEmbedder;
import dev.tidemill.ingest.Ingest;
import dev.tidemill.ingest.IngestRequest;
import dev.tidemill.run.RunView;
import dev.tidemill.run.Runs;
import dev.tidemill.store.VectorSet;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/// Ingest end to end against the bare embedder on the same texts, in turns; then unchanged, then slightly changed.
public final class IngestBench {

    private static final String CORPUS = "ir/scifact/corpus.jsonl";

    private IngestBench() {}

    /// A text as it was embedded, with the vector that the ingest stored.
    private record Stored(String text, float[] vector) {}

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = Bench.options(
                arguments,
                Map.of(
                        "documents", "3200",
                        "rounds", "8",
                        "vectors", "20000",
                        "corpus", Bench.shared(CORPUS).toString(),
                        "model", "bge-small-en-v1.5-int8",
                        "large", "0"));
        int code;
        try (Bench bench = new Bench(List.of(
                "ingest.index.rows=0",
                "ingest.extract.timeout=20m",
                "tidemill.embedding.model=" + options.get("model")))) {
            int large = Integer.parseInt(options.get("large"));
            if (large > 0) {
                large(bench, large);
            } else {
                corpus(
                        bench,
                        Path.of(options.get("corpus")),
                        Integer.parseInt(options.get("documents")),
                        Integer.parseInt(options.get("rounds")),
                        Integer.parseInt(options.get("vectors")));
            }
            code = bench.exitCode();
        }
        System.exit(code);
    }

    private static RunView ingest(Bench bench, String type, Path location) {
        Runs runs = bench.context.getBean(Runs.class);
        long id = bench.context
                .getBean(Ingest.class)
                .start(new IngestRequest(bench.workspace, "default", type, location.toString(), false));
        RunView run = runs.finished(id).join();
        if (!run.completed()) {
            throw new IllegalStateException("run " + id + " ended " + run.status() + ": " + run.message());
        }
        return run;
    }

    private static void corpus(Bench bench, Path corpus, int documents, int rounds, int vectors) throws Exception {
        List<String> lines = new ArrayList<>();
        int warm = 600;
        try (BufferedReader reader = Files.newBufferedReader(corpus)) {
            for (String line = reader.readLine(); line != null && lines.size() < documents + warm; line = reader.readLine()) {
                lines.add(line);
            }
        }
        documents = lines.size() - warm;
        if (documents < rounds) {
            throw new IllegalArgumentException(corpus + " has too few lines: " + lines.size());
        }
        Bench.progress("warming up");
        Path early = Bench.work().resolve("warm.jsonl");
        Files.write(early, lines.subList(0, warm));
        RunView first = ingest(bench, "jsonl", early);
        bare(bench.embedder, stored(bench, first.id()));
        VectorSet set = bench.liveSet();
        bench.check("the first ingest builds the index", bench.indexed(set), true);
        if (vectors > 0) {
            Bench.progress("filling the index with " + vectors + " more vectors");
            List<float[]> around =
                    stored(bench, first.id()).stream().map(Stored::vector).toList();
            bench.owner.sql("DROP INDEX " + set.table() + "_hnsw").update();
            bench.fill(set, around, vectors, i -> UUID.randomUUID());
            bench.buildIndex(set);
        }
        bench.owner.sql("ANALYZE").update();

        Bench.heading("machine");
        bench.machine();
        figures(bench, set, lines.subList(warm, lines.size()), rounds, vectors);
    }

    private static void figures(Bench bench, VectorSet set, List<String> lines, int rounds, int vectors)
            throws Exception {
        int documents = lines.size();
        double ingested = 0;
        double embedded = 0;
        double processorIngested = 0;
        double processorAlone = 0;
        int chunks = 0;
        long differing = 0;
        double[] ratios = new double[rounds];
        List<Path> parts = new ArrayList<>();
        Bench.watchHeap();
        Bench.heading("rounds: ingest of new documents, then the bare embedder on their texts");
        for (int round = 0; round < rounds; round++) {
            List<String> part = lines.subList(documents * round / rounds, documents * (round + 1) / rounds);
            Path file = Bench.work().resolve("part-" + round + ".jsonl");
            Files.write(file, part);
            parts.add(file);
            double processor = bench.processorSeconds();
            long start = System.nanoTime();
            RunView run = ingest(bench, "jsonl", file);
            double seconds = Bench.seconds(start);
            double processorOfIngest = bench.processorSeconds() - processor;
            List<Stored> texts = stored(bench, run.id());
            processor = bench.processorSeconds();
            start = System.nanoTime();
            List<float[]> made = bare(bench.embedder, texts);
            double alone = Bench.seconds(start);
            double processorOfBare = bench.processorSeconds() - processor;
            processorIngested += processorOfIngest;
            processorAlone += processorOfBare;
            for (int i = 0; i < texts.size(); i++) {
                differing += Arrays.equals(made.get(i), texts.get(i).vector()) ? 0 : 1;
            }
            ingested += seconds;
            embedded += alone;
            chunks += texts.size();
            ratios[round] = alone / seconds;
            Bench.figure(
                    "round " + (round + 1),
                    "%d documents, %d chunks: ingest %.1f s (%.1f chunks/s), bare %.1f s (%.1f chunks/s), ratio %.3f,"
                            + " in processor time %.3f",
                    part.size(), texts.size(), seconds, texts.size() / seconds, alone, texts.size() / alone,
                    ratios[round], processorOfBare / processorOfIngest);
        }
        Bench.heading("ingest end to end, " + (vectors + chunks) + " vectors in the HNSW index, full-text index present");
        Bench.figure("documents/s", "%.1f", documents / ingested);
        Bench.figure("chunks/s", "%.1f", chunks / ingested);
        Bench.figure("chunks/s of the bare embedder", "%.1f", chunks / embedded);
        double median = Bench.median(ratios);
        Bench.goal("ratio to the bare embedder, all rounds", embedded / ingested, embedded / ingested >= 0.85, ">= 0.85");
        Bench.goal("ratio to the bare embedder, median round", median, median >= 0.85, ">= 0.85");
        Bench.figure(
                "the same in processor time, database included",
                "%.3f (%.1f s of %.1f s)",
                processorAlone / processorIngested, processorAlone, processorIngested);
        Bench.figure("peak heap", "%s", Bench.heapPeak());
        Bench.figure("peak resident memory, compiler included", "%s", Bench.residentPeak());
        bench.check("vectors that differ from the bare embedder's", differing, 0L);
        counts(bench, set, vectors);

        Bench.heading("the same again, unchanged");
        String digest = digest(bench, set);
        long cached = bench.number("SELECT count(*) FROM embedding_cache");
        double again = 0;
        for (Path part : parts) {
            long start = System.nanoTime();
            ingest(bench, "jsonl", part);
            again += Bench.seconds(start);
        }
        Bench.figure("seconds", "%.2f in %d runs, first time %.1f", again, parts.size(), ingested);
        Bench.goal("times faster", ingested / again, ingested / again >= 50, ">= 50");
        bench.check("texts embedded", bench.number("SELECT count(*) FROM embedding_cache") - cached, 0L);
        bench.check("the corpus is what it was", digest(bench, set).equals(digest), true);

        Bench.heading("one document in a hundred changed");
        int changed = 0;
        int line = 0;
        for (int round = 0; round < rounds; round++) {
            List<String> part = Files.readAllLines(parts.get(round));
            for (int i = 0; i < part.size(); i++, line++) {
                if (line % 100 == 50) {
                    part.set(i, part.get(i).replaceFirst("\"text\": \"", "\"text\": \"Revised since. "));
                    changed++;
                }
            }
            Files.write(parts.get(round), part);
        }
        long start = System.nanoTime();
        for (Path part : parts) {
            ingest(bench, "jsonl", part);
        }
        Bench.figure("seconds", "%.2f", Bench.seconds(start));
        long made = bench.number("""
                SELECT count(DISTINCT c.content_id) FROM chunks c
                JOIN document_versions v ON v.workspace_id = c.workspace_id AND v.id = c.version_id
                JOIN embedding_cache e ON e.workspace_id = c.workspace_id AND e.content_id = c.content_id
                WHERE v.version = 2 AND NOT EXISTS (
                  SELECT FROM chunks o JOIN document_versions w ON w.workspace_id = o.workspace_id AND w.id = o.version_id
                  WHERE o.workspace_id = c.workspace_id AND o.content_id = c.content_id AND w.version = 1)
                """);
        Bench.figure("documents changed", "%d of %d (%.2f %%)", changed, documents, 100.0 * changed / documents);
        Bench.figure("texts embedded", "%d of %d (%.2f %%)", made, chunks, 100.0 * made / chunks);
        bench.check(
                "new versions published",
                bench.number("SELECT count(*) FROM document_versions WHERE version = 2 AND state = 'published'"),
                (long) changed);
        counts(bench, set, vectors);
    }

    /// What must agree however the corpus came about.
    private static void counts(Bench bench, VectorSet set, int others) {
        long chunks = bench.number(
                "SELECT count(DISTINCT content_id) FROM chunks WHERE valid_from IS NOT NULL AND valid_to IS NULL");
        bench.check("vectors, as many as texts", bench.number("SELECT count(*) FROM " + set.table()) - others, chunks);
        bench.check(
                "chunks found, as many as the versions say",
                bench.number("SELECT count(*) FROM chunks WHERE valid_from IS NOT NULL AND valid_to IS NULL"),
                bench.number("SELECT sum(chunk_count) FROM document_versions WHERE state = 'published'"));
        bench.check(
                "documents not published",
                bench.number("SELECT count(*) FROM documents WHERE published_version IS DISTINCT FROM version"),
                0L);
        bench.check("dead letters", bench.number("SELECT count(*) FROM dead_letters"), 0L);
    }

    /// Equal digests mean equal corpora.
    private static String digest(Bench bench, VectorSet set) {
        return bench.text("""
                        SELECT md5(string_agg(concat_ws(' ', d.key, v.version, v.state, c.ordinal, c.content_id, md5(c.header || c.text),
                          c.valid_from, c.valid_to), ',' ORDER BY c.version_id, c.ordinal))
                        FROM chunks c JOIN document_versions v ON v.workspace_id = c.workspace_id AND v.id = c.version_id
                        JOIN documents d ON d.workspace_id = v.workspace_id AND d.id = v.document_id
                        """)
                + bench.text("SELECT md5(string_agg(content_id || md5(embedding::text), ',' ORDER BY content_id)) FROM "
                        + set.table())
                + bench.text("SELECT md5(string_agg(lexeme || chunks, ',' ORDER BY lexeme)) FROM lexemes WHERE chunks <> 0");
    }

    /// The texts that a run embedded.
    private static List<Stored> stored(Bench bench, long run) {
        return bench.owner
                .sql("""
                        SELECT DISTINCT ON (c.content_id) c.header, c.text, e.embedding
                        FROM chunks c JOIN embedding_cache e ON e.workspace_id = c.workspace_id AND e.content_id = c.content_id
                        WHERE c.run_id = :run ORDER BY c.content_id
                        """)
                .param("run", run)
                .query((row, n) -> {
                    String header = row.getString(1);
                    byte[] bytes = row.getBytes(3);
                    float[] vector = new float[bytes.length / 4];
                    ByteBuffer.wrap(bytes).asFloatBuffer().get(vector);
                    return new Stored(header.isEmpty() ? row.getString(2) : header + "\n" + row.getString(2), vector);
                })
                .list();
    }

    /// Nothing but the model: as many callers as there are cores.
    private static List<float[]> bare(OnnxEmbedder embedder, List<Stored> texts) throws Exception {
        float[][] vectors = new float[texts.size()][];
        AtomicInteger next = new AtomicInteger();
        int callers = Runtime.getRuntime().availableProcessors();
        try (ExecutorService threads = Executors.newFixedThreadPool(callers)) {
            List<Future<?>> all = new ArrayList<>();
            for (int caller = 0; caller < callers; caller++) {
                all.add(threads.submit(() -> {
                    for (int i = next.getAndIncrement(); i < vectors.length; i = next.getAndIncrement()) {
                        vectors[i] = embedder.embed(texts.get(i).text());
                    }
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
        return Arrays.asList(vectors);
    }

    /// One text file of that many megabytes up to the moment when embedding would begin, which would take hours.
    private static void large(Bench bench, int megabytes) throws Exception {
        Path folder = Files.createDirectories(Bench.work().resolve("large"));
        Path file = folder.resolve("large.txt");
        write(file, megabytes * 1_000_000L);
        Bench.heading("machine");
        bench.machine();
        Bench.heading("one text file of " + megabytes + " MB, extracted and chunked");
        Bench.watchHeap();
        Runs runs = bench.context.getBean(Runs.class);
        long start = System.nanoTime();
        long id = bench.context
                .getBean(Ingest.class)
                .start(new IngestRequest(bench.workspace, "default", "directory", folder.toString(), false));
        CompletableFuture<RunView> end = runs.finished(id);
        while (!end.isDone() && bench.number("SELECT count(*) FROM document_versions WHERE state = 'extracted'") == 0) {
            try {
                end.get(5, TimeUnit.SECONDS);
            } catch (TimeoutException goingOn) {
                Bench.progress("extracting, peak heap " + Bench.heapPeak());
            }
        }
        double seconds = Bench.seconds(start);
        if (!end.isDone()) {
            runs.stop(bench.workspace, id, "bench/ingest", "the rest would take hours");
        }
        end.join();
        long chunks = bench.number("SELECT count(*) FROM chunks");
        Bench.figure("seconds until its chunks are stored", "%.1f (%.2f MB/s)", seconds, megabytes / seconds);
        Bench.figure("chunks", "%d", chunks);
        Bench.figure("peak heap", "%s", Bench.heapPeak());
        Bench.figure("peak resident memory, compiler included", "%s", Bench.residentPeak());
        bench.check("dead letters", bench.number("SELECT count(*) FROM dead_letters"), 0L);
        bench.check(
                "characters kept",
                bench.number("SELECT coalesce(sum(length(text)), 0) FROM document_texts") >= Files.size(file) * 0.99,
                true);
        bench.check("chunks, as many as the version says", chunks, bench.number(
                "SELECT coalesce(sum(chunk_count), 0) FROM document_versions"));
    }

    private static void write(Path file, long size) throws IOException {
        Random random = new Random(11);
        String[] words = ("tide mill wheel grain flour stone water gate pond sluice harbour river bread market season "
                        + "miller weight measure storage record ledger schedule morning evening channel current")
                .split(" ");
        long written = 0;
        try (Writer out = Files.newBufferedWriter(file)) {
            while (written < size) {
                StringBuilder paragraph = new StringBuilder();
                int sentences = 3 + random.nextInt(4);
                for (int s = 0; s < sentences; s++) {
                    paragraph.append("The");
                    int length = 8 + random.nextInt(10);
                    for (int w = 0; w < length; w++) {
                        paragraph.append(' ').append(words[random.nextInt(words.length)]);
                    }
                    paragraph.append(' ').append(random.nextInt(100_000)).append(". ");
                }
                paragraph.append("\n\n");
                String text = paragraph.substring(0, (int) Math.min(paragraph.length(), size - written));
                out.write(text);
                written += text.length();
            }
        }
    }
}
