package dev.tidemill.source;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// Opens the listing of any source.
public final class Sources {

    private final WebLimits webLimits;
    private final Path spool;

    /// @param spool folder for downloads
    public Sources(WebLimits webLimits, Path spool) {
        this.webLimits = webLimits;
        this.spool = spool;
    }

    /// The form of a location under which it is stored, so that one source is not two.
    ///
    /// @throws SourceUnavailable when there is nothing there
    public static String normalize(SourceType type, String location) {
        if (type == SourceType.URLS && WebListing.isAddress(location)) {
            return location.strip();
        }
        Path path = Path.of(location);
        if (!Files.exists(path)) {
            throw new SourceUnavailable(location + " does not exist: name an existing "
                    + (type == SourceType.JSONL ? "file" : "folder or file"));
        }
        if (!Files.isReadable(path)) {
            throw new SourceUnavailable(location + " is not readable for the user that runs Tidemill");
        }
        try {
            return path.toRealPath().toString();
        } catch (IOException e) {
            throw new SourceUnavailable(location + " cannot be read: " + e.getMessage(), e);
        }
    }

    /// Lists a source at its normalized location.
    public Listing open(SourceType type, String location) {
        try {
            return switch (type) {
                case DIRECTORY, UPLOAD -> files(Path.of(normalize(type, location)));
                case JSONL -> new JsonlListing(Path.of(normalize(type, location)));
                case URLS -> new WebListing(normalize(type, location), webLimits, spool);
            };
        } catch (IOException e) {
            throw new SourceUnavailable(location + " cannot be listed: " + e.getMessage(), e);
        }
    }

    private static Listing files(Path path) throws IOException {
        return Files.isDirectory(path) ? new DirectoryListing(path) : new SingleFile(path);
    }

    private record SingleFile(Path path, AtomicBoolean done) implements Listing {
        SingleFile(Path path) {
            this(path, new AtomicBoolean());
        }

        @Override
        public @Nullable SourceItem next() {
            if (done.getAndSet(true)) {
                return null;
            }
            try {
                return DirectoryListing.item(
                        path, path, Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS));
            } catch (IOException e) {
                throw new SourceUnavailable(path + " cannot be read: " + e.getMessage(), e);
            }
        }

        @Override
        public long total() {
            return 1;
        }

        @Override
        public void close() {}
    }
}
