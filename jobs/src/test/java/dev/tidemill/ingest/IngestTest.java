package dev.tidemill.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.RunConflict;
import dev.tidemill.run.RunView;
import dev.tidemill.run.StepView;
import dev.tidemill.source.SourceUnavailable;
import java.io.IOException;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

class IngestTest {

    @TempDir
    Path folder;

    @TempDir
    Path spool;

    private TestDatabase database;
    private IngestHarness ingest;

    /// What a test changes in the configuration, as name, value, name, value.
    @Retention(RetentionPolicy.RUNTIME)
    private @interface Configured {
        String[] value();
    }

    @BeforeEach
    void start(TestInfo test) {
        database = TestDatabase.create();
        Map<String, String> settings = new HashMap<>();
        Configured configured = test.getTestMethod().orElseThrow().getAnnotation(Configured.class);
        for (int i = 0; configured != null && i < configured.value().length; i += 2) {
            settings.put(configured.value()[i], configured.value()[i + 1]);
        }
        ingest = harness(settings);
    }

    private IngestHarness harness(Map<String, String> settings) {
        return new IngestHarness(database.jdbcUrl(), database.username(), database.password(), spool, settings);
    }

    @AfterEach
    void stop() {
        ingest.close();
        database.close();
    }

    private static StepView step(RunView run, String name) {
        return run.steps().stream()
                .filter(s -> s.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static void assertWentThrough(StepView step, long items) {
        assertThat(step.status()).isEqualTo("COMPLETED");
        assertThat(List.of(step.read(), step.written(), step.refused(), step.total()))
                .containsExactly(items, items, 0L, items);
        assertThat(step.progress().done()).isEqualTo(items);
        assertThat(step.progress().total()).isEqualTo(items);
    }

    private static List<String> column(List<Map<String, @Nullable Object>> rows, String name) {
        return rows.stream().map(row -> String.valueOf(row.get(name))).toList();
    }

    @Test
    void everyDocumentOfAFolderIsPublishedWithTextChunksAndVectors() {
        Corpus.write(folder, 12, 1);

        RunView run = ingest.ingest(folder);

        assertThat(run.status()).isEqualTo("COMPLETED");
        assertThat(run.ended()).isTrue();
        assertWentThrough(step(run, "discover"), 12);
        assertWentThrough(step(run, "extract"), 12);
        long chunks = ingest.number("SELECT count(*) FROM chunks WHERE valid_from IS NOT NULL AND valid_to IS NULL");
        assertWentThrough(step(run, "embed"), chunks);
        assertThat(chunks).isGreaterThanOrEqualTo(12);
        assertThat(ingest.number("SELECT count(*) FROM documents WHERE published_version = 1"))
                .isEqualTo(12);
        assertThat(ingest.number("SELECT count(*) FROM vectors_1")).isEqualTo(chunks);
        assertThat(ingest.number("""
                SELECT count(*) FROM chunks c
                JOIN (SELECT version_id, string_agg(text, '' ORDER BY start_offset) AS text
                      FROM document_texts GROUP BY version_id) t ON t.version_id = c.version_id
                WHERE substr(t.text, c.start_offset + 1, c.end_offset - c.start_offset) <> c.text
                """)).isZero();
        assertThat(ingest.number("SELECT count(*) FROM document_versions WHERE title LIKE 'Report %'"))
                .isEqualTo(12);
    }

    @Test
    void aSecondRunChangesNothing() {
        Corpus.write(folder, 8, 2);
        ingest.ingest(folder);
        String before = ingest.digest();
        long generation = ingest.number("SELECT corpus_generation FROM projects");

        RunView again = ingest.ingest(folder);

        assertThat(again.status()).isEqualTo("COMPLETED");
        assertThat(step(again, "extract").read()).isZero();
        assertThat(step(again, "embed").read()).isZero();
        assertThat(ingest.digest()).isEqualTo(before);
        assertThat(ingest.number("SELECT corpus_generation FROM projects")).isEqualTo(generation);
    }

    @Test
    void aChangedDocumentEmbedsOnlyItsChangedChunksAndReplacesItsOldVersion() {
        StringBuilder text = new StringBuilder("# Handbook\n\n");
        java.util.Random random = new java.util.Random(7);
        for (int i = 1; i <= 12; i++) {
            text.append("## Part ").append(i).append("\n\n");
            for (int p = 0; p < 6; p++) {
                text.append(Corpus.paragraph(random)).append("\n\n");
            }
        }
        Corpus.write(folder.resolve("handbook.md"), text.toString());
        ingest.ingest(folder);
        long vectors = ingest.number("SELECT count(*) FROM vectors_1");
        assertThat(vectors).isGreaterThan(10);

        Corpus.write(
                folder.resolve("handbook.md"),
                text.toString().replace("## Part 5\n\n", "## Part 5\n\nThe zyzzyva is a weevil. "));
        RunView run = ingest.ingest(folder);

        assertThat(step(run, "embed").written()).isBetween(1L, 2L);
        assertThat(ingest.number("SELECT count(*) FROM vectors_1")).isBetween(vectors, vectors + 1);
        assertThat(column(ingest.rows("SELECT state FROM document_versions ORDER BY version"), "state"))
                .containsExactly("superseded", "published");
        assertThat(ingest.number("SELECT count(*) FROM chunks WHERE valid_to IS NULL AND text LIKE '%zyzzyva%'"))
                .isEqualTo(1);
        assertThat(ingest.number("SELECT chunks FROM lexemes WHERE lexeme = 'zyzzyva'"))
                .isEqualTo(1);
    }

    @Test
    void poisonDocumentsBecomeDeadLettersWhileTheGoodOnesArePublished() throws IOException {
        Corpus.write(folder, 4, 3);
        Files.writeString(folder.resolve("empty.txt"), "");
        Files.writeString(folder.resolve("broken.pdf"), "%PDF-1.7\nnothing of a document follows");
        Files.write(
                folder.resolve("picture.png"), new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0});

        RunView run = ingest.ingest(folder);

        assertThat(run.status()).isEqualTo("COMPLETED");
        assertThat(run.refused()).isEqualTo(3);
        assertThat(ingest.number("SELECT count(*) FROM documents WHERE published_version = 1"))
                .isEqualTo(4);
        assertThat(column(ingest.rows("SELECT reason FROM dead_letters ORDER BY item_key"), "reason"))
                .containsExactly("CORRUPT", "EMPTY", "UNSUPPORTED_TYPE");

        RunView again = ingest.ingest(folder);
        assertThat(step(again, "extract").read())
                .as("a refused document is not tried again unchanged")
                .isZero();
        assertThat(ingest.number("SELECT count(*) FROM dead_letters WHERE resolved_at IS NULL"))
                .isEqualTo(3);

        Corpus.write(folder.resolve("empty.txt"), "It holds a sentence about tides now.");
        ingest.ingest(folder);
        assertThat(ingest.number("SELECT count(*) FROM dead_letters WHERE resolved_at IS NULL"))
                .isEqualTo(2);
    }

    @Test
    void aRefusedNewVersionLeavesTheOldOneServing() {
        Corpus.write(folder.resolve("a.txt"), "The old text about the sluice.");
        ingest.ingest(folder);

        Corpus.write(folder.resolve("a.txt"), "");
        ingest.ingest(folder);

        assertThat(ingest.number("SELECT count(*) FROM chunks WHERE valid_to IS NULL AND text LIKE '%sluice%'"))
                .isEqualTo(1);
        assertThat(ingest.number("SELECT published_version FROM documents")).isEqualTo(1);
    }

    @Test
    void aDocumentGoneFromItsFolderVanishesFromChunksVectorsTermsAndCache() throws IOException {
        Corpus.write(folder, 5, 4);
        Corpus.write(folder.resolve("secret.txt"), "The xylophonist hid the key under the millstone.");
        ingest.ingest(folder);
        assertThat(ingest.number("SELECT chunks FROM lexemes WHERE lexeme = 'xylophonist'"))
                .isEqualTo(1);
        long vectors = ingest.number("SELECT count(*) FROM vectors_1");

        Files.delete(folder.resolve("secret.txt"));
        RunView run = ingest.ingest(folder);

        assertThat(step(run, "gone").written()).isEqualTo(1);
        assertThat(ingest.number("SELECT count(*) FROM vectors_1")).isEqualTo(vectors - 1);
        assertThat(ingest.number("SELECT count(*) FROM embedding_cache")).isEqualTo(vectors - 1);
        assertThat(ingest.number("SELECT chunks FROM lexemes WHERE lexeme = 'xylophonist'"))
                .isZero();
        assertThat(ingest.number("SELECT count(*) FROM documents WHERE deleted_at IS NOT NULL"))
                .isEqualTo(1);

        Corpus.write(folder.resolve("secret.txt"), "The xylophonist hid the key under the millstone.");
        ingest.ingest(folder);
        assertThat(ingest.number("SELECT count(*) FROM documents WHERE deleted_at IS NOT NULL"))
                .isZero();
        assertThat(ingest.number("SELECT count(*) FROM vectors_1")).isEqualTo(vectors);
    }

    @Test
    void aSourceThatListsNothingRetiresNothingUntilAPersonSaysSo() throws IOException {
        Corpus.write(folder, 3, 5);
        ingest.ingest(folder);
        for (int i = 0; i < 3; i++) {
            Files.delete(folder.resolve("doc-%03d.md".formatted(i)));
        }

        RunView held = ingest.ingest(folder);
        assertThat(held.status()).isEqualTo("COMPLETED");
        assertThat(held.message()).contains("3 of 3 documents are missing").contains("--allow-mass-delete");
        assertThat(held.refused()).isEqualTo(3);
        assertThat(ingest.number("SELECT held_deletes FROM sources")).isEqualTo(3);
        assertThat(ingest.number("SELECT count(*) FROM documents WHERE published_version = 1"))
                .isEqualTo(3);

        RunView allowed = ingest.await(ingest.start("directory", folder.toString(), true));
        assertThat(step(allowed, "gone").written()).isEqualTo(3);
        assertThat(ingest.number("SELECT held_deletes FROM sources")).isZero();
        assertThat(ingest.number("SELECT count(*) FROM vectors_1")).isZero();
    }

    @Test
    @Configured({"ingest.mass-delete.percent", "30", "ingest.mass-delete.minimum", "2"})
    void theMassDeleteGuardHoldsAboveItsShareAndNotAtIt() throws IOException {
        Corpus.write(folder, 10, 6);
        ingest.ingest(folder);
        for (int i = 0; i < 3; i++) {
            Files.delete(folder.resolve("doc-%03d.md".formatted(i)));
        }
        assertThat(step(ingest.ingest(folder), "gone").written())
                .as("3 of 10 is 30 %")
                .isEqualTo(3);

        for (int i = 3; i < 6; i++) {
            Files.delete(folder.resolve("doc-%03d.md".formatted(i)));
        }
        RunView held = ingest.ingest(folder);
        assertThat(step(held, "gone").written()).as("3 of 7 is more than 30 %").isZero();
        assertThat(held.message()).contains("3 of 7");
    }

    @Test
    void equalFilesAreStoredAndEmbeddedOnceAndOneMayGo() throws IOException {
        Corpus.write(folder.resolve("a.txt"), "The same words about the harbour lantern.");
        Corpus.write(folder.resolve("copy/a.txt"), "The same words about the harbour lantern.");
        ingest.ingest(folder);
        assertThat(ingest.number("SELECT count(*) FROM blobs")).isEqualTo(1);
        assertThat(ingest.number("SELECT count(*) FROM vectors_1")).isEqualTo(1);
        assertThat(ingest.number("SELECT count(*) FROM documents WHERE published_version = 1"))
                .isEqualTo(2);

        Files.delete(folder.resolve("a.txt"));
        ingest.ingest(folder);
        assertThat(ingest.number("SELECT count(*) FROM vectors_1")).isEqualTo(1);
    }

    @Test
    void aChangedProfileChunksEverythingAnewWithoutReadingTheSourceTwice() {
        Corpus.write(folder, 3, 8);
        ingest.ingest(folder);
        ingest.close();
        ingest = harness(Map.of("ingest.chunk.version", "2", "ingest.chunk.target-tokens", "32"));

        RunView run = ingest.ingest(folder);

        assertThat(step(run, "extract").written()).isEqualTo(3);
        assertThat(ingest.number("SELECT count(*) FROM documents WHERE published_version = 2"))
                .isEqualTo(3);
        assertThat(ingest.number("SELECT count(*) FROM blobs")).isEqualTo(3);
    }

    @Test
    @Configured({"ingest.web.allow-private", "true"})
    void aSourceIsIngestedByOneRunAtATime() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch answer = new CountDownLatch(1);
        HttpServer server = server(exchange -> {
            asked.countDown();
            try {
                answer.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return "<html><body><p>The miller reads.</p></body></html>";
        });
        try {
            String address = address(server) + "/page";
            long first = ingest.start("urls", address, false);
            asked.await();

            assertThatThrownBy(() -> ingest.start("urls", address, false))
                    .isInstanceOf(RunConflict.class)
                    .hasMessageContaining("another run is busy with ingest of urls " + address);

            answer.countDown();
            assertThat(ingest.await(first).status()).isEqualTo("COMPLETED");
            assertThat(ingest.await(ingest.start("urls", address, false)).status())
                    .isEqualTo("COMPLETED");
        } finally {
            answer.countDown();
            server.stop(0);
        }
    }

    @Test
    @Configured({"ingest.web.allow-private", "true", "ingest.discover.commit-documents", "1"})
    void aStoppedRunEndsAfterItsChunkAndIsResumedInPlace() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch answer = new CountDownLatch(1);
        HttpServer server = server(path -> {
            if (path.equals("/1")) {
                asked.countDown();
                try {
                    answer.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            return "<p>The page " + path + " is about tides.</p>";
        });
        try {
            String base = address(server);
            Path list = folder.resolve("addresses.txt");
            Corpus.write(list, base + "/0\n" + base + "/1\n" + base + "/2\n");
            long run = ingest.start("urls", list);
            asked.await();

            ingest.runs().stop(ingest.workspaceId, run, "test", "");
            answer.countDown();

            assertThat(ingest.await(run).status()).isEqualTo("STOPPED");
            assertThat(ingest.number("SELECT count(*) FROM documents")).isEqualTo(2);
            assertThat(ingest.runs().resumeOrphans())
                    .as("what a person stopped stays stopped")
                    .isEmpty();

            RunView resumed = ingest.await(ingest.runs().resume(ingest.workspaceId, run, "test", ""));
            assertThat(resumed.status()).isEqualTo("COMPLETED");
            assertThat(ingest.number("SELECT count(*) FROM documents WHERE published_version = 1"))
                    .isEqualTo(3);
            assertThatThrownBy(() -> ingest.runs().resume(ingest.workspaceId, run, "test", ""))
                    .isInstanceOf(RunConflict.class)
                    .hasMessageContaining("already resumed as run " + resumed.id());
            assertThatThrownBy(() -> ingest.runs().resume(ingest.workspaceId, resumed.id(), "test", ""))
                    .isInstanceOf(RunConflict.class)
                    .hasMessageContaining("COMPLETED");
        } finally {
            answer.countDown();
            server.stop(0);
        }
    }

    @Test
    @Configured({"ingest.web.allow-private", "true", "ingest.web.backoff", "1ms"})
    void addressesAreFetchedRetriedAndRefusedWithTheirReason() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        HttpServer server = server(exchange -> switch (exchange) {
            case "/good" -> "<html><head><title>Good</title></head><body><p>The barge carries flour.</p></body></html>";
            case "/again" -> tries.incrementAndGet() < 2 ? "503" : "<p>The quay is open again.</p>";
            default -> "404";
        });
        try {
            Path list = folder.resolve("addresses.txt");
            String base = address(server);
            Corpus.write(
                    list,
                    "# pages\n" + base + "/good\n\n" + base + "/again\n" + base + "/missing\nfile:///etc/passwd\n");

            RunView run = ingest.await(ingest.start("urls", list));

            assertThat(run.status()).isEqualTo("COMPLETED");
            assertThat(tries.get()).isEqualTo(2);
            assertThat(column(ingest.rows("SELECT key FROM documents WHERE published_version = 1 ORDER BY key"), "key"))
                    .containsExactly(base + "/again", base + "/good");
            assertThat(column(ingest.rows("SELECT reason FROM dead_letters ORDER BY item_key"), "reason"))
                    .containsExactlyInAnyOrder("FORBIDDEN_ADDRESS", "UNREADABLE");
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aPrivateAddressIsNotFetchedUnlessAllowed() throws Exception {
        AtomicInteger requests = new AtomicInteger();
        HttpServer server = server(path -> {
            requests.incrementAndGet();
            return "<p>internal</p>";
        });
        try {
            RunView run = ingest.await(ingest.start("urls", address(server) + "/internal", false));
            assertThat(run.refused()).isEqualTo(1);
            assertThat(requests.get()).isZero();
            assertThat(column(ingest.rows("SELECT reason FROM dead_letters"), "reason"))
                    .containsExactly("FORBIDDEN_ADDRESS");
        } finally {
            server.stop(0);
        }
    }

    @Test
    void jsonLinesBecomeDocumentsAndBadLinesDeadLetters() {
        Path file = folder.resolve("corpus.jsonl");
        Corpus.write(file, """
                {"_id": "1", "title": "Tides", "text": "The flood tide fills the pond.", "metadata": {"language": "en"}}
                {"id": "2", "title": "", "text": "The ebb turns the wheel."}

                not json
                {"title": "no id", "text": "x"}
                {"_id": "1", "text": "the id again"}
                {"_id": "3", "title": "Empty", "text": ""}
                """);

        RunView run = ingest.await(ingest.start("jsonl", file));

        assertThat(run.status()).isEqualTo("COMPLETED");
        assertThat(step(run, "discover").total()).isEqualTo(6);
        assertThat(ingest.rows("""
                SELECT d.key, v.title, v.metadata ->> 'language' AS language FROM documents d
                JOIN document_versions v ON v.document_id = d.id WHERE v.state = 'published' ORDER BY d.key
                """))
                .extracting(row -> row.get("key"), row -> row.get("title"), row -> row.get("language"))
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("1", "Tides", "en"),
                        org.assertj.core.groups.Tuple.tuple("2", "2", null));
        assertThat(column(ingest.rows("SELECT reason FROM dead_letters ORDER BY step, item_key"), "reason"))
                .containsExactly("CORRUPT", "CORRUPT", "CORRUPT", "EMPTY");
    }

    @Test
    void anUploadKeepsWhatEarlierUploadsBrought() {
        Path first = folder.resolve("one");
        Corpus.write(first.resolve("a.txt"), "The first upload.");
        ingest.await(ingest.start("upload", folder));
        Corpus.write(folder.resolve("two/b.txt"), "The second upload.");
        first.resolve("a.txt").toFile().delete();

        ingest.await(ingest.start("upload", folder));

        assertThat(ingest.number("SELECT count(*) FROM documents WHERE published_version = 1 AND deleted_at IS NULL"))
                .isEqualTo(2);
    }

    @Test
    @Configured({"ingest.run.skip.percent", "50", "ingest.run.skip.after", "4"})
    void aRunThatRefusesNearlyEverythingFailsAndSaysWhatToDo() {
        for (int i = 0; i < 6; i++) {
            Corpus.write(folder.resolve("empty-" + i + ".txt"), "");
        }
        RunView run = ingest.ingest(folder);
        assertThat(run.status()).isEqualTo("FAILED");
        assertThat(run.message())
                .contains("6 of 6 items of step extract")
                .contains("EMPTY 6")
                .contains("ingest.run.skip.percent");
    }

    @Test
    void aMissingFolderAnUnknownTypeAndAnUnknownProjectAreRefusedBeforeAnythingRuns() {
        assertThatThrownBy(() -> ingest.start("directory", folder.resolve("nowhere")))
                .isInstanceOf(SourceUnavailable.class)
                .hasMessageContaining("nowhere does not exist");
        assertThatThrownBy(() -> ingest.start("ftp", folder))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("directory, upload, urls, jsonl");
        assertThatThrownBy(() -> ingest.bean(Ingest.class)
                        .start(new IngestRequest(ingest.workspaceId, "nope", "directory", folder.toString(), false)))
                .hasMessageContaining("no project \"nope\"");
        assertThat(ingest.runs().list(10)).isEmpty();
    }

    @Test
    @Configured({"ingest.index.rows", "5"})
    void anIndexIsBuiltOnceTheSetIsLargeEnough() {
        Corpus.write(folder, 4, 9);
        ingest.ingest(folder);
        assertThat(ingest.number("SELECT count(*) FROM pg_indexes WHERE indexname = 'vectors_1_hnsw'"))
                .isZero();
        Corpus.write(folder, 6, 9);
        ingest.ingest(folder);
        assertThat(ingest.number("SELECT count(*) FROM pg_indexes WHERE indexname = 'vectors_1_hnsw'"))
                .isEqualTo(1);
    }

    private interface Page {
        String of(String path) throws IOException;
    }

    private static HttpServer server(Page page) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Runnable::run);
        server.createContext("/", exchange -> {
            String body = page.of(exchange.getRequestURI().getPath());
            int status = body.matches("\\d{3}") ? Integer.parseInt(body) : 200;
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/html");
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
        return server;
    }

    private static String address(HttpServer server) {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }
}
