package dev.tidemill.admin.documents;

import dev.tidemill.admin.web.BadRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.web.multipart.MultipartFile;

/// The folder of uploads: one for each project, so that the same name handed in again is a new version of the same
/// document.
final class Uploads {

    private static final int LONGEST_NAME = 200;

    private final Path root;

    Uploads(Path root) {
        this.root = root;
    }

    /// A file as it was stored.
    record Stored(Path path, FileTime modified) {}

    Path folder(UUID workspaceId, UUID projectId) {
        return root.resolve(workspaceId.toString()).resolve(projectId.toString());
    }

    /// Stores the files. Each appears under its name at once and whole, whatever else reads the folder.
    List<Stored> store(Path folder, List<MultipartFile> files) {
        List<Stored> stored = new ArrayList<>();
        try {
            Files.createDirectories(folder);
            Path drafts = Files.createDirectories(root.resolve("incoming"));
            for (MultipartFile file : files) {
                Path target = folder.resolve(name(file.getOriginalFilename()));
                Path draft = Files.createTempFile(drafts, "upload-", ".part");
                try {
                    file.transferTo(draft);
                    Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                } finally {
                    Files.deleteIfExists(draft);
                }
                stored.add(new Stored(target, Files.getLastModifiedTime(target)));
            }
            return stored;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot store an upload under " + folder + ": " + e.getMessage(), e);
        }
    }

    /// Removes what the database holds now, unless it was replaced meanwhile.
    static void remove(List<Stored> stored) {
        for (Stored file : stored) {
            try {
                if (Files.exists(file.path())
                        && Files.getLastModifiedTime(file.path()).equals(file.modified())) {
                    Files.delete(file.path());
                }
            } catch (IOException e) {
                throw new UncheckedIOException("cannot remove " + file.path() + ": " + e.getMessage(), e);
            }
        }
    }

    /// The name without any folder in it, refused when nothing safe is left.
    static String name(@Nullable String given) {
        String name = given == null ? "" : given.replace('\\', '/');
        name = name.substring(name.lastIndexOf('/') + 1).strip();
        boolean control = name.chars().anyMatch(Character::isISOControl);
        if (name.isEmpty() || name.equals(".") || name.equals("..") || control || name.length() > LONGEST_NAME) {
            throw new BadRequest(
                    "file",
                    "a file has no usable name: use up to " + LONGEST_NAME + " characters, none of them control");
        }
        // A leading dot would hide the file from whoever lists the folder.
        return name.startsWith(".") ? "_" + name : name;
    }
}
