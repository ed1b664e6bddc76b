package dev.tidemill.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.reembed.ReembedHarness;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.RunView;
import dev.tidemill.store.GoldenSets.Expected;
import dev.tidemill.store.GoldenSets.Judged;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/// Golden questions asked by a job, on the real database with a real model.
class EvaluateTest {

    @TempDir
    Path folder;

    @TempDir
    Path spool;

    private TestDatabase database;

    @BeforeEach
    void corpus() throws Exception {
        database = TestDatabase.create();
        Files.writeString(folder.resolve("mill.md"), "# Tide mills\n\nA tide mill is driven by the fall of the sea.\n");
        Files.writeString(folder.resolve("bread.md"), "# Sourdough\n\nSourdough rises through wild yeast in flour.\n");
        Files.writeString(folder.resolve("light.md"), "# Lamps\n\nEarly lighthouse lamps burned oil of whales.\n");
    }

    @AfterEach
    void stop() {
        database.close();
    }

    private ReembedHarness harness() {
        return new ReembedHarness(
                database.jdbcUrl(), database.username(), database.password(), spool, ReembedHarness.small());
    }

    private ReembedHarness filled() {
        ReembedHarness harness = harness();
        assertThat(harness.ingest(folder).status()).isEqualTo("COMPLETED");
        harness.golden(
                "some",
                List.of(
                        judged("mill", "What drives a tide mill?", "mill.md", "DRIVEN by  the fall"),
                        judged("bread", "How does sourdough rise?", "bread.md", "wild yeast"),
                        judged("light", "What did lighthouse lamps burn?", "light.md", "kerosene")));
        return harness;
    }

    private static Judged judged(String key, String question, String document, String span) {
        return new Judged(key, question, List.of(new Expected(document, 1, span)));
    }

    @Test
    void theMetricsOfTheGoldenQuestionsAreKept() {
        try (ReembedHarness harness = filled()) {
            RunView run = harness.run(Evaluate.JOB, Map.of());

            assertThat(run.status()).as(String.valueOf(run.message())).isEqualTo("COMPLETED");
            assertThat(run.message()).contains("some of default", "ndcg@10 1.0000", "span@10 0.6667");
            assertThat(harness.rows("""
                    SELECT golden_set, mode, questions, (metrics->>'ndcg@10')::float8 AS ndcg, (metrics->>'mrr')::float8 AS mrr,
                           round((metrics->>'span@10')::numeric, 4)::text AS span, done_at IS NOT NULL AS done
                    FROM evaluation_runs
                    """))
                    .containsExactly(Map.of(
                            "golden_set",
                            "some",
                            "mode",
                            "hybrid",
                            "questions",
                            3,
                            "ndcg",
                            1.0,
                            "mrr",
                            1.0,
                            "span",
                            "0.6667",
                            "done",
                            true));
            assertThat(harness.rows("SELECT found[1] AS first FROM evaluation_answers ORDER BY key"))
                    .extracting(row -> row.get("first"))
                    .containsExactly("bread.md", "light.md", "mill.md");
        }
    }

    @Test
    void runTwiceGivesTheSameFiguresAndChangesNothingElse() {
        try (ReembedHarness harness = filled()) {
            harness.run(Evaluate.JOB, Map.of("mode", "vector"));
            long generation = harness.number("SELECT corpus_generation FROM projects");
            harness.run(Evaluate.JOB, Map.of("mode", "vector"));

            assertThat(harness.number(
                            "SELECT count(DISTINCT metrics - 'millis-p50' - 'millis-p95') FROM evaluation_runs"))
                    .isEqualTo(1);
            assertThat(harness.number("SELECT count(*) FROM evaluation_runs")).isEqualTo(2);
            assertThat(harness.number("SELECT corpus_generation FROM projects")).isEqualTo(generation);
        }
    }

    @Test
    void oneQuestionTheModelRefusesBecomesADeadLetterAndTheOthersAreMeasured() {
        try (ReembedHarness harness = filled()) {
            harness.golden("some", List.of(judged("long", "tide ".repeat(700), "mill.md", "x")));

            RunView run = harness.run(Evaluate.JOB, Map.of("mode", "vector"));

            assertThat(run.status()).as(String.valueOf(run.message())).isEqualTo("COMPLETED");
            assertThat(run.refused()).isEqualTo(1);
            assertThat(harness.number("SELECT questions FROM evaluation_runs")).isEqualTo(3);
            assertThat(harness.rows("SELECT reason FROM dead_letters WHERE job = 'evaluate'"))
                    .containsExactly(Map.of("reason", "TEXT_REFUSED"));
        }
    }

