package dev.tidemill.transfer;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import dev.tidemill.document.ContentHash;
import dev.tidemill.seal.SealedOutput;
import dev.tidemill.seal.SecretFile;
import dev.tidemill.transfer.ExportParts.Part;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.UUID;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// The folder in which the parts of an export wait. Each is a file of its own that appears whole, encrypted already
/// where the export is: nothing readable is on the disk, whatever happens. Its name tells its hash, so that a process
/// which does not know yet that another goes on with the export writes beside that one's parts, never over them.
final class PartFiles {

    private static final int LEVEL = 1;
    private static final int BUFFER = 1 << 16;

    private final ExportParts parts;
    private final TransferParameters parameters;
    private final @Nullable SecretKey key;

    private PartFiles(ExportParts parts, TransferParameters parameters, @Nullable SecretKey key) {
        this.parts = parts;
        this.parameters = parameters;
        this.key = key;
    }

    /// A part that is on the disk.
    record Written(Part part, long items, long bytes, String sha256) {}

    /// Makes the folder, with the lock of a file that is to be encrypted. One that is there stays: parts may be locked
    /// with it.
    static void prepare(TransferParameters parameters, Archives archives) {
        Path folder = parameters.parts();
        try {
            Files.createDirectories(folder);
            Passphrase passphrase = archives.passphrase(parameters.passphraseFrom());
            Path lock = folder.resolve(Lock.ENTRY);
            // Making one takes as long as guessing a passphrase should.
            if (passphrase != null && !Files.exists(lock)) {
                SecretFile.create(lock, JsonMapper.shared().writeValueAsString(Lock.make(passphrase)));
            }
        } catch (FileAlreadyExistsException stays) {
            // That of a process which does the same at this moment.
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + folder + ": " + e.getMessage(), e);
        }
    }

    /// Where a part lies until the file is made of the parts.
    static Path stored(TransferParameters parameters, String name, String sha256) {
        return parameters.parts().resolve(sha256.substring(0, 16) + "-" + name);
    }

    static PartFiles open(ExportParts parts, TransferParameters parameters, Archives archives) {
        return new PartFiles(parts, parameters, key(parameters, archives));
    }

    /// The key of an encrypted export, null for one that is not.
    static @Nullable SecretKey key(TransferParameters parameters, Archives archives) {
        Passphrase passphrase = archives.passphrase(parameters.passphraseFrom());
        return passphrase == null ? null : lock(parameters).open(passphrase, parameters.file());
    }

    static Lock lock(TransferParameters parameters) {
        Path file = parameters.parts().resolve(Lock.ENTRY);
        try {
            return JsonMapper.shared().readValue(Files.readAllBytes(file), Lock.class);
        } catch (IOException | JacksonException e) {
            throw new IllegalStateException(
                    file + " cannot be read, and the parts beside it not without it: export again, into another file",
                    e);
        }
    }

    Written write(Part part) {
        Path draft = parameters.parts().resolve(part.name() + ".draft-" + UUID.randomUUID());
        MessageDigest digest = ContentHash.sha256();
        try {
            if (parameters.format() == TransferParameters.Format.PARQUET) {
                long items = ParquetParts.write(parts, parameters, part, draft);
                hash(draft, digest);
                return finish(part, items, draft, digest);
            }
            long items;
            try (DataOutputStream out =
                    new DataOutputStream(new BufferedOutputStream(content(part, draft, digest), BUFFER))) {
                items = parts.write(parameters, part, out);
            }
            return finish(part, items, draft, digest);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + draft + ": " + e.getMessage(), e);
        }
    }

    private Written finish(Part part, long items, Path draft, MessageDigest digest) throws IOException {
        String sha256 = ContentHash.ofDigest(digest.digest()).hex();
        Path target = stored(parameters, part.name(), sha256);
        publish(draft, target);
        return new Written(part, items, Files.size(target), sha256);
    }

    private static void hash(Path file, MessageDigest digest) throws IOException {
        byte[] buffer = new byte[BUFFER];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
        }
    }

    private OutputStream content(Part part, Path draft, MessageDigest digest) throws IOException {
        OutputStream file = new DigestOutputStream(Files.newOutputStream(draft), digest);
        try {
            OutputStream sealed = key == null ? file : new SealedOutput(file, key, part.name());
            return part.name().endsWith(Archive.COMPRESSED) ? new ZstdOutputStreamNoFinalizer(sealed, LEVEL) : sealed;
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    /// On the disk first, then under its name.
    static void publish(Path draft, Path target) throws IOException {
        try (FileChannel written = FileChannel.open(draft, StandardOpenOption.WRITE)) {
            written.force(true);
        }
        Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
