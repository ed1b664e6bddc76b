package dev.tidemill.embed;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.tidemill.document.ContentHash;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.net.URL;
import java.net.URLConnection;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/// Texts to vectors with one of the shipped models. Safe for any number of threads; best used by as
/// many as there are cores.
///
/// One session is shared, each run uses the caller's thread alone and holds one text, so the same text
/// has the same bits whoever asks and whatever else runs. A text is never cut: one that is too long is
/// refused.
///
/// The native runtime must not be in use when the JVM ends, so an embedder that is still open then
/// waits for its callers and refuses new ones.
public final class OnnxEmbedder implements Embedder {

    /// Part of the fingerprint: changes with anything in this class or the tokenizer that changes vectors.
    private static final String REVISION = "wordpiece-1,l2";

    private static final Duration QUIET_BEFORE_EXIT = Duration.ofMillis(200);
    private static final Duration LONGEST_WAIT_AT_EXIT = Duration.ofSeconds(4);

    private final EmbeddingModel model;
    private final WordPiece tokenizer;
    private final String fingerprint;
    private final OrtEnvironment environment;
    private final OrtSession session;

    /// One permit per text in the native runtime: bounds its memory, and [#close()] takes them all.
    private final Semaphore slots;

    private final int slotCount;
    private final AtomicLong calls = new AtomicLong();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread atExit = Thread.ofPlatform().name("close-embedder").unstarted(this::closeAtExit);

    private OnnxEmbedder(
            EmbeddingModel model,
            WordPiece tokenizer,
            String fingerprint,
            OrtEnvironment environment,
            OrtSession session) {
        this.model = model;
        this.tokenizer = tokenizer;
        this.fingerprint = fingerprint;
        this.environment = environment;
        this.session = session;
        // Twice the cores, so that a question does not queue behind an ingest that keeps every core busy.
        this.slotCount = 2 * Runtime.getRuntime().availableProcessors();
        this.slots = new Semaphore(slotCount, true);
    }

