package dev.tidemill.seal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;

/// Files of what is made once: keys, and what a passphrase needs to become one.
public final class SecretFile {

    private SecretFile() {}

    /// Makes a file that its owner alone may read. It appears under its name whole, on the disk, and never in the place
    /// of another: of several processes that make it at once one succeeds, and one that is killed leaves a draft.
    ///
    /// @param text in UTF-8
    /// @throws java.nio.file.FileAlreadyExistsException when there is one
    public static void create(Path file, String text) throws IOException {
        Path draft = file.resolveSibling(file.getFileName() + ".draft-" + UUID.randomUUID());
        // The rights come with the file, so that there is no moment in which others could read it.
        Files.createFile(draft, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            Files.writeString(draft, text);
            try (FileChannel written = FileChannel.open(draft, StandardOpenOption.WRITE)) {
                written.force(true);
            }
            Files.createLink(file, draft);
        } finally {
            Files.delete(draft);
        }
    }
}
