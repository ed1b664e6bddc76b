package dev.tidemill.ingest;

import dev.tidemill.store.Publisher;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.Vectors;
import dev.tidemill.store.Vectors.Embedded;
import dev.tidemill.store.Workspaces;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.item.ItemWriter;

/// Stores vectors, and publishes the versions that thereby became complete: what is done of a long ingest answers
/// already.
class EmbedWriter implements ItemWriter<Made> {

    private final Workspaces workspaces;
    private final Vectors vectors;
    private final Publisher publisher;
    private final IngestParameters parameters;
    private final int commitDocuments;

    EmbedWriter(
            Workspaces workspaces,
            Vectors vectors,
            Publisher publisher,
            IngestParameters parameters,
            int commitDocuments) {
        this.workspaces = workspaces;
        this.vectors = vectors;
        this.publisher = publisher;
        this.parameters = parameters;
        this.commitDocuments = commitDocuments;
    }

    @Override
    public void write(Chunk<? extends Made> chunk) {
        UUID workspace = parameters.scope().workspaceId();
        Map<VectorSet, List<Embedded>> bySet = new LinkedHashMap<>();
        for (Made made : chunk) {
            if (made.embedded() != null) {
                bySet.computeIfAbsent(made.set(), set -> new ArrayList<>()).add(made.embedded());
            }
        }
        workspaces.run(
                workspace,
                () -> bySet.forEach((set, embedded) -> {
                    // One that was retired since the step began needs nothing any more.
                    if (vectors.keep(workspace, set)) {
                        vectors.write(workspace, set, embedded);
                    }
                    if (set.live()) {
                        // Vectors come in the order of versions, those of the live set last: all versions before the
                        // last one's
                        // are complete in every set.
                        publisher.publish(parameters.scope(), embedded.getLast().versionId(), commitDocuments);
                    }
                }));
    }
}
