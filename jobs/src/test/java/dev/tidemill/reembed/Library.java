package dev.tidemill.reembed;

import dev.tidemill.store.GoldenSets.Expected;
import dev.tidemill.store.GoldenSets.Judged;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Made-up documents, each about things that no other is about, and questions that only one of them answers.
final class Library {

    private static final String[] SYLLABLES =
            "bar bel cor dan dor fen gal han ild jor kal lim mon nor pel quin ras sol tam ulv ver wen yar zel"
                    .split(" ");

    private Library() {}

    static void write(Path folder, int from, int to) {
        for (int i = from; i < to; i++) {
            write(folder.resolve(name(i)), document(i));
        }
    }

    static void write(Path file, String text) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String name(int number) {
        return "doc-%03d.md".formatted(number);
    }

    private static List<String> names(int number) {
        Random random = new Random(number * 7_919L + 13);
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            StringBuilder name = new StringBuilder();
            for (int syllable = 0; syllable < 3; syllable++) {
                name.append(SYLLABLES[random.nextInt(SYLLABLES.length)]);
            }
            names.add(name.toString());
        }
        return names;
    }

    static String document(int number) {
        List<String> names = names(number);
        return """
                # About %1$s

                ## Where it stands

                The mill of %1$s stands at the quay of %2$s and was built for the harbour company long ago.

                ## How it works

                The miller of %3$s lets the water of %2$s into the pond, and grinds for the town of %1$s at low tide.
                """.formatted(names.get(0), names.get(1), names.get(2));
    }

    static List<Judged> questions(int from, int to) {
        List<Judged> questions = new ArrayList<>();
        for (int i = from; i < to; i++) {
            List<String> names = names(i);
            questions.add(new Judged(
                    "q%03d".formatted(i),
                    "Which miller of " + names.get(2) + " grinds for the town of " + names.get(0) + "?",
                    List.of(new Expected(name(i), 1, "grinds for the town of " + names.get(0)))));
        }
        return questions;
    }
}