    /// Loads the model from the class path. Takes a fraction of a second and, outside the heap, about twice its
    /// file's size.
    ///
    /// @throws IllegalStateException if the model is not on the class path or the native runtime rejects it
    public static OnnxEmbedder load(EmbeddingModel model) {
        MessageDigest digest = ContentHash.sha256();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment modelBytes = read(model.modelResource(), arena);
            MemorySegment tokenizerBytes = read(model.tokenizerResource(), arena);
            digest.update(modelBytes.asByteBuffer());
            digest.update(tokenizerBytes.asByteBuffer());
            String settings = model.pooling() + "," + model.maxTokens() + "," + model.queryPrefix() + "," + REVISION;
            digest.update(settings.getBytes(StandardCharsets.UTF_8));
            WordPiece tokenizer =
                    new WordPiece(tokenizerBytes.toArray(ValueLayout.JAVA_BYTE), model.tokenizerResource());
            OrtEnvironment environment = OrtEnvironment.getEnvironment();
            OrtSession session = open(environment, modelBytes, model);
            String fingerprint = HexFormat.of().formatHex(digest.digest(), 0, 16);
            OnnxEmbedder embedder = new OnnxEmbedder(model, tokenizer, fingerprint, environment, session);
            Runtime.getRuntime().addShutdownHook(embedder.atExit);
            return embedder;
        }
    }

    /// The vector of a passage, of length 1.
    ///
    /// @throws TextRefused if the text has more tokens than the model takes
    /// @throws IllegalStateException if the embedder is closed
    @Override
    public float[] embed(String text) {
        long[] ids = encode(text);
        calls.incrementAndGet();
        slots.acquireUninterruptibly();
        try {
            if (closed.getCount() == 0) {
                throw new IllegalStateException("the embedder of " + model.id() + " is closed");
            }
            return run(ids);
        } catch (OrtException e) {
            throw new IllegalStateException(
                    "embedding a text of " + ids.length + " tokens with " + model.id() + " failed: " + e.getMessage(),
                    e);
        } finally {
            slots.release();
        }
    }

    /// The vector of a question: [#embed(String)] with the prefix that the model wants before questions.
    @Override
    public float[] embedQuery(String question) {
        return embed(model.queryPrefix() + question);
    }

    /// The number of tokens the model sees for this text, the two special ones included. Works on texts of any
    /// length.
    public int countTokens(String text) {
        int[] count = {2};
        tokenizer.tokenize(text, (id, start, end) -> count[0]++);
        return count[0];
    }

    /// The tokens of the text in order, without the two special ones.
    public List<TokenSpan> tokens(String text) {
        List<TokenSpan> spans = new ArrayList<>();
        tokenizer.tokenize(text, (id, start, end) -> spans.add(new TokenSpan(start, end)));
        return spans;
    }

    /// Names everything that decides over the vectors: model, tokenizer, pooling. Equal fingerprints, comparable
    /// vectors.
    @Override
    public String fingerprint() {
        return fingerprint;
    }

    public EmbeddingModel model() {
        return model;
    }

    @Override
    public String id() {
        return model.id();
    }

    @Override
    public int dimensions() {
        return model.dimensions();
    }

    @Override
    public int maxTokens() {
        return model.maxTokens();
    }

    @Override
    public int callers() {
        return Runtime.getRuntime().availableProcessors();
    }

    @Override
    public boolean here() {
        return true;
    }

    /// The fingerprint is one of the model's bytes.
    @Override
    public boolean mayChange() {
        return false;
    }

    @Override
    public BigDecimal pricePerMillionTokens() {
        return BigDecimal.ZERO;
    }

    /// Waits for the calls under way, then frees the native memory. Later calls of [#embed(String)] are refused.
    @Override
    public void close() {
        slots.acquireUninterruptibly(slotCount);
        try {
            if (closed.getCount() == 0) {
                return;
            }
            closed.countDown();
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("closing the session of " + model.id() + " failed", e);
        } finally {
            slots.release(slotCount);
        }
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException exiting) {
            // The JVM is on its way out: the hook runs, or will, and finds nothing left to do.
            return;
        }
    }

    /// Lets the owner finish its work in an orderly way and close; closes only when nobody asks any more, or after
    /// a while.
    private void closeAtExit() {
        long deadline = System.nanoTime() + LONGEST_WAIT_AT_EXIT.toNanos();
        boolean quiet = false;
        try {
            while (!quiet && System.nanoTime() < deadline) {
                long before = calls.get();
                boolean byOwner = closed.await(QUIET_BEFORE_EXIT.toMillis(), TimeUnit.MILLISECONDS);
                quiet = byOwner || calls.get() == before;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        close();
    }

    private long[] encode(String text) {
        int limit = model.maxTokens();
        long[] ids = new long[limit];
        ids[0] = tokenizer.classId();
        int[] count = {1};
        tokenizer.tokenize(text, (id, start, end) -> {
            if (count[0] < limit) {
                ids[count[0]] = id;
            }
            count[0]++;
        });
        int length = count[0] + 1;
        if (length > limit) {
            throw new TextRefused("a text of " + length + " tokens (" + text.length() + " chars) is too long: "
                    + model.id() + " takes at most " + limit + " tokens; split it");
        }
        ids[length - 1] = tokenizer.separatorId();
        return Arrays.copyOf(ids, length);
    }

    private float[] run(long[] ids) throws OrtException {
        long[] shape = {1, ids.length};
        long[] ones = new long[ids.length];
        Arrays.fill(ones, 1);
        try (OnnxTensor input = OnnxTensor.createTensor(environment, LongBuffer.wrap(ids), shape);
                OnnxTensor mask = OnnxTensor.createTensor(environment, LongBuffer.wrap(ones), shape);
                OnnxTensor types = OnnxTensor.createTensor(environment, LongBuffer.allocate(ids.length), shape);
                OrtSession.Result result =
                        session.run(Map.of("input_ids", input, "attention_mask", mask, "token_type_ids", types))) {
            if (result.get(0) instanceof OnnxTensor output) {
                return pool(output.getFloatBuffer(), ids.length);
            }
            throw new IllegalStateException(model.id() + " gave no tensor but " + result.get(0));
        }
    }

    private float[] pool(FloatBuffer output, int tokens) {
        int dimensions = model.dimensions();
        double[] sum = new double[dimensions];
        int rows = switch (model.pooling()) {
            case CLS -> 1;
            case MEAN -> tokens;
        };
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < dimensions; i++) {
                sum[i] += output.get(row * dimensions + i);
            }
        }
        double squares = 0;
        for (double value : sum) {
            squares += value * value;
        }
        // The mean and the sum point the same way, so that the division by the rows is part of this one.
        double length = Math.max(Math.sqrt(squares), Double.MIN_NORMAL);
        float[] vector = new float[dimensions];
        for (int i = 0; i < dimensions; i++) {
            vector[i] = (float) (sum[i] / length);
        }
        return vector;
    }

    private static OrtSession open(OrtEnvironment environment, MemorySegment bytes, EmbeddingModel model) {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
            options.setIntraOpNumThreads(1);
            options.setInterOpNumThreads(1);
            // The rewrites beyond "extended" depend on the processor; vectors should not, as far as that can be
            // had.
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.EXTENDED_OPT);
            options.setDeterministicCompute(true);
            // Processors without VNNI would saturate in u8 x s8 products and give other vectors; this makes them
            // exact.
            options.addConfigEntry("session.x64quantprecision", "1");
            return environment.createSession(bytes.asByteBuffer(), options);
        } catch (OrtException e) {
            throw new IllegalStateException("the model " + model.id() + " does not load: " + e.getMessage(), e);
        }
    }

    /// Reads a resource outside the heap, which may be smaller than the model.
    private static MemorySegment read(String name, Arena arena) {
        URL url = OnnxEmbedder.class.getResource("/" + name);
        if (url == null) {
            throw new IllegalStateException(
                    "the model file " + name + " is not on the class path; it comes with the artifact "
                            + "dev.langchain4j:langchain4j-embeddings-… of the model");
        }
        try {
            URLConnection connection = url.openConnection();
            connection.setUseCaches(false);
            try (InputStream in = connection.getInputStream()) {
                long size = connection.getContentLengthLong();
                MemorySegment bytes = arena.allocate(size);
                byte[] buffer = new byte[1 << 16];
                for (long at = 0; at < size; ) {
                    int read = in.readNBytes(buffer, 0, (int) Math.min(buffer.length, size - at));
                    if (read == 0) {
                        throw new EOFException(
                                "the model file " + url + " ends after " + at + " of " + size + " bytes");
                    }
                    MemorySegment.copy(buffer, 0, bytes, ValueLayout.JAVA_BYTE, at, read);
                    at += read;
                }
                return bytes;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the model file " + url + " could not be read", e);
        }
    }
}
