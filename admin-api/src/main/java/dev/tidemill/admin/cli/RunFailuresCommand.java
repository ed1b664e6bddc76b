package dev.tidemill.admin.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Shows the exceptions that ended a run.
@Command(
        name = "failures",
        description = "Show the exceptions of a run whole, those of earlier and later tries too.",
        mixinStandardHelpOptions = true)
final class RunFailuresCommand implements Callable<Integer> {

    private final Tool tool;

    @Parameters(index = "0", paramLabel = RunIds.LABEL, description = RunIds.DESCRIPTION)
    private String id = "";

    @Mixin
    private Output output = new Output();

    RunFailuresCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() {
        try (Session session = Session.open(tool)) {
            long run = RunIds.resolve(session.api(), id);
            JsonNode failures = session.api().get("/actuator/runs/" + run).path("failures");
            if (output.json()) {
                tool.out().println(Output.pretty(failures));
                return ExitCode.OK;
            }
            if (failures.isEmpty()) {
                tool.out().println("run " + run + " has no failures");
            }
            for (JsonNode failure : failures) {
                tool.out()
                        .println("run " + failure.path("runId").asLong() + "  "
                                + failure.path("at").asString("") + "  step "
                                + failure.path("step").asString("-") + "  "
                                + failure.path("kind").asString(""));
                tool.out().println(failure.path("stack").asString("").stripTrailing());
            }
            return ExitCode.OK;
        }
    }
}
