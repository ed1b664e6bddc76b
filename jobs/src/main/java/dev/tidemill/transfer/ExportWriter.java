package dev.tidemill.transfer;

import dev.tidemill.document.ContentHash;
import dev.tidemill.store.Workspaces;
import dev.tidemill.transfer.ExportParts.Part;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.item.ItemWriter;

/// Writes parts, each into a file of its own that appears whole: a part that is noted as done is on the disk.
class ExportWriter implements ItemWriter<Part> {

    private final ExportParts parts;
    private final Workspaces workspaces;
    private final TransferParameters parameters;

    ExportWriter(ExportParts parts, Workspaces workspaces, TransferParameters parameters) {
        this.parts = parts;
        this.workspaces = workspaces;
        this.parameters = parameters;
    }

    @Override
    public void write(Chunk<? extends Part> chunk) {
        workspaces.run(parameters.workspaceId(), () -> chunk.forEach(this::write));
    }

    private void write(Part part) {
        Path folder = parameters.parts();
        Path target = folder.resolve(part.name());
        Path draft = folder.resolve(part.name() + ".draft");
        MessageDigest digest = ContentHash.sha256();
        try {
            Files.createDirectories(folder);
            try (OutputStream file = Files.newOutputStream(draft);
                    DataOutputStream out = new DataOutputStream(
                            new DigestOutputStream(new BufferedOutputStream(file, 1 << 16), digest))) {
                parts.write(parameters.workspaceId(), parameters.projectId(), part, out);
            }
            long bytes = Files.size(draft);
            try (FileChannel written = FileChannel.open(draft, StandardOpenOption.WRITE)) {
                written.force(true);
            }
            Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            parts.done(
                    parameters.workspaceId(),
                    parameters.instance(),
                    part.number(),
                    bytes,
                    ContentHash.ofDigest(digest.digest()).hex());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + target + ": " + e.getMessage(), e);
        }
    }
}
