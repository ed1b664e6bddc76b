package dev.tidemill.reembed;

import dev.tidemill.embed.Embedder;
import dev.tidemill.embed.TextRefused;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Stands for a model: two texts are as near as they share words.
final class FakeEmbedder implements Embedder {

    private final String id;
    private final int dimensions;
    private final Manner manner;
    private final @Nullable Path ledger;
    final AtomicInteger calls = new AtomicInteger();

    /// How it behaves.
    enum Manner {
        /// like a good model
        GOOD,
        /// vectors that say nothing of the text
        NOISE,
        /// refuses texts that hold the word poison
        PICKY,
        /// takes a while for each text, as a model does
        SLOW
    }

    /// @param ledger gets a line for each text embedded, null for none
    FakeEmbedder(String id, int dimensions, Manner manner, @Nullable Path ledger) {
        this.id = id;
        this.dimensions = dimensions;
        this.manner = manner;
        this.ledger = ledger;
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public String fingerprint() {
        return "fake-" + id;
    }

    @Override
    public int dimensions() {
        return dimensions;
    }

    @Override
    public int maxTokens() {
        return 512;
    }

    @Override
    public int callers() {
        return 2;
    }

    @Override
    public boolean here() {
        return true;
    }

    @Override
    public boolean mayChange() {
        return false;
    }

    @Override
    public BigDecimal pricePerMillionTokens() {
        return new BigDecimal("0.02");
    }

    @Override
    public float[] embed(String text) {
        calls.incrementAndGet();
        note(text);
        switch (manner) {
            case GOOD -> {}
            case NOISE -> {
                return noise(text);
            }
            case PICKY -> {
                if (text.contains("poison")) {
                    throw new TextRefused("the text holds poison");
                }
            }
            case SLOW -> LockSupport.parkNanos(Duration.ofMillis(15).toNanos());
        }
        return words(text);
    }

    private void note(String text) {
        if (ledger == null) {
            return;
        }
        try {
            Files.writeString(
                    ledger,
                    Integer.toHexString(text.hashCode()) + "\n",
                    StandardCharsets.UTF_8,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public float[] embedQuery(String question) {
        return manner == Manner.NOISE ? noise(question) : words(question);
    }

    private float[] words(String text) {
        float[] vector = new float[dimensions];
        vector[0] = 0.01f;
        for (String word : text.toLowerCase(Locale.ROOT).split("[^\\p{L}\\p{N}]+", -1)) {
            if (word.length() > 3) {
                vector[1 + Math.floorMod(word.hashCode() * 31, dimensions - 1)] += 1;
            }
        }
        return unit(vector);
    }

    private float[] noise(String text) {
        Random random = new Random(text.hashCode());
        float[] vector = new float[dimensions];
        for (int i = 0; i < dimensions; i++) {
            vector[i] = (float) random.nextGaussian();
        }
        return unit(vector);
    }

    private static float[] unit(float[] vector) {
        double squares = 0;
        for (float value : vector) {
            squares += value * value;
        }
        for (int i = 0; i < vector.length; i++) {
            vector[i] = (float) (vector[i] / Math.sqrt(squares));
        }
        return vector;
    }

    @Override
    public void close() {
        // Holds nothing.
    }
}
