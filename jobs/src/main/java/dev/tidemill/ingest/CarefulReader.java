package dev.tidemill.ingest;

import dev.tidemill.document.RefusalReason;
import dev.tidemill.run.ItemsInHand;
import dev.tidemill.store.Versions.Discovered;
import java.io.IOException;
import org.springframework.batch.core.step.StepExecution;

/// Reads documents; after the process died, with a note of the one in hand, so that one which kills it again and
/// again is found and refused.
final class CarefulReader {

    private final DocumentReader reader;
    private final ItemsInHand itemsInHand;
    private final IngestParameters parameters;
    private final StepExecution step;
    private boolean careful;

    CarefulReader(DocumentReader reader, ItemsInHand itemsInHand, IngestParameters parameters, StepExecution step) {
        this.reader = reader;
        this.itemsInHand = itemsInHand;
        this.parameters = parameters;
        this.step = step;
    }

    /// Asks whether the last process died: then one document is to be read at a time.
    boolean begin() {
        careful = itemsInHand.careful(step);
        return careful;
    }

    Outcome read(Discovered version) throws IOException, InterruptedException {
        if (!careful) {
            return reader.read(version);
        }
        String key = parameters.itemKey(version.key());
        if (!itemsInHand.take(step, key)) {
            return new Outcome.Refused(
                    version, RefusalReason.CRASHED, "application/octet-stream", ItemsInHand.CRASHED_DETAIL);
        }
        Outcome outcome = reader.read(version);
        itemsInHand.done(step, key);
        return outcome;
    }
}
