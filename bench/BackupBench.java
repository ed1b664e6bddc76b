import dev.tidemill.backup.BackupRows.Drill;
import dev.tidemill.backup.Backups;
import dev.tidemill.run.RunView;
import dev.tidemill.store.Project;
import dev.tidemill.store.VectorSet;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;

/// Backups and restores of a large project against PostgreSQL's own programs.
public final class BackupBench {

    private static final int PER_DOCUMENT = 20;

    private final Bench bench;
    private final Path folder;

    private BackupBench(Bench bench) throws Exception {
        this.bench = bench;
        this.folder = Files.createDirectories(Bench.work().resolve("dumps"));
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = Bench.options(
                arguments,
                Map.of(
                        "chunks", "100000",
                        "embed", "2000",
                        "rounds", "3",
                        "questions", "5",
                        "compression", "",
                        "corpus", Bench.shared("ir/scifact/corpus.jsonl").toString(),
                        "model", "bge-small-en-v1.5-int8"));
        int count = Integer.parseInt(options.get("chunks")) / PER_DOCUMENT * PER_DOCUMENT;
        int code;
        List<String> settings = new ArrayList<>(List.of(
                "tidemill.embedding.model=" + options.get("model"),
                "backup.retention.after-backup=false",
                "backup.questions=" + options.get("questions")));
        if (!options.get("compression").isEmpty()) {
            settings.add("backup.compression=" + options.get("compression"));
        }
        try (Bench bench = new Bench(settings)) {
            fill(bench, Bench.sentences(Path.of(options.get("corpus"))), count, Integer.parseInt(options.get("embed")));
            BackupBench backup = new BackupBench(bench);
            Bench.heading("machine");
            bench.machine();
            Bench.watchHeap();
            backup.measure(Integer.parseInt(options.get("rounds")), count);
            Bench.figure("heap before a collection", "%s", Bench.heapPeak());
            code = bench.exitCode();
        }
        System.exit(code);
    }

