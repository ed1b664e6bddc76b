package dev.tidemill.extract;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a reader found out about a document besides its text.
///
/// @param title as the format states it, not yet judged
record Found(@Nullable String title, String mediaType, Map<String, String> metadata) {

    private static final int MAX_TITLE = 300;
    private static final int MAX_VALUE = 1_000;

    Found {
        metadata = Map.copyOf(metadata);
    }

    static Found of(Format format) {
        return new Found(null, format.mediaType(), Map.of());
    }

    static Found titled(Format format, @Nullable String title) {
        return new Found(title, format.mediaType(), Map.of());
    }

    /// A title as people write them, or null: program names, placeholders and file names left in the title field by
    /// the program that wrote the file are none.
    static @Nullable String judgeTitle(@Nullable String stated) {
        if (stated == null) {
            return null;
        }
        String title = BlockSink.collapse(BlockSink.clean(stated));
        for (String program : new String[] {"Microsoft Word - ", "Microsoft PowerPoint - ", "Microsoft Excel - "}) {
            if (title.startsWith(program)) {
                title = title.substring(program.length());
            }
        }
        if (BlockSink.isBlank(title) || isPlaceholder(title) || looksLikeFileName(title)) {
            return null;
        }
        return title.length() > MAX_TITLE
                ? title.substring(0, BlockSink.cutPoint(title, MAX_TITLE)).strip()
                : title;
    }

    private static boolean isPlaceholder(String title) {
        return switch (title.toLowerCase(Locale.ROOT)) {
            case "untitled",
                    "untitled document",
                    "no title",
                    "(anonymous)",
                    "title",
                    "document",
                    "powerpoint presentation",
                    "slide 1" -> true;
            default -> false;
        };
    }

    private static boolean looksLikeFileName(String title) {
        int dot = title.lastIndexOf('.');
        if (dot < 1 || title.length() - dot > 6) {
            return false;
        }
        return switch (title.substring(dot + 1).toLowerCase(Locale.ROOT)) {
            case "doc",
                    "docx",
                    "dot",
                    "dotx",
                    "xls",
                    "xlsx",
                    "ppt",
                    "pptx",
                    "rtf",
                    "txt",
                    "odt",
                    "pdf",
                    "ps",
                    "dvi",
                    "tex",
                    "indd",
                    "qxd",
                    "pmd",
                    "fm",
                    "wpd",
                    "htm",
                    "html",
                    "tmp",
                    "eps",
                    "ai",
                    "cdr",
                    "pub",
                    "xml" -> true;
            default -> false;
        };
    }

    /// Metadata with blank values left out and long ones cut.
    static final class Facts {

        private final Map<String, String> facts = new LinkedHashMap<>();

        Facts put(String name, @Nullable String value) {
            if (value != null) {
                String text = BlockSink.collapse(BlockSink.clean(value));
                if (!BlockSink.isBlank(text)) {
                    facts.put(name, text.substring(0, BlockSink.cutPoint(text, MAX_VALUE)));
                }
            }
            return this;
        }

        Map<String, String> asMap() {
            return facts;
        }
    }
}
