package dev.tidemill.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OnnxEmbedderTest {

    private static final String PASSAGE =
            "The write-ahead log is flushed to disk before a transaction is reported as committed.";
    private static final String QUESTION = "When is the write-ahead log flushed to disk?";
    private static final String OTHER = "Knead the dough for ten minutes and let it rest in a warm place.";

    private static OnnxEmbedder bge;

    @BeforeAll
    static void load() {
        bge = OnnxEmbedder.load(EmbeddingModel.BGE_SMALL_EN_V1_5_INT8);
    }

    @AfterAll
    static void close() {
        bge.close();
    }

    @ParameterizedTest
    @EnumSource(EmbeddingModel.class)
    void everyModelGivesUnitVectorsThatKnowWhatBelongsTogether(EmbeddingModel model) {
        try (OnnxEmbedder embedder = OnnxEmbedder.load(model)) {
            float[] passage = embedder.embed(PASSAGE);
            float[] question = embedder.embedQuery(QUESTION);
            assertThat(passage).hasSize(model.dimensions());
            assertThat(cosine(passage, passage)).isBetween(0.999_999, 1.000_001);
            assertThat(cosine(question, passage)).isGreaterThan(cosine(question, embedder.embed(OTHER)) + 0.2);
        }
    }

    @Test
    void theSameTextHasTheSameBitsFromOneThreadAndFromEight() throws Exception {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 48; i++) {
            texts.add((PASSAGE + " " + OTHER + " ").repeat(i % 7 + 1) + i);
        }
        List<float[]> alone = texts.stream().map(bge::embed).toList();
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Future<float[]>> together = texts.reversed().stream()
                    .map(text -> threads.submit(() -> bge.embed(text)))
                    .toList()
                    .reversed();
            for (int i = 0; i < texts.size(); i++) {
                assertThat(together.get(i).get()).as("text " + i).isEqualTo(alone.get(i));
            }
        }
        try (OnnxEmbedder second = OnnxEmbedder.load(bge.model())) {
            assertThat(second.embed(texts.getFirst())).isEqualTo(alone.getFirst());
            assertThat(second.fingerprint()).isEqualTo(bge.fingerprint());
        }
    }

    @Test
    void aQuestionIsEmbeddedWithThePrefixOfItsModel() {
        assertThat(bge.embedQuery(QUESTION))
                .isEqualTo(bge.embed("Represent this sentence for searching relevant passages: " + QUESTION))
                .isNotEqualTo(bge.embed(QUESTION));
        try (OnnxEmbedder miniLm = OnnxEmbedder.load(EmbeddingModel.ALL_MINILM_L6_V2_INT8)) {
            assertThat(miniLm.embedQuery(QUESTION)).isEqualTo(miniLm.embed(QUESTION));
        }
    }

    @Test
    void quantisedVectorsAreCloseToFullPrecision() {
        List<String> texts = List.of(PASSAGE, OTHER, QUESTION, (PASSAGE + " " + OTHER + " ").repeat(5));
        try (OnnxEmbedder full = OnnxEmbedder.load(EmbeddingModel.BGE_SMALL_EN_V1_5)) {
            for (String text : texts) {
                assertThat(cosine(bge.embed(text), full.embed(text))).as(text).isGreaterThan(0.97);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = EmbeddingModel.class,
            names = {"ALL_MINILM_L6_V2_INT8", "BGE_SMALL_EN_V1_5_INT8"})
    void aTextUpToTheLimitIsReadToItsEndAndALongerOneIsRefused(EmbeddingModel model) {
        int limit = model.maxTokens();
        try (OnnxEmbedder embedder = OnnxEmbedder.load(model)) {
            String shorter = "cat ".repeat(limit - 3);
            String full = "cat ".repeat(limit - 2);
            assertThat(embedder.countTokens(shorter)).isEqualTo(limit - 1);
            assertThat(embedder.countTokens(full)).isEqualTo(limit);
            assertThat(embedder.embed(shorter)).hasSize(384);
            String lastWordDiffers = "cat ".repeat(limit - 3) + "revolution";
            assertThat(embedder.embed(full)).isNotEqualTo(embedder.embed(lastWordDiffers));
            assertThatThrownBy(() -> embedder.embed(full + "cat"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("" + (limit + 1))
                    .hasMessageContaining("at most " + limit);
        }
    }

    @Test
    void aHugeTextIsCountedAndRefusedWithoutBeingEmbedded() {
        String huge = "word ".repeat(2_000_000);
        assertThat(bge.countTokens(huge)).isEqualTo(2_000_002);
        assertThatThrownBy(() -> bge.embed(huge))
                .hasMessageContaining("2000002")
                .hasMessageContaining("512");
    }

    @Test
    void emptyAndOddTextsHaveVectorsToo() {
        for (String text : List.of("", " \n\t", "\u0000", "\ud800", "👩‍👩‍👧‍👦", "\u200b\u200b")) {
            assertThat(cosine(bge.embed(text), bge.embed(text))).isBetween(0.999_999, 1.000_001);
        }
    }

    @Test
    void fingerprintsDifferBetweenModelsAndStayTheSameOverLoads() {
        List<String> fingerprints = new ArrayList<>();
        for (EmbeddingModel model : EmbeddingModel.values()) {
            try (OnnxEmbedder embedder = OnnxEmbedder.load(model)) {
                fingerprints.add(embedder.fingerprint());
            }
        }
        assertThat(fingerprints).doesNotHaveDuplicates().allMatch(hex -> hex.matches("[0-9a-f]{32}"));
        assertThat(fingerprints).contains(bge.fingerprint());
    }

    @Test
    void closingWaitsForTheCallersAndRefusesLaterOnes() throws Exception {
        OnnxEmbedder embedder = OnnxEmbedder.load(EmbeddingModel.ALL_MINILM_L6_V2_INT8);
        String text = "cat ".repeat(250);
        float[] expected = embedder.embed(text);
        CountDownLatch started = new CountDownLatch(4);
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<String>> callers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                callers.add(threads.submit(() -> {
                    started.countDown();
                    while (true) {
                        try {
                            assertThat(embedder.embed(text)).isEqualTo(expected);
                        } catch (IllegalStateException e) {
                            return String.valueOf(e.getMessage());
                        }
                    }
                }));
            }
            assertThat(started.await(10, TimeUnit.SECONDS)).isTrue();
            embedder.embed(text);
            embedder.close();
            for (Future<String> caller : callers) {
                assertThat(caller.get(10, TimeUnit.SECONDS)).contains("all-minilm-l6-v2-int8 is closed");
            }
        }
        embedder.close();
        assertThatThrownBy(() -> embedder.embed("late")).isInstanceOf(IllegalStateException.class);
        assertThat(embedder.countTokens("still counts")).isEqualTo(4);
    }

    @Test
    void modelsAreFoundByIdAndUnknownOnesAreAnsweredWithTheKnownOnes() {
        for (EmbeddingModel model : EmbeddingModel.values()) {
            assertThat(EmbeddingModel.byId(model.id())).isSameAs(model);
        }
        assertThatThrownBy(() -> EmbeddingModel.byId("bge-tiny"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'bge-tiny'")
                .hasMessageContaining(
                        "all-minilm-l6-v2, all-minilm-l6-v2-int8, bge-small-en-v1.5, bge-small-en-v1.5-int8");
    }

    private static double cosine(float[] a, float[] b) {
        double dot = 0;
        for (int i = 0; i < a.length; i++) {
            dot += (double) a[i] * b[i];
        }
        return dot;
    }
}
