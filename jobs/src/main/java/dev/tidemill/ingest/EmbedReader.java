package dev.tidemill.ingest;

import dev.tidemill.embed.OnnxEmbedder;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Vectors.Embedded;
import dev.tidemill.store.Vectors.Missing;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.batch.infrastructure.item.ExecutionContext;

/// Makes the vectors that the extracted chunks of the source lack, in the order of versions and
/// ordinals. A text embedded before by the same model takes its vector from the cache.
class EmbedReader extends LookAheadReader<EmbedReader.Todo, Embedded> {

    private static final Logger log = LoggerFactory.getLogger(EmbedReader.class);
    private static final int PAGE = 512;

    private final EmbedAhead ahead;

    EmbedReader(
            Vectors vectors,
            IngestParameters parameters,
            VectorSet set,
            OnnxEmbedder embedder,
            EmbedAhead ahead,
            IngestProperties.Embed limits) {
        super(
                Ingest.EMBED,
                () -> vectors.countMissing(parameters.scope(), set),
                new Pages(vectors, parameters, set, ahead)::next,
                todo -> embed(embedder, todo),
                limits.threads(),
                2 * limits.commitChunks());
        this.ahead = ahead;
    }

    @Override
    public void open(ExecutionContext context) {
        // From here on the step's own threads keep every core busy.
        ahead.finish();
        super.open(context);
    }

    /// A text that needs its vector.
    ///
    /// @param early the vector that the extract step had made, null when it had not
    record Todo(Missing missing, @Nullable Future<float[]> early) {}

    private static Embedded embed(OnnxEmbedder embedder, Todo todo) throws Exception {
        Missing missing = todo.missing();
        float[] vector = missing.cached();
        if (vector == null) {
            vector = todo.early() == null ? embed(embedder, missing.contentId(), missing.text()) : made(todo.early());
        }
        return new Embedded(missing.versionId(), missing.contentId(), vector);
    }

    static float[] embed(OnnxEmbedder embedder, UUID contentId, String text) {
        // The crash test counts these lines: each is a call that may have to be paid.
        log.trace("embedding {}", contentId);
        return embedder.embed(text);
    }

    private static float[] made(Future<float[]> early) throws Exception {
        try {
            return early.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    private static final class Pages {
        /// Texts handed out lately: an equal text a few pages on shares the vector that is being made.
        private static final int REMEMBERED = 8 * PAGE;

        private final Vectors vectors;
        private final IngestParameters parameters;
        private final VectorSet set;
        private final EmbedAhead ahead;
        private final Map<UUID, Boolean> recent = new LinkedHashMap<>() {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<UUID, Boolean> eldest) {
                return size() > REMEMBERED;
            }
        };
        private long version;
        private int ordinal = -1;

        Pages(Vectors vectors, IngestParameters parameters, VectorSet set, EmbedAhead ahead) {
            this.vectors = vectors;
            this.parameters = parameters;
            this.set = set;
            this.ahead = ahead;
        }

        List<Todo> next() {
            while (true) {
                List<Missing> page = vectors.missing(parameters.scope(), set, version, ordinal, PAGE);
                if (page.isEmpty()) {
                    return List.of();
                }
                version = page.getLast().versionId();
                ordinal = page.getLast().ordinal();
                List<Todo> fresh = page.stream()
                        .filter(missing -> recent.put(missing.contentId(), true) == null)
                        .map(missing -> new Todo(missing, ahead.take(missing.contentId())))
                        .toList();
                if (!fresh.isEmpty()) {
                    return fresh;
                }
            }
        }
    }
}
