package dev.tidemill.ingest;

import dev.tidemill.embed.Embedder;
import dev.tidemill.run.DataError;
import dev.tidemill.run.LookAheadReader;
import dev.tidemill.sets.TextVector;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Vectors.Embedded;
import dev.tidemill.store.Vectors.Missing;
import java.util.ArrayDeque;
import java.util.Deque;
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

/// Makes the vectors that the extracted chunks of the source lack, in every set of the project that is not retired:
/// what is ingested while a set is built or soaks belongs into it too. Set by set, the live one last, each in the
/// order of versions and ordinals. A text embedded before by the same model takes its vector from the cache.
class EmbedReader extends LookAheadReader<EmbedReader.Todo, Made> {

    private static final Logger log = LoggerFactory.getLogger(EmbedReader.class);
    private static final int PAGE = 512;

    private final EmbedAhead ahead;

    EmbedReader(
            Vectors vectors,
            IngestParameters parameters,
            List<Target> targets,
            EmbedAhead ahead,
            IngestProperties.Embed limits) {
        super(
                Ingest.EMBED,
                () -> targets.stream()
                        .mapToLong(target -> vectors.countMissing(parameters.scope(), target.set()))
                        .sum(),
                new Pages(vectors, parameters, targets, ahead)::next,
                EmbedReader::embed,
                callers(targets, limits),
                2 * Math.max(limits.commitChunks(), callers(targets, limits)));
        this.ahead = ahead;
    }

    private static int callers(List<Target> targets, IngestProperties.Embed limits) {
        return limits.concurrency() > 0
                ? limits.concurrency()
                : targets.stream()
                        .mapToInt(target -> target.embedder().callers())
                        .max()
                        .orElse(1);
    }

    @Override
    public void open(ExecutionContext context) {
        // From here on the step's own threads keep every core busy.
        ahead.finish();
        super.open(context);
    }

    /// A set with its model.
    record Target(VectorSet set, Embedder embedder) {}

    /// A text that needs its vector.
    ///
    /// @param early the vector that the extract step had made, null when it had not
    record Todo(Target target, Missing missing, @Nullable Future<float[]> early) {}

    private static Made embed(Todo todo) throws Exception {
        Missing missing = todo.missing();
        float[] vector = missing.cached();
        try {
            if (vector == null) {
                vector = todo.early() == null
                        ? embed(todo.target().embedder(), missing.contentId(), missing.text())
                        : made(todo.early());
            }
        } catch (DataError e) {
            if (todo.target().set().live()) {
                throw e;
            }
            log.warn("{} refuses a text: {}", todo.target().set().model(), e.getMessage());
            return new Made(todo.target().set(), null);
        }
        return new Made(todo.target().set(), new Embedded(missing.versionId(), missing.contentId(), vector));
    }

    static float[] embed(Embedder embedder, UUID contentId, String text) {
        // The crash test counts these lines: each is a call that may have to be paid.
        log.trace("embedding {}", contentId);
        return TextVector.of(embedder, text);
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
        private final Deque<Target> targets;
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

        Pages(Vectors vectors, IngestParameters parameters, List<Target> targets, EmbedAhead ahead) {
            this.vectors = vectors;
            this.parameters = parameters;
            this.targets = new ArrayDeque<>(targets);
            this.ahead = ahead;
        }

        List<Todo> next() {
            while (!targets.isEmpty()) {
                Target target = targets.getFirst();
                List<Missing> page = vectors.missing(parameters.scope(), target.set(), version, ordinal, PAGE);
                if (page.isEmpty()) {
                    targets.removeFirst();
                    recent.clear();
                    version = 0;
                    ordinal = -1;
                    continue;
                }
                version = page.getLast().versionId();
                ordinal = page.getLast().ordinal();
                List<Todo> fresh = page.stream()
                        .filter(missing -> recent.put(missing.contentId(), true) == null)
                        .map(missing -> new Todo(target, missing, ahead.take(target.embedder(), missing.contentId())))
                        .toList();
                if (!fresh.isEmpty()) {
                    return fresh;
                }
            }
            return List.of();
        }
    }
}
