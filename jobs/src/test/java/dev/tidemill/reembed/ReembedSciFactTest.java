package dev.tidemill.reembed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.embed.SharedData;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.quality.GoldenFiles;
import dev.tidemill.run.RunView;
import dev.tidemill.store.GoldenSets.Expected;
import dev.tidemill.store.GoldenSets.Judged;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Real models on judged abstracts: a part of SciFact, small enough for every build.
class ReembedSciFactTest {

    private static final int QUESTIONS = 60;
    private static final int OTHERS = 170;

    @TempDir
    Path folder;

    @TempDir
    Path spool;

    @Test
    void theBetterModelPassesTheGateAndItsNoisedVectorsAreRefused() throws Exception {
        Path scifact = SharedData.folder("ir/scifact");
        List<Judged> questions =
                GoldenFiles.read(scifact).stream().limit(QUESTIONS).toList();
        Set<String> relevant = new HashSet<>();
        questions.forEach(
                question -> question.expected().stream().map(Expected::document).forEach(relevant::add));
        List<String> corpus = new ArrayList<>();
        int others = 0;
        for (String line : Files.readAllLines(scifact.resolve("corpus.jsonl"))) {
            String id = line.replaceFirst("^\\{\"_id\": \"([^\"]*)\".*", "$1");
            if (relevant.contains(id) || others++ < OTHERS) {
                corpus.add(line);
            }
        }
        Path file = folder.resolve("corpus.jsonl");
        Files.write(file, corpus);
        Map<String, String> settings = new HashMap<>();
        // What the model with the shorter texts takes.
        settings.put("ingest.chunk.target-tokens", "240");
        settings.put("ingest.chunk.max-tokens", "250");
        settings.put("reembed.gate.metrics", "ndcg@10,recall@100,mrr");
        try (TestDatabase database = TestDatabase.create();
                ReembedHarness harness = new ReembedHarness(
                        database.jdbcUrl(), database.username(), database.password(), spool, settings)) {
            assertThat(harness.await(harness.startIngest("jsonl", file)).status())
                    .isEqualTo("COMPLETED");
            harness.golden("scifact", questions);

            RunView noised = harness.reembed("noise");
            assertThat(noised.message()).startsWith("the gate refused").contains("vector ndcg@10 of scifact");
            assertThat(harness.live().model()).isEqualTo("all-minilm-l6-v2-int8");

            RunView better = harness.reembed("bge-small-en-v1.5-int8");
            assertThat(better.status()).isEqualTo("COMPLETED");
            assertThat(harness.live().model())
                    .as(String.valueOf(better.message()))
                    .isEqualTo("bge-small-en-v1.5-int8");
            assertThat(harness.rows("""
                    SELECT model, (metrics->>'ndcg@10')::float8 AS ndcg FROM evaluation_runs
                    WHERE mode = 'vector' AND model <> 'noise' ORDER BY id DESC LIMIT 2
                    """))
                    .hasSize(2)
                    .allSatisfy(row -> assertThat((Double) row.get("ndcg")).isBetween(0.6, 1.0));
        }
    }
}
