package dev.tidemill.admin.cli;

import java.io.Console;
import java.util.Locale;
import picocli.CommandLine.Option;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// The option `-o` and the printing of JSON.
final class Output {

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
            .build();

    enum Form {
        table,
        json
    }

    @Option(
            names = {"-o", "--output"},
            description = "table or json (default: ${DEFAULT-VALUE})",
            defaultValue = "table")
    private Form form = Form.table;

    boolean json() {
        return form == Form.json;
    }

    /// Whether a person looks at the screen.
    @SuppressWarnings("SystemConsoleNull") // a runtime without the line editor has none
    static boolean terminal() {
        Console console = System.console();
        return console != null && console.isTerminal();
    }

    static String pretty(Object value) {
        return JSON.writeValueAsString(value);
    }

    static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /// On one line, cut to a width.
    static String shortened(String text, int width) {
        String line = text.strip().replaceAll("\\s+", " ");
        return line.codePointCount(0, line.length()) <= width
                ? line
                : line.substring(0, line.offsetByCodePoints(0, width - 1)) + "…";
    }
}
