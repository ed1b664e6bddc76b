package dev.tidemill.chunk;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/// Makes the context header of a section: title › heading › heading, within its share of the tokens.
final class ContextHeader {

    private static final String SEPARATOR = " › ";
    private static final int LONGEST_PART = 160;
    private static final int SHORTEST_PART = 8;

    private final @Nullable String title;
    private final ToIntFunction<String> tokens;
    private final int budget;

    /// Makes headers for one document.
    ///
    /// @param tokens counts tokens without special ones
    /// @param budget the most tokens of a header
    ContextHeader(@Nullable String title, ToIntFunction<String> tokens, int budget) {
        String oneLine = title == null ? "" : oneLine(title);
        this.title = oneLine.isEmpty() ? null : oneLine;
        this.tokens = tokens;
        this.budget = budget;
    }

    Section section(int number, List<String> path) {
        List<String> parts = new ArrayList<>();
        if (title != null) {
            parts.add(title);
        }
        for (String heading : path) {
            if (parts.isEmpty() || !parts.getLast().equalsIgnoreCase(heading)) {
                parts.add(heading);
            }
        }
        while (true) {
            String header = String.join(SEPARATOR, parts);
            int count = header.isEmpty() ? 0 : tokens.applyAsInt(header);
            if (count <= budget) {
                return new Section(number, List.copyOf(path), header, count);
            }
            shorten(parts);
        }
    }

    /// Title and innermost heading say most, so those between go first, the outermost before the others.
    private static void shorten(List<String> parts) {
        if (parts.size() > 2) {
            parts.remove(1);
            return;
        }
        int longest = parts.size() == 2 && parts.get(1).length() > parts.get(0).length() ? 1 : 0;
        String part = parts.get(longest);
        if (part.length() <= SHORTEST_PART) {
            parts.remove(longest);
        } else {
            parts.set(longest, shorten(part, part.length() * 2 / 3));
        }
    }

    /// A heading or title on one line and not endless.
    static String oneLine(String text) {
        String line = text.replaceAll("[\\s\\u00a0]+", " ").strip();
        return line.length() <= LONGEST_PART ? line : shorten(line, LONGEST_PART);
    }

    private static String shorten(String text, int length) {
        int end = length - 1;
        int space = text.lastIndexOf(' ', end);
        if (space > end / 2) {
            end = space;
        } else if (Character.isHighSurrogate(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(0, end) + "…";
    }
}
