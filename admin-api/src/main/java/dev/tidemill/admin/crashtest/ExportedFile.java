package dev.tidemill.admin.crashtest;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A reader of exported files that shares nothing with the program's own.
final class ExportedFile {

    private ExportedFile() {}

    /// Every item of every part, whatever part it is in, and what the manifest says beside times and names.
    ///
    /// @throws IllegalStateException when a part is not what the manifest says
    static List<String> lines(Path file) throws IOException {
        List<String> lines = new ArrayList<>();
        try (ZipFile zip = new ZipFile(file.toFile())) {
            JsonNode manifest = JsonMapper.shared().readTree(read(zip, "manifest.json"));
            lines.add("project " + manifest.path("project") + " of " + manifest.path("documents") + " documents by "
                    + sets(manifest));
            int entries = 1;
            for (JsonNode part : manifest.path("parts")) {
                byte[] bytes = read(zip, part.path("name").asString());
                if (!hash("SHA-256", bytes).equals(part.path("sha256").asString())) {
                    throw new IllegalStateException(part.path("name") + " is not what the manifest says");
                }
                List<String> items = items(
                        part.path("kind").asString(), clear(part.path("name").asString(), bytes));
                if (items.size() != part.path("items").asLong()) {
                    throw new IllegalStateException(
                            part.path("name") + " has " + items.size() + " items and is to have " + part.path("items"));
                }
                lines.addAll(items);
                entries++;
            }
            if (zip.size() != entries) {
                throw new IllegalStateException("the file has " + zip.size() + " entries and names " + entries);
            }
        }
        return lines;
    }

    /// What the vectors were made by, without how well their index was found to do and until when they are kept.
    private static List<String> sets(JsonNode manifest) {
        List<String> sets = new ArrayList<>();
        for (JsonNode set : manifest.path("sets")) {
            sets.add(set.path("model") + " " + set.path("fingerprint") + " " + set.path("dimensions") + " "
                    + set.path("type") + " " + set.path("state"));
        }
        return sets;
    }

    private static byte[] clear(String name, byte[] bytes) throws IOException {
        if (!name.endsWith(".zst")) {
            return bytes;
        }
        try (InputStream in = new ZstdInputStreamNoFinalizer(new ByteArrayInputStream(bytes))) {
            return in.readAllBytes();
        }
    }

    private static byte[] read(ZipFile zip, String name) throws IOException {
        ZipEntry entry = zip.getEntry(name);
        if (entry == null) {
            throw new IllegalStateException("the file lacks " + name);
        }
        try (InputStream in = zip.getInputStream(entry)) {
            return in.readAllBytes();
        }
    }

    private static List<String> items(String kind, byte[] bytes) throws IOException {
        List<String> items = new ArrayList<>();
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        switch (kind) {
            case "documents", "questions", "configuration" ->
                new String(bytes, StandardCharsets.UTF_8).lines().forEach(line -> items.add(kind + " " + line));
            case "originals" -> {
                while (in.available() > 0) {
                    String named = HexFormat.of().formatHex(in.readNBytes(32));
                    String found = hash("SHA-256", in.readNBytes((int) in.readLong()));
                    items.add("original " + named + (named.equals(found) ? "" : " with the bytes of " + found));
                }
            }
            case "vectors" -> {
                while (in.available() > 0) {
                    UUID text = new UUID(in.readLong(), in.readLong());
                    items.add("vector " + text + " " + hash("MD5", in.readNBytes(in.readInt())));
                }
            }
            default -> throw new IllegalStateException("the file has a part of the unknown kind " + kind);
        }
        return items;
    }

    private static String hash(String algorithm, byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has " + algorithm, e);
        }
    }
}