    /// Texts of real sentences, five each; vectors of real sentences and what lies between two of them.
    private static void fill(Bench bench, List<String> sentences, int count, int embed) throws Exception {
        Project project = bench.project();
        VectorSet set = bench.liveSet();
        Bench.progress("embedding " + embed + " sentences");
        List<float[]> real = sentences.stream().limit(embed).parallel().map(bench.embedder::embed).toList();
        Bench.progress("writing " + count + " chunks");
        bench.owner.sql("CREATE TABLE bench_sentences (n integer PRIMARY KEY, text text)").update();
        String[] texts = sentences.toArray(String[]::new);
        bench.owner.sql("INSERT INTO bench_sentences SELECT n, t FROM unnest(CAST(:texts AS text[])) WITH ORDINALITY AS s (t, n)")
                .param("texts", texts)
                .update();
        bench.owner.sql("""
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
        bench.owner.sql("""
                        INSERT INTO chunks (workspace_id, project_id, document_id, version_id, ordinal, content_id, header, text,
                          heading_path, start_offset, end_offset, tokens, run_id, valid_from)
                        SELECT :w, :p, v.document_id, v.id, o, CAST(md5(v.id || ' ' || o) AS uuid), 'Document ' || v.id, t.text,
                               ARRAY['Abstract'], o * 800, o * 800 + length(t.text), 180, 1, now()
                        FROM document_versions v, generate_series(0, :each - 1) o
                        CROSS JOIN LATERAL (
                          SELECT string_agg(s.text, ' ' ORDER BY k) AS text FROM generate_series(0, 4) k
                          JOIN bench_sentences s ON s.n = 1 + ((v.id * 7919 + o * 104729 + k * 1299709) % :sentences)) t
                        WHERE v.workspace_id = :w
                        """)
                .param("w", bench.workspace)
                .param("p", project.id())
                .param("each", PER_DOCUMENT)
                .param("sentences", texts.length)
                .update();
        List<UUID> ids = bench.owner.sql("SELECT content_id FROM chunks ORDER BY id").query(UUID.class).list();
        Random random = new Random(7);
        bench.store(set, count, ids::get, i -> Bench.mixture(
                real.get(random.nextInt(real.size())),
                real.get(random.nextInt(real.size())),
                random.nextFloat(),
                () -> (float) (random.nextGaussian() * 0.01)));
        bench.owner.sql("DROP TABLE bench_sentences").update();
        Bench.progress("building the index");
        bench.buildIndex(set);
        bench.owner.sql("VACUUM ANALYZE").update();
        bench.owner.sql("CHECKPOINT").update();
    }

    /// Where the time of a run went.
    private void steps(RunView view) {
        String steps = bench.text("""
                SELECT string_agg(step_name || ' ' || round(extract(epoch FROM end_time - start_time)::numeric, 2), ', '
                         ORDER BY step_execution_id)
                FROM batch_step_execution WHERE job_execution_id = """ + view.id());
        Bench.figure("  its steps", "%s", steps);
    }

    private void measure(int rounds, int chunks) throws Exception {
        Bench.heading("backup: seconds by round, in turns");
        String live = "tidemill";
        double[] dump = new double[rounds];
        double[] ours = new double[rounds];
        long dumpBytes = 0;
        String backup = "";
        for (int round = 0; round <= rounds; round++) {
            bench.owner.sql("CHECKPOINT").update();
            double theirs = bench.shell("pg_dump -Fc -Z0 | zstd -3 -T2 -q -f -o dump.zst && sync dump.zst", folder, live, "");
            dumpBytes = Files.size(folder.resolve("dump.zst"));
            bench.owner.sql("CHECKPOINT").update();
            long start = System.nanoTime();
            RunView view = bench.run(bench.workspace, "backup", Map.of());
            double seconds = Bench.seconds(start);
            backup = String.valueOf(view.parameters().get("backup"));
            steps(view);
            // The first round warms both up.
            if (round > 0) {
                dump[round - 1] = theirs;
                ours[round - 1] = seconds;
            }
        }
        String id = backup;
        long bytes = bench.context.getBean(Backups.class).archives().list().stream()
                .filter(view -> view.id().equals(id))
                .findFirst()
                .orElseThrow()
                .bytes();
        Bench.figure("pg_dump -Fc -Z0 | zstd -3 -T2", "%s, %d MB", Arrays.toString(dump), dumpBytes >> 20);
        Bench.figure("backup, sealed, read back, " + bench.number("SELECT count(*) FROM pg_class WHERE relkind = 'r'") + " tables",
                "%s, %d MB", Arrays.toString(ours), bytes >> 20);
        double[] ratios = new double[rounds];
        Arrays.setAll(ratios, i -> ours[i] / dump[i]);
        Bench.figure("ratio by round", "%s", Arrays.toString(ratios));
        Bench.goal("time, median of the ratios", Bench.median(ratios), Bench.median(ratios) <= 0.6, "<= 0.6");
        double size = bytes / (double) dumpBytes;
        Bench.goal("size", size, size <= 0.85, "<= 0.85");

        Bench.heading("restore: seconds by round, in turns");
        double before = bench.shell("zstd -d -q -f dump.zst -o dump.fc", folder, live, "");
        double[] restored = new double[rounds];
        double[] whole = new double[rounds];
        for (int round = 0; round <= rounds; round++) {
            bench.owner.sql("CHECKPOINT").update();
            bench.shell("createdb by_pg_restore", folder, live, "");
            double theirs = bench.shell("pg_restore -j2 -d by_pg_restore dump.fc", folder, live, "");
            bench.shell("dropdb by_pg_restore", folder, live, "");
            bench.owner.sql("CHECKPOINT").update();
            long start = System.nanoTime();
            RunView restore = bench.run(bench.workspace, "restore", Map.of("backup", id, "database", "by_tidemill"));
            double seconds = Bench.seconds(start);
            steps(restore);
            bench.shell("test \"$(psql -X -At -d by_tidemill -c 'SELECT count(*) FROM chunks')\" = " + chunks + " && dropdb by_tidemill", folder, live, "");
            // The first round warms both up.
            if (round > 0) {
                restored[round - 1] = theirs;
                whole[round - 1] = seconds;
            }
        }
        RunView drilled = bench.run(bench.workspace, "drill", Map.of("backup", id));
        Drill drill = bench.context.getBean(Backups.class).drills(1).getFirst();
        Bench.figure("pg_restore -j2 of the uncompressed dump", "%s (not counted: uncompressing %.1f)", Arrays.toString(restored), before);
        Bench.figure("restore, checked before and clean after", "%s", Arrays.toString(whole));
        Bench.figure("drill: rows answer after, everything after", "%.1f, %.1f", drill.readableSeconds(), drill.rtoSeconds());
        steps(drilled);
        double[] restores = new double[rounds];
        Arrays.setAll(restores, i -> whole[i] / restored[i]);
        Bench.figure("ratio by round", "%s", Arrays.toString(restores));
        Bench.goal("restore, median of the ratios", Bench.median(restores), Bench.median(restores) <= 1, "<= 1.0");
        double theirs = Bench.median(restored);
        double readable = drill.readableSeconds() / theirs;
        Bench.goal("rows answer (exact scan)", readable, readable <= 0.5, "<= 0.5");
        bench.check("the drill passed", drill.passed(), true);
        bench.check("its level", drill.level(), 4);
        drill.findings().forEach(finding -> Bench.figure("  " + finding.check(), "%s", finding.detail()));
    }
}
