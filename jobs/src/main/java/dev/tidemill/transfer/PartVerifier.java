package dev.tidemill.transfer;

import dev.tidemill.run.Progress;
import java.util.Iterator;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.infrastructure.item.ExecutionContext;
import org.springframework.batch.infrastructure.item.ItemStreamReader;

/// Reads the parts of a file to their ends before anything of it is written. Part by part, so that one sees how far it
/// is
/// and can stop it.
class PartVerifier implements ItemStreamReader<Manifest.Part> {

    private final Supplier<Archive> archives;
    private @Nullable Archive archive;
    private Iterator<Manifest.Part> parts = List.<Manifest.Part>of().iterator();

    PartVerifier(Supplier<Archive> archives) {
        this.archives = archives;
    }

    @Override
    public void open(ExecutionContext context) {
        Archive open = archives.get();
        archive = open;
        parts = open.manifest().parts().iterator();
        Progress.total(context, open.manifest().parts().size());
    }

    /// @throws IllegalStateException naming the part that is not as it was written
    @Override
    public Manifest.@Nullable Part read() {
        Archive open = archive;
        if (open == null || !parts.hasNext()) {
            return null;
        }
        Manifest.Part part = parts.next();
        open.verify(part);
        return part;
    }

    @Override
    public void close() {
        Archive open = archive;
        archive = null;
        if (open != null) {
            open.close();
        }
    }
}
