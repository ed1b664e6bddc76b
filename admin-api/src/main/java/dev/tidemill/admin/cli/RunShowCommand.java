package dev.tidemill.admin.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Shows a run with its steps and what was refused.
@Command(
        name = "show",
        description = "Show a run: steps, counts, what failed and what was refused.",
        mixinStandardHelpOptions = true)
final class RunShowCommand implements Callable<Integer> {

    private final Tool tool;

    @Parameters(index = "0", paramLabel = RunIds.LABEL, description = RunIds.DESCRIPTION)
    private String id = "";

    @Mixin
    private Output output = new Output();

    RunShowCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() {
        try (Session session = Session.open(tool)) {
            return show(tool, session, output, id);
        }
    }

    static int show(Tool tool, Session session, Output output, String id) {
        JsonNode run = session.api().get("/actuator/runs/" + RunIds.resolve(session.api(), id));
        if (output.json()) {
            tool.out().println(Output.pretty(run));
        } else {
            RunText.summary(run, session.api(), tool.out());
            RunText.background(run, tool.out());
        }
        return ExitCode.OK;
    }
}
