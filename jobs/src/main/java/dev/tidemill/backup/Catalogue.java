package dev.tidemill.backup;

import dev.tidemill.document.ContentHash;
import java.io.BufferedInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// The backups in a target. What lies there is the truth: a database that was lost does not have to be asked.
final class Catalogue {

    static final String MANIFEST = "manifest.json";
    static final String MAC = "manifest.mac";
    static final String MARKS = "marks.json";

    private static final Logger log = LoggerFactory.getLogger(Catalogue.class);
    /// What a backup is called: nothing else in a target is ever taken for what one left.
    private static final Pattern ID = Pattern.compile("[0-9]{8}T[0-9]{6}Z-[a-z]+-[0-9a-f]{4}");

    private static final int LARGEST_MANIFEST = 64 << 20;
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private final Target target;
    private final Keys keys;

    Catalogue(Target target, Keys keys) {
        this.target = target;
        this.keys = keys;
    }

    Target target() {
        return target;
    }

    Keys keys() {
        return keys;
    }

    /// A backup whose manifest was read and found true.
    record Archive(Manifest manifest, SecretKey dataKey, Target target) {

        String path(Manifest.Part part) {
            return manifest.id() + "/" + part.name();
        }

        /// The part as it was before it was sealed and compressed. Reading it to its end proves it.
        InputStream open(Manifest.Part part) throws IOException {
            return Parts.opened(
                    new BufferedInputStream(target.open(path(part)), 1 << 16),
                    dataKey,
                    sealedName(manifest.id(), part.name()));
        }