    @Test
    void whatIsNotThereIsRefusedWithWhatToDo() {
        try (ReembedHarness harness = harness()) {
            assertThatThrownBy(() -> harness.run(Evaluate.JOB, Map.of()))
                    .isInstanceOf(InvalidParameter.class)
                    .hasMessageContaining("ingest something first");
            harness.ingest(folder);
            assertThatThrownBy(() -> harness.run(Evaluate.JOB, Map.of()))
                    .isInstanceOf(InvalidParameter.class)
                    .hasMessageContaining("./tidemill evaluate import");
        }
    }

    /// The process that is killed.
    static final class Victim {
        public static void main(String[] arguments) {
            try (ReembedHarness harness = new ReembedHarness(
                    arguments[0],
                    arguments[1],
                    System.getenv("TEST_PASSWORD"),
                    Path.of(arguments[2]),
                    ReembedHarness.small())) {
                harness.run(Evaluate.JOB, Map.of());
            }
        }
    }

    @Test
    void aKilledRunThatIsResumedAsksOnlyWhatIsLeft() throws Exception {
        try (ReembedHarness harness = filled()) {
            for (int i = 0; i < 30; i++) {
                harness.golden(
                        "some", List.of(judged("more" + i, "What is said of yeast, " + i + "?", "bread.md", "x")));
            }
        }
        try (Connection connection =
                        DriverManager.getConnection(database.jdbcUrl(), database.username(), database.password());
                Statement statement = connection.createStatement()) {
            statement.execute("""
                    CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_notify('written', txid_current()::text); RETURN NULL; END $$
                    """);
            statement.execute("CREATE TRIGGER tell AFTER INSERT ON evaluation_answers FOR EACH STATEMENT"
                    + " EXECUTE FUNCTION tell()");
            statement.execute("LISTEN written");
            ProcessBuilder builder = new ProcessBuilder(List.of(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "--enable-native-access=ALL-UNNAMED",
                            "-Xmx256m",
                            "-XX:TieredStopAtLevel=1",
                            "-XX:+UseSerialGC",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Victim.class.getName(),
                            database.jdbcUrl(),
                            database.username(),
                            spool.toString()))
                    .redirectErrorStream(true)
                    .redirectOutput(new File(spool.toFile(), "process.log"));
            builder.environment().put("TEST_PASSWORD", database.password());
            Process process = builder.start();
            try {
                PGNotification[] told = connection.unwrap(PGConnection.class).getNotifications(60_000);
                assertThat(told).as("the process answers questions").isNotEmpty();
            } finally {
                process.destroyForcibly().waitFor();
            }
            statement.execute("DROP TRIGGER tell ON evaluation_answers");
        }
        try (ReembedHarness harness = harness()) {
            long before = harness.number("SELECT count(*) FROM evaluation_answers");
            List<Long> resumed = harness.runs().resumeOrphans();
            assertThat(resumed).hasSize(1);
            RunView run = harness.await(resumed.getFirst());

            assertThat(run.status()).as(String.valueOf(run.message())).isEqualTo("COMPLETED");
            assertThat(harness.number("SELECT count(*) FROM evaluation_answers"))
                    .isEqualTo(33);
            assertThat(harness.number("SELECT questions FROM evaluation_runs")).isEqualTo(33);
            assertThat(run.steps().stream()
                            .filter(step -> step.name().equals("ask"))
                            .findFirst()
                            .orElseThrow()
                            .written())
                    .isEqualTo(33 - before);
        }
    }

