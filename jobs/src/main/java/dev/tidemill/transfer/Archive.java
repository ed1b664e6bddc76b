package dev.tidemill.transfer;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import dev.tidemill.document.ContentHash;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.seal.SealedInput;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// An exported file, open for reading.
final class Archive implements Closeable {

    /// What the name of an encrypted entry ends with.
    static final String SEALED = ".sealed";

    /// What the name of a compressed part ends with.
    static final String COMPRESSED = ".zst";

    private static final int BUFFER = 1 << 16;

    private final Path file;
    private final ZipFile zip;
    private final @Nullable SecretKey key;
    private final Manifest manifest;

    private Archive(Path file, ZipFile zip, @Nullable SecretKey key) throws IOException {
        this.file = file;
        this.zip = zip;
        this.key = key;
        this.manifest = readManifest();
    }

    /// Opens a file and reads its manifest.
    ///
    /// @param passphrase null for none
    /// @throws InvalidParameter when it is no exported file, of a format that this program does not
    ///     read, or encrypted
    ///     with another passphrase
    static Archive open(Path file, @Nullable Passphrase passphrase) {
        if (!Files.isRegularFile(file)) {
            throw new InvalidParameter("file", file + " does not exist: name a file that export wrote");
        }
        try {
            ZipFile zip = new ZipFile(file.toFile());
            try {
                return new Archive(file, zip, key(file, zip, passphrase));
            } catch (RuntimeException | IOException e) {
                zip.close();
                throw e;
            }
        } catch (IOException e) {
            throw new InvalidParameter("file", file + " is no file that export wrote: " + e.getMessage());
        }
    }

    private static @Nullable SecretKey key(Path file, ZipFile zip, @Nullable Passphrase passphrase) throws IOException {
        ZipEntry entry = zip.getEntry(Lock.ENTRY);
        if (entry == null) {
            return null;
        }
        if (passphrase == null) {
            throw new InvalidParameter(
                    Passphrase.PARAMETER,
                    file + " is encrypted: say where its passphrase is with " + Passphrase.PARAMETER
                            + ", file:/path/on/the/server or env:TIDEMILL_PASSPHRASE");
        }
        return json(file, Lock.ENTRY, zip.getInputStream(entry), Lock.class).open(passphrase, file);
    }

    private static <T> T json(Path file, String entry, InputStream content, Class<T> type) throws IOException {
        try (InputStream in = content) {
            return JsonMapper.shared().readValue(in, type);
        } catch (JacksonException e) {
            throw new InvalidParameter("file", entry + " of " + file + " cannot be read: " + e.getOriginalMessage());
        }
    }

    private Manifest readManifest() throws IOException {
        String name = key == null ? Manifest.ENTRY : Manifest.ENTRY + SEALED;
        if (zip.getEntry(name) == null) {
            throw new InvalidParameter("file", file + " holds no " + name + ": name a file that export wrote");
        }
        Manifest read = json(file, name, open(Manifest.ENTRY), Manifest.class);
        if (!Manifest.FORMAT.equals(read.format()) || read.version() < 1) {
            throw new InvalidParameter("file", file + " is of the format " + read.format());
        }
        if (read.version() > Manifest.VERSION) {
            throw new InvalidParameter("file", newer(file, read.version()));
        }
        return read;
    }

    static String newer(Path file, int version) {
        return file + " is of version " + version + " of the format, this program reads up to " + Manifest.VERSION
                + ": import it with a newer one";
    }

    Manifest manifest() {
        return manifest;
    }

    List<Manifest.Part> parts(String kind) {
        return manifest.parts().stream()
                .filter(part -> part.kind().equals(kind))
                .toList();
    }

    long items(String kind) {
        return parts(kind).stream().mapToLong(Manifest.Part::items).sum();
    }

    /// The content of a part, as it was before it was compressed and encrypted.
    InputStream read(Manifest.Part part) throws IOException {
        InputStream in = open(part.name());
        return new BufferedInputStream(
                part.name().endsWith(COMPRESSED) ? new ZstdInputStreamNoFinalizer(in) : in, BUFFER);
    }

    private InputStream open(String name) throws IOException {
        InputStream in = stored(name);
        return key == null ? in : new SealedInput(in, key, name);
    }

    private InputStream stored(String name) throws IOException {
        ZipEntry entry = zip.getEntry(key == null ? name : name + SEALED);
        if (entry == null) {
            throw new IllegalStateException(file + " lacks its part " + name + ": copy it again");
        }
        return new BufferedInputStream(zip.getInputStream(entry), BUFFER);
    }

    /// Reads a part once.
    ///
    /// @throws IllegalStateException when it is not as it was written
    void verify(Manifest.Part part) {
        byte[] buffer = new byte[BUFFER];
        MessageDigest digest = ContentHash.sha256();
        try (InputStream in = stored(part.name())) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                digest.update(buffer, 0, read);
            }
        } catch (IOException e) {
            throw new IllegalStateException(
                    "part " + part.name() + " of " + file + " is damaged (" + e.getMessage() + "): copy it again", e);
        }
        if (!ContentHash.ofDigest(digest.digest()).hex().equals(part.sha256())) {
            throw new IllegalStateException(
                    "part " + part.name() + " of " + file + " is not what was written: copy it again");
        }
    }

    @Override
    public void close() {
        try {
            zip.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close " + file, e);
        }
    }
}