        /// What is wrong with a part, null for nothing: reads it whole.
        @Nullable
        String check(Manifest.Part part) throws IOException {
            MessageDigest sha256 = ContentHash.sha256();
            long size = 0;
            try (InputStream in = new DigestInputStream(target.open(path(part)), sha256)) {
                byte[] buffer = new byte[1 << 16];
                for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                    size += read;
                }
            } catch (NoSuchFileException | FileNotFoundException e) {
                return part.name() + ": missing";
            }
            if (size != part.bytes()) {
                return part.name() + ": size invalid, " + size + " bytes instead of " + part.bytes();
            }
            return HexFormat.of().formatHex(sha256.digest()).equals(part.sha256())
                    ? null
                    : part.name() + ": checksum invalid";
        }
    }

    static String sealedName(String backup, String part) {
        return backup + "/" + part;
    }

    /// One line of the catalogue.
    ///
    /// @param manifest null when it cannot be read; marks then say why
    record Entry(String id, @Nullable Manifest manifest, Marks marks) {

        boolean whole() {
            return manifest != null && marks.damage().isEmpty();
        }
    }

    /// Every backup, what shows the latest moment first: the ids of two of one second say nothing of their order. One
    /// that cannot be read is listed by when its manifest was written, with what is wrong with it.
    List<Entry> list() {
        Map<String, Instant> ids = ids();
        List<Entry> entries = new ArrayList<>();
        for (String id : ids.keySet()) {
            entries.add(entry(id));
        }
        entries.sort(Comparator.comparing((Entry entry) -> moment(entry, ids))
                .thenComparing(Entry::id)
                .reversed());
        return entries;
    }

    private static Instant moment(Entry entry, Map<String, Instant> written) {
        return entry.manifest() == null
                ? written.getOrDefault(entry.id(), Instant.EPOCH)
                : entry.manifest().snapshotAt();
    }

    private Entry entry(String id) {
        try {
            Archive archive = open(id);
            return new Entry(id, archive.manifest(), marks(archive));
        } catch (BackupDamaged e) {
            return new Entry(id, null, Marks.NONE.damaged(String.valueOf(e.getMessage()), Instant.now()));
        }
    }

    Optional<Entry> find(String id) {
        return ids().containsKey(id) ? Optional.of(entry(id)) : Optional.empty();
    }

    /// Ids of everything that has a manifest, with when it was written.
    private Map<String, Instant> ids() {
        Map<String, Instant> ids = new LinkedHashMap<>();
        for (Target.Entry file : listed("")) {
            if (file.name().endsWith("/" + MANIFEST)
                    && file.name().indexOf('/') == file.name().lastIndexOf('/')) {
                ids.put(file.name().substring(0, file.name().indexOf('/')), file.at());
            }
        }
        return ids;
    }

    private List<Target.Entry> listed(String prefix) {
        try {
            return target.list(prefix);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "the backups in " + target.description() + " cannot be listed: " + e.getMessage(), e);
        }
    }

    /// The newest whole backup that a database can be made of.
    Optional<Entry> latest() {
        return list().stream()
                .filter(entry -> entry.manifest() != null
                        && entry.whole()
                        && entry.manifest().scope() == Manifest.Scope.FULL)
                .findFirst();
    }

    /// Reads a manifest and proves it.
    ///
    /// @throws BackupDamaged when it is missing, changed, or locked with a key that is not here
    Archive open(String id) {
        byte[] content;
        String mac;
        try {
            content = target.read(id + "/" + MANIFEST, LARGEST_MANIFEST);
            mac = new String(target.read(id + "/" + MAC, 1000), StandardCharsets.US_ASCII);
        } catch (NoSuchFileException | FileNotFoundException e) {
            throw new BackupDamaged(
                    "backup " + id + " in " + target.description() + " has no manifest or no " + MAC
                            + ": it is not whole",
                    e);
        } catch (IOException e) {
            throw new UncheckedIOException("the manifest of backup " + id + " cannot be read: " + e.getMessage(), e);
        }
        Manifest manifest;
        try {
            manifest = JSON.readValue(content, Manifest.class);
        } catch (JacksonException e) {
            throw new BackupDamaged("the manifest of backup " + id + " is damaged: it cannot be read", e);
        }
        if (manifest.format() != Manifest.FORMAT || !id.equals(manifest.id())) {
            throw new BackupDamaged("the manifest of backup " + id + " is damaged, or of another program: it says"
                    + " format " + manifest.format() + " and id " + manifest.id());
        }
        SecretKey dataKey = keys.unwrap(manifest.key(), id);
        String expected = Keys.mac(dataKey, "manifest", content) + "\n";
        if (!MessageDigest.isEqual(
                expected.getBytes(StandardCharsets.US_ASCII), mac.getBytes(StandardCharsets.US_ASCII))) {
            throw new BackupDamaged("the manifest of backup " + id + " is damaged: it is not what was written");
        }
        return new Archive(manifest, dataKey, target);
    }

    /// Writes the manifest last of all, and reads it back.
    Archive seal(Manifest manifest, SecretKey dataKey) throws IOException {
        byte[] content = JSON.writeValueAsBytes(manifest);
        byte[] mac = (Keys.mac(dataKey, "manifest", content) + "\n").getBytes(StandardCharsets.US_ASCII);
        target.put(manifest.id() + "/" + MAC, mac, false);
        requireKept(manifest.id() + "/" + MAC, mac);
        try {
            target.put(manifest.id() + "/" + MANIFEST, content, true);
        } catch (FileAlreadyExistsException e) {
            // The store took it and its answer was lost. Of another one the seal would not be the right one.
            log.info("backup {} has its manifest already", manifest.id());
        }
        requireKept(manifest.id() + "/" + MANIFEST, content);
        return open(manifest.id());
    }

    private void requireKept(String name, byte[] content) throws IOException {
        try {
            if (Arrays.equals(target.read(name, content.length), content)) {
                return;
            }
        } catch (NoSuchFileException | FileNotFoundException e) {
            throw new TargetUnavailable(
                    name + " is not in " + target.description() + ", although the target said that it took it", e);
        }
        throw new TargetUnavailable(
                name + " in " + target.description() + " holds other bytes than were written to it");
    }

    private record SealedMarks(Marks marks, String mac) {}

    /// What was noted about a backup; nothing when the notes are missing or were changed.
    Marks marks(Archive archive) {
        String name = archive.manifest().id() + "/" + MARKS;
        try {
            SealedMarks sealed = JSON.readValue(target.read(name, 100_000), SealedMarks.class);
            if (MessageDigest.isEqual(
                    mac(archive, sealed.marks()).getBytes(StandardCharsets.US_ASCII),
                    sealed.mac().getBytes(StandardCharsets.US_ASCII))) {
                return sealed.marks();
            }
            log.warn("{} is not what was written: it counts for nothing", name);
            return Marks.NONE;
        } catch (NoSuchFileException | FileNotFoundException e) {
            return Marks.NONE;
        } catch (JacksonException e) {
            log.warn("{} cannot be read: it counts for nothing", name);
            return Marks.NONE;
        } catch (IOException e) {
            throw new UncheckedIOException(name + " cannot be read: " + e.getMessage(), e);
        }
    }

    void mark(Archive archive, Marks marks) {
        String name = archive.manifest().id() + "/" + MARKS;
        try {
            target.put(name, JSON.writeValueAsBytes(new SealedMarks(marks, mac(archive, marks))), false);
        } catch (IOException e) {
            throw new UncheckedIOException(name + " cannot be written: " + e.getMessage(), e);
        }
    }

    private static String mac(Archive archive, Marks marks) {
        return Keys.mac(archive.dataKey(), "marks", JSON.writeValueAsBytes(marks));
    }

    /// Removes a backup: its manifest first, so that what is left of a broken-off removal is no backup.
    void delete(String id) throws IOException {
        target.delete(id + "/" + MANIFEST);
        for (Target.Entry file : target.list(id + "/")) {
            target.delete(file.name());
        }
    }

    /// Removes what a backup has in its folder beside these parts.
    void deleteOthers(Manifest manifest) throws IOException {
        List<String> kept = new ArrayList<>(List.of(MANIFEST, MAC, MARKS));
        manifest.parts().forEach(part -> kept.add(part.name()));
        for (Target.Entry file : target.list(manifest.id() + "/")) {
            if (!kept.contains(file.name().substring(manifest.id().length() + 1))) {
                target.delete(file.name());
            }
        }
        // Nobody writes to a backup that has its manifest.
        target.cleanUp(manifest.id() + "/", Instant.now());
    }

    /// Folders without a manifest in which nothing was written for long: what broken-off backups left.
    List<String> leftovers(Instant before) {
        Map<String, Instant> newest = new LinkedHashMap<>();
        for (Target.Entry file : listed("")) {
            int slash = file.name().indexOf('/');
            if (slash > 0 && ID.matcher(file.name().substring(0, slash)).matches()) {
                newest.merge(file.name().substring(0, slash), file.at(), (a, b) -> a.isAfter(b) ? a : b);
            }
        }
        newest.keySet().removeAll(ids().keySet());
        newest.values().removeIf(at -> !at.isBefore(before));
        return List.copyOf(newest.keySet());
    }
}