    @Test
    void aCanaryRaisesAnAlertOnAFallAndTakesItBackWhenMended() throws Exception {
        try (ReembedHarness harness = filled()) {
            RunView first = harness.run(Evaluate.JOB, Map.of("canary", "true"));
            assertThat(first.message()).contains("some of default");
            // Nothing has changed since.
            assertThat(harness.run(Evaluate.JOB, Map.of("canary", "true")).message())
                    .contains("no project with a canary set has changed");
            assertThat(harness.number("SELECT count(*) FROM evaluation_runs")).isEqualTo(1);

            String bread = Files.readString(folder.resolve("bread.md"));
            Files.delete(folder.resolve("bread.md"));
            harness.ingest(folder);
            RunView fallen = harness.run(Evaluate.JOB, Map.of("canary", "true"));
            assertThat(fallen.message()).contains("fell", "ndcg@10 from 1.0000");
            assertThat(harness.rows("SELECT severity, open FROM events WHERE type = 'quality.dropped'"))
                    .containsExactly(Map.of("severity", "error", "open", true));

            // As bad after the next change: it is still one trouble.
            Files.writeString(folder.resolve("light.md"), "# Lamps\n\nEarly lighthouse lamps burned whale oil.\n");
            harness.ingest(folder);
            harness.run(Evaluate.JOB, Map.of("canary", "true"));
            assertThat(harness.number("SELECT count(*) FROM events WHERE type = 'quality.dropped' AND open"))
                    .isEqualTo(1);

            Files.writeString(folder.resolve("bread.md"), bread);
            harness.ingest(folder);
            harness.run(Evaluate.JOB, Map.of("canary", "true"));
            assertThat(harness.number("SELECT count(*) FROM events WHERE type = 'quality.dropped' AND open"))
                    .isZero();
            assertThat(harness.number("SELECT count(*) FROM events WHERE type = 'quality.dropped.resolved'"))
                    .isEqualTo(1);
        }
    }

    private static final String AUDITED =
            "SELECT audited_texts AS texts, audit_drifted AS drifted, audit_lowest > 0.99 AS alike FROM vector_sets";

    @Test
    void aCanaryEmbedsSomeTextsAgainOnceADayAndTellsWhenTheirVectorsAreOthers() {
        try (ReembedHarness harness = filled()) {
            harness.run(Evaluate.JOB, Map.of());
            assertThat(harness.number("SELECT count(*) FROM vector_sets WHERE audited_at IS NOT NULL"))
                    .as("only a canary does")
                    .isZero();
            harness.run(Evaluate.JOB, Map.of("canary", "true"));
            assertThat(harness.rows(AUDITED)).containsExactly(Map.of("texts", 3, "drifted", 0, "alike", true));

            String table = "vectors_" + harness.number("SELECT id FROM vector_sets");
            harness.execute("CREATE TABLE kept AS SELECT * FROM " + table);
            // As if another model had made one of them.
            harness.execute("UPDATE %1$s SET embedding = (SELECT embedding FROM kept ORDER BY content_id LIMIT 1)"
                    .formatted(table));
            harness.execute("UPDATE vector_sets SET audited_at = clock_timestamp() - interval '23 hours 59 minutes'");
            assertThat(harness.run(Evaluate.JOB, Map.of("canary", "true")).message())
                    .doesNotContain("embedded again");

            harness.execute("UPDATE vector_sets SET audited_at = clock_timestamp() - interval '24 hours'");
            RunView found = harness.run(Evaluate.JOB, Map.of("canary", "true"));
            assertThat(found.status()).isEqualTo("COMPLETED");
            assertThat(found.message()).contains("of 3 texts embedded again 2 have another vector than is stored");
            assertThat(harness.rows(AUDITED)).containsExactly(Map.of("texts", 3, "drifted", 2, "alike", false));
            assertThat(harness.rows("SELECT severity, open FROM events WHERE type = 'vectors.drifted'"))
                    .containsExactly(Map.of("severity", "error", "open", true));

            harness.execute("UPDATE %1$s v SET embedding = k.embedding FROM kept k WHERE k.content_id = v.content_id"
                    .formatted(table));
            harness.execute("UPDATE vector_sets SET audited_at = clock_timestamp() - interval '24 hours'");
            harness.run(Evaluate.JOB, Map.of("canary", "true"));
            assertThat(harness.number("SELECT count(*) FROM events WHERE type = 'vectors.drifted' AND open"))
                    .isZero();
            assertThat(harness.number("SELECT count(*) FROM events WHERE type = 'vectors.drifted.resolved'"))
                    .isEqualTo(1);
        }
    }
}
