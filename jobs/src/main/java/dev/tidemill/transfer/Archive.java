package dev.tidemill.transfer;

import dev.tidemill.document.ContentHash;
import dev.tidemill.run.InvalidParameter;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// An exported file, open for reading.
final class Archive implements Closeable {

    private final Path file;
    private final ZipFile zip;
    private final Manifest manifest;

    private Archive(Path file, ZipFile zip, Manifest manifest) {
        this.file = file;
        this.zip = zip;
        this.manifest = manifest;
    }

    /// Opens a file and reads its manifest.
    ///
    /// @throws InvalidParameter when it is no exported file, or of a format that this program does not read
    static Archive open(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new InvalidParameter("file", file + " does not exist: name a file that export wrote");
        }
        try {
            ZipFile zip = new ZipFile(file.toFile());
            try {
                return new Archive(file, zip, manifest(file, zip));
            } catch (RuntimeException | IOException e) {
                zip.close();
                throw e;
            }
        } catch (IOException e) {
            throw new InvalidParameter("file", file + " is no file that export wrote: " + e.getMessage());
        }
    }

    private static Manifest manifest(Path file, ZipFile zip) throws IOException {
        ZipEntry entry = zip.getEntry(Manifest.ENTRY);
        if (entry == null) {
            throw new InvalidParameter(
                    "file", file + " holds no " + Manifest.ENTRY + ": name a file that export wrote");
        }
        try (InputStream in = zip.getInputStream(entry)) {
            Manifest manifest = JsonMapper.shared().readValue(in, Manifest.class);
            if (!Manifest.FORMAT.equals(manifest.format())) {
                throw new InvalidParameter("file", file + " is of the format " + manifest.format());
            }
            if (manifest.version() > Manifest.VERSION) {
                throw new InvalidParameter(
                        "file",
                        file + " is of version " + manifest.version() + " of the format, this program reads up to "
                                + Manifest.VERSION + ": import it with a newer one");
            }
            return manifest;
        } catch (JacksonException e) {
            throw new InvalidParameter(
                    "file", Manifest.ENTRY + " of " + file + " cannot be read: " + e.getOriginalMessage());
        }
    }

    Manifest manifest() {
        return manifest;
    }

    List<Manifest.Part> parts(String kind) {
        return manifest.parts().stream()
                .filter(part -> part.kind().equals(kind))
                .toList();
    }

    InputStream read(Manifest.Part part) throws IOException {
        ZipEntry entry = zip.getEntry(part.name());
        if (entry == null) {
            throw new IllegalStateException(file + " lacks its part " + part.name() + ": copy it again");
        }
        return new BufferedInputStream(zip.getInputStream(entry), 1 << 16);
    }

    /// Reads everything once.
    ///
    /// @throws IllegalStateException naming the first part that is not as it was written
    void verify() {
        for (Manifest.Part part : manifest.parts()) {
            MessageDigest digest = ContentHash.sha256();
            try (InputStream in = new DigestInputStream(read(part), digest)) {
                in.transferTo(OutputStream.nullOutputStream());
            } catch (IOException e) {
                throw new IllegalStateException(
                        "part " + part.name() + " of " + file + " is damaged (" + e.getMessage() + "): copy it again",
                        e);
            }
            if (!ContentHash.ofDigest(digest.digest()).hex().equals(part.sha256())) {
                throw new IllegalStateException(
                        "part " + part.name() + " of " + file + " is not what was written: copy it again");
            }
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
