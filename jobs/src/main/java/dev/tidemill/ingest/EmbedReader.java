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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes the vectors that the extracted chunks of the source lack, in the order of versions and
/// ordinals. A text embedded before by the same model takes its vector from the cache.
class EmbedReader extends LookAheadReader<Missing, Embedded> {

    private static final Logger log = LoggerFactory.getLogger(EmbedReader.class);
    private static final int PAGE = 512;

    EmbedReader(
            Vectors vectors,
            IngestParameters parameters,
            VectorSet set,
            OnnxEmbedder embedder,
            IngestProperties.Embed limits) {
        super(
                Ingest.EMBED,
                () -> vectors.countMissing(parameters.scope(), set),
                new Pages(vectors, parameters, set)::next,
                missing -> embed(embedder, missing),
                limits.threads(),
                2 * limits.commitChunks());
    }

    private static Embedded embed(OnnxEmbedder embedder, Missing missing) {
        float[] cached = missing.cached();
        if (cached == null) {
            // The crash test counts these lines: each is a call that may have to be paid.
            log.trace("embedding {}", missing.contentId());
            cached = embedder.embed(missing.text());
        }
        return new Embedded(missing.versionId(), missing.contentId(), cached);
    }

    private static final class Pages {
        /// Texts handed out lately: an equal text a few pages on shares the vector that is being made.
        private static final int REMEMBERED = 8 * PAGE;

        private final Vectors vectors;
        private final IngestParameters parameters;
        private final VectorSet set;
        private final Map<UUID, Boolean> recent = new LinkedHashMap<>() {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<UUID, Boolean> eldest) {
                return size() > REMEMBERED;
            }
        };
        private long version;
        private int ordinal = -1;

        Pages(Vectors vectors, IngestParameters parameters, VectorSet set) {
            this.vectors = vectors;
            this.parameters = parameters;
            this.set = set;
        }

        List<Missing> next() {
            while (true) {
                List<Missing> page = vectors.missing(parameters.scope(), set, version, ordinal, PAGE);
                if (page.isEmpty()) {
                    return page;
                }
                version = page.getLast().versionId();
                ordinal = page.getLast().ordinal();
                List<Missing> fresh = page.stream()
                        .filter(missing -> recent.put(missing.contentId(), true) == null)
                        .toList();
                if (!fresh.isEmpty()) {
                    return fresh;
                }
            }
        }
    }
}
