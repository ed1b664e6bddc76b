package dev.tidemill.ingest;

import dev.tidemill.extract.Extractor;
import dev.tidemill.run.LookAheadReader;
import dev.tidemill.store.Versions;
import dev.tidemill.store.Versions.Discovered;
import java.util.List;
import org.springframework.batch.infrastructure.item.ExecutionContext;

/// Reads the discovered versions of the source, several at a time, in the order of their ids.
class ExtractReader extends LookAheadReader<Discovered, Outcome> {

    private static final int PAGE = 100;

    private final Extractor extractor;
    private final CarefulReader careful;

    ExtractReader(
            Versions versions,
            IngestParameters parameters,
            Extractor extractor,
            CarefulReader documentReader,
            IngestProperties.Extract limits) {
        super(
                Ingest.EXTRACT,
                () -> versions.countDiscovered(parameters.scope()),
                new Pages(versions, parameters)::next,
                documentReader::read,
                limits.threads(),
                limits.threads() + limits.commitDocuments());
        this.extractor = extractor;
        this.careful = documentReader;
    }

    @Override
    public void open(ExecutionContext context) {
        if (careful.begin()) {
            oneAtATime();
        }
        super.open(context);
    }

    private static final class Pages {
        private final Versions versions;
        private final IngestParameters parameters;
        private long after;

        Pages(Versions versions, IngestParameters parameters) {
            this.versions = versions;
            this.parameters = parameters;
        }

        List<Discovered> next() {
            List<Discovered> page = versions.discovered(parameters.scope(), after, PAGE);
            if (!page.isEmpty()) {
                after = page.getLast().id();
            }
            return page;
        }
    }

    @Override
    protected void discard(Outcome outcome) {
        if (outcome instanceof Outcome.Extracted extracted) {
            extracted.close();
        }
    }

    @Override
    public void close() {
        try {
            super.close();
        } finally {
            extractor.close();
        }
    }
}
