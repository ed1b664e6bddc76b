package dev.tidemill.ingest;

import dev.tidemill.store.Publisher;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Vectors.Embedded;
import dev.tidemill.store.Workspaces;
import java.util.List;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.item.ItemWriter;

/// Stores vectors, and publishes the versions that thereby became complete: what is done of a long ingest answers
/// already.
class EmbedWriter implements ItemWriter<Embedded> {

    private final Workspaces workspaces;
    private final Vectors vectors;
    private final Publisher publisher;
    private final IngestParameters parameters;
    private final VectorSet set;
    private final int commitDocuments;

    EmbedWriter(
            Workspaces workspaces,
            Vectors vectors,
            Publisher publisher,
            IngestParameters parameters,
            VectorSet set,
            int commitDocuments) {
        this.workspaces = workspaces;
        this.vectors = vectors;
        this.publisher = publisher;
        this.parameters = parameters;
        this.set = set;
        this.commitDocuments = commitDocuments;
    }

    @Override
    public void write(Chunk<? extends Embedded> chunk) {
        List<Embedded> embedded = List.copyOf(chunk.getItems());
        workspaces.run(parameters.scope().workspaceId(), () -> {
            vectors.write(parameters.scope().workspaceId(), set, embedded);
            // Vectors come in the order of versions: all before the last one's are complete.
            publisher.publish(parameters.scope(), embedded.getLast().versionId(), commitDocuments);
        });
    }
}
