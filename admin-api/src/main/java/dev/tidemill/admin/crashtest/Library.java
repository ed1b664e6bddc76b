package dev.tidemill.admin.crashtest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/// A folder of made-up documents that changes from round to round, the same for the same seed, with a ledger of
/// what must be in the database afterwards.
final class Library {

    private static final String[] WORDS =
            ("tide mill grain wheel sluice pond harbour stone flour gear shaft miller ebb flood"
                            + " current gate axle hopper sack measure weight barge quay rope lantern ledger season harvest storm")
                    .split(" ");

    private static final int SENTENCES = 3;

    private final Path folder;
    private final Random random;
    private final int documents;
    private final TreeMap<String, Entry> ledger = new TreeMap<>();
    private int made;

    /// What the database must hold of a document.
    ///
    /// @param sha256 of its bytes, in hex
    /// @param state readable, refused, or gone from the folder
    record Entry(String sha256, State state) {}

    enum State {
        READABLE,
        REFUSED,
        GONE
    }

    /// @param documents how many the folder holds at first
    Library(Path folder, long seed, int documents) {
        this.folder = folder;
        this.random = new Random(seed);
        this.documents = documents;
    }

    /// The folder as it is at first, or as it is after some of it was added, changed, removed, or broken.
    void turn() {
        if (ledger.isEmpty()) {
            for (int i = 0; i < documents; i++) {
                add();
            }
            poison();
            poison();
            return;
        }
        List<String> readable = new ArrayList<>();
        ledger.forEach((key, entry) -> {
            if (entry.state() == State.READABLE) {
                readable.add(key);
            }
        });
        for (int i = 0; i < Math.max(2, documents / 4) && readable.size() > 2; i++) {
            write(readable.remove(random.nextInt(readable.size())), document(), State.READABLE);
        }
        // One that has not just changed: no ingest would see what it was in between.
        remove(readable.get(random.nextInt(readable.size())));
        for (int i = 0; i < Math.max(3, documents / 2); i++) {
            add();
        }
        poison();
    }

    /// Adds documents that hold a word which no other does.
    ///
    /// @return their keys
    List<String> plant(String word, int count) {
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String key = "planted/doc-%05d.md".formatted(made++);
            write(key, document() + "The word " + word + " stands here.\n", State.READABLE);
            keys.add(key);
        }
        return keys;
    }

    /// Takes documents away as if they had never been.
    void forget(List<String> keys) {
        for (String key : keys) {
            remove(key);
            ledger.remove(key);
        }
    }

    /// Nothing is left of documents that are gone from the folder.
    void forgetGone() {
        ledger.values().removeIf(entry -> entry.state() == State.GONE);
    }

    Path folder() {
        return folder;
    }

    private void add() {
        write("part-%d/doc-%05d.md".formatted(made % 3, made++), document(), State.READABLE);
    }

    /// A file that no reader can make sense of: empty, or a picture.
    private void poison() {
        String key = "bad-%05d.%s".formatted(made, made % 2 == 0 ? "txt" : "bin");
        made++;
        write(key, key.endsWith("txt") ? "" : "GIF89a\0\u0001" + random.nextInt(), State.REFUSED);
    }

    private void remove(String key) {
        try {
            Files.delete(folder.resolve(key));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ledger.computeIfPresent(key, (name, entry) -> new Entry(entry.sha256(), State.GONE));
    }

    private void write(String key, String text, State state) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        try {
            Path file = folder.resolve(key);
            Files.createDirectories(file.getParent());
            Files.write(file, bytes);
            ledger.put(
                    key,
                    new Entry(
                            HexFormat.of()
                                    .formatHex(
                                            MessageDigest.getInstance("SHA-256").digest(bytes)),
                            state));
        } catch (IOException e) {
            throw new UncheckedIOException("the documents of the crash test cannot be written: " + e.getMessage(), e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private String document() {
        StringBuilder text =
                new StringBuilder("# Report ").append(random.nextInt(100_000)).append("\n\n");
        int sections = 1 + random.nextInt(4);
        for (int section = 1; section <= sections; section++) {
            text.append("## Section ").append(section).append("\n\n");
            for (int sentence = 0; sentence < SENTENCES; sentence++) {
                text.append("The");
                for (int word = 0; word < 9; word++) {
                    text.append(' ').append(WORDS[random.nextInt(WORDS.length)]);
                }
                text.append(' ').append(random.nextInt(1_000)).append(". ");
            }
            text.append("\n\n");
        }
        return text.toString();
    }

    /// What must be in the database, by key.
    Map<String, Entry> ledger() {
        return ledger;
    }
}
