package dev.tidemill.ingest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/// Made-up documents, the same for the same seed.
final class Corpus {

    private static final String[] WORDS =
            ("tide mill grain wheel sluice pond harbour stone flour gear shaft miller ebb flood"
                            + " current gate axle hopper sack measure weight barge quay rope lantern ledger season harvest storm")
                    .split(" ");

    private Corpus() {}

    /// Writes Markdown files of three sections each.
    static void write(Path folder, int files, long seed) {
        for (int i = 0; i < files; i++) {
            write(folder.resolve("doc-%03d.md".formatted(i)), document(i, seed));
        }
    }

    static String document(int number, long seed) {
        Random random = new Random(seed * 1_000_003 + number);
        StringBuilder text = new StringBuilder("# Report ").append(number).append("\n\n");
        for (int section = 1; section <= 3; section++) {
            text.append("## Section ")
                    .append(section)
                    .append("\n\n")
                    .append(paragraph(random))
                    .append("\n\n");
        }
        return text.toString();
    }

    static String paragraph(Random random) {
        StringBuilder text = new StringBuilder();
        for (int sentence = 0; sentence < 4; sentence++) {
            for (int word = 0; word < 9; word++) {
                text.append(word == 0 ? "The " : " ").append(WORDS[random.nextInt(WORDS.length)]);
            }
            text.append(' ').append(random.nextInt(1000)).append(". ");
        }
        return text.toString().strip();
    }

    static void write(Path file, String text) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
