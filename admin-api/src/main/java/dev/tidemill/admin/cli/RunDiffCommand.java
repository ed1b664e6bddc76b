package dev.tidemill.admin.cli;

import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Shows how two runs differ.
@Command(
        name = "diff",
        description = "Show how two runs differ: parameters, counts, duration, settings, version, outcome.",
        mixinStandardHelpOptions = true)
final class RunDiffCommand implements Callable<Integer> {

    private static final String COLUMNS = "  %-18s %24s %24s%n";

    private final Tool tool;

    @Parameters(index = "0", paramLabel = "A", description = RunIds.DESCRIPTION)
    private String one = "";

    @Parameters(index = "1", paramLabel = "B", description = RunIds.DESCRIPTION)
    private String other = "";

    @Mixin
    private Output output = new Output();

    RunDiffCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() {
        try (Session session = Session.open(tool)) {
            Api api = session.api();
            JsonNode diff =
                    api.get("/actuator/runs/" + RunIds.resolve(api, one) + "/diff/" + RunIds.resolve(api, other));
            if (output.json()) {
                tool.out().println(Output.pretty(diff));
                return ExitCode.OK;
            }
            JsonNode left = diff.path("one");
            JsonNode right = diff.path("other");
            for (String field :
                    new String[] {"id", "job", "state", "attempt", "seconds", "refused", "configHash", "codeVersion"}) {
                row(field, left.path(field).asString("-"), right.path(field).asString("-"));
            }
            for (JsonNode parameter : diff.path("parameters")) {
                row(
                        parameter.path("name").asString(""),
                        parameter.path("one").asString("-"),
                        parameter.path("other").asString("-"));
            }
            for (JsonNode step : diff.path("steps")) {
                row(step.path("name").asString(""), counts(step.path("one")), counts(step.path("other")));
            }
            return ExitCode.OK;
        }
    }

    private void row(String name, String left, String right) {
        tool.out()
                .printf(Locale.ROOT, left.equals(right) ? COLUMNS : COLUMNS.replaceFirst("^ ", "*"), name, left, right);
    }

    private static String counts(JsonNode step) {
        return step.isMissingNode()
                ? "-"
                : Output.number(step.path("written").asLong(0)) + " done, "
                        + Output.number(step.path("refused").asLong(0)) + " refused";
    }
}
