package dev.tidemill.reembed;

import dev.tidemill.embed.Embedder;
import dev.tidemill.run.DataError;
import dev.tidemill.run.LookAheadReader;
import dev.tidemill.search.QueryTraffic;
import dev.tidemill.sets.TextVector;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Vectors.Embedded;
import dev.tidemill.store.Vectors.Missing;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes the vectors that the texts of the project lack in the set, in the order of their content ids. A text
/// embedded before by the same model takes its vector from the cache.
class TextReader extends LookAheadReader<Missing, TextReader.Made> {

    private static final Logger log = LoggerFactory.getLogger(TextReader.class);
    private static final int PAGE = 512;

    TextReader(
            Vectors vectors,
            ReembedParameters parameters,
            VectorSet set,
            Embedder embedder,
            QueryTraffic traffic,
            ReembedProperties.Embed limits) {
        int callers = limits.concurrency() > 0 ? limits.concurrency() : embedder.callers();
        super(
                Reembed.EMBED,
                () -> vectors.countMissing(parameters.workspaceId(), parameters.projectId(), set),
                new Pages(vectors, parameters, set)::next,
                missing -> make(embedder, missing, traffic, limits.giveWay()),
                callers,
                Math.max(limits.commitChunks(), 2 * callers));
        losingAtMost(Math.max(limits.commitChunks(), callers));
    }

    /// What became of a text.
    sealed interface Made {

        Missing text();

        /// It has its vector.
        record Vector(Missing text, Embedded embedded) implements Made {}

        /// The model does not take it.
        record Refused(Missing text, DataError error) implements Made {}

        /// Those with a vector; the others are given up on.
        static Embedded embedded(Made made) {
            return switch (made) {
                case Vector vector -> vector.embedded();
                case Refused refused -> throw refused.error();
            };
        }

        /// The key of its dead letter.
        static String key(Made made) {
            return made.text().contentId().toString();
        }
    }

    static Made make(Embedder embedder, Missing missing, QueryTraffic traffic, Duration giveWay) throws Exception {
        // What is cached costs nothing, and a service has processors of its own.
        return missing.cached() == null && embedder.here()
                ? traffic.behind(giveWay, () -> make(embedder, missing))
                : make(embedder, missing);
    }

    static Made make(Embedder embedder, Missing missing) {
        float[] vector = missing.cached();
        if (vector == null) {
            // Each of these lines is a call that may have to be paid.
            log.trace("embedding {}", missing.contentId());
            try {
                vector = TextVector.of(embedder, missing.text());
            } catch (DataError e) {
                return new Made.Refused(missing, e);
            }
        }
        return new Made.Vector(missing, new Embedded(missing.versionId(), missing.contentId(), vector));
    }

    private static final class Pages {
        private final Vectors vectors;
        private final ReembedParameters parameters;
        private final VectorSet set;
        private UUID after = new UUID(0, 0);

        Pages(Vectors vectors, ReembedParameters parameters, VectorSet set) {
            this.vectors = vectors;
            this.parameters = parameters;
            this.set = set;
        }

        List<Missing> next() {
            List<Missing> page = vectors.missing(parameters.workspaceId(), parameters.projectId(), set, after, PAGE);
            if (!page.isEmpty()) {
                after = page.getLast().contentId();
            }
            return page;
        }
    }
}
