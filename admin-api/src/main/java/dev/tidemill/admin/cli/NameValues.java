package dev.tidemill.admin.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Parameters as words of the form `name=value`.
final class NameValues {

    private NameValues() {}

    static Map<String, String> of(List<String> words) {
        Map<String, String> values = new LinkedHashMap<>();
        for (String word : words) {
            int border = word.indexOf('=');
            if (border < 1) {
                throw new CommandFailed(ExitCode.USAGE, "\"" + word + "\" is no parameter: use name=value");
            }
            if (values.put(word.substring(0, border), word.substring(border + 1)) != null) {
                throw new CommandFailed(ExitCode.USAGE, "parameter " + word.substring(0, border) + " is given twice");
            }
        }
        return values;
    }
}
