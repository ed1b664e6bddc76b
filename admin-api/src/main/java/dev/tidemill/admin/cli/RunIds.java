package dev.tidemill.admin.cli;

import java.util.List;
import tools.jackson.databind.JsonNode;

/// Runs as they are named on the command line: by id, or by what they are.
final class RunIds {

    static final String LABEL = "ID";
    static final String DESCRIPTION = "run: its id, latest or last-failed";

    private RunIds() {}

    static long resolve(Api api, String given) {
        return switch (given) {
            case "latest" -> newest(api, List.of(""), "there is no run yet");
            case "last-failed" -> newest(api, List.of("&state=FAILED", "&state=NEEDS_OPERATOR"), "no run has failed");
            default -> number(given);
        };
    }

    private static long number(String given) {
        try {
            return Long.parseLong(given);
        } catch (NumberFormatException e) {
            throw new CommandFailed(
                    ExitCode.USAGE, "\"" + given + "\" is no run: use the id of one, latest or last-failed");
        }
    }

    private static long newest(Api api, List<String> filters, String none) {
        long newest = -1;
        for (String filter : filters) {
            for (JsonNode run : api.get("/actuator/runs?limit=1" + filter)) {
                newest = Math.max(newest, run.path("id").asLong());
            }
        }
        if (newest < 0) {
            throw new CommandFailed(ExitCode.NOT_FOUND, none);
        }
        return newest;
    }
}
