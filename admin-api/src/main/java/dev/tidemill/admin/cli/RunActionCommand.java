package dev.tidemill.admin.cli;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Stops, resumes or abandons a run.
@Command(mixinStandardHelpOptions = true)
final class RunActionCommand implements Callable<Integer> {

    /// What is done, by the name of its endpoint.
    enum Action {
        STOP("Stop a run after its current chunk; it can be resumed."),
        RESUME("Go on with a run from its failed step."),
        ABANDON("Give a run up for good.");

        private final String description;

        Action(String description) {
            this.description = description;
        }
    }

    private final Tool tool;
    private final Action action;

    @Parameters(index = "0", paramLabel = RunIds.LABEL, description = RunIds.DESCRIPTION)
    private String id = "";

    @Option(names = "--reason", paramLabel = "TEXT", description = "why, for the audit")
    private String reason = "";

    @Mixin
    private Waiting waiting = new Waiting();

    @Mixin
    private Output output = new Output();

    private RunActionCommand(Tool tool, Action action) {
        this.tool = tool;
        this.action = action;
    }

    static CommandLine of(Tool tool, Action action) {
        CommandLine line = new CommandLine(new RunActionCommand(tool, action));
        line.getCommandSpec().usageMessage().description(action.description);
        return line;
    }

    @Override
    public Integer call() {
        try (Session session = Session.open(tool)) {
            long run = session.api()
                    .post(
                            "/actuator/runs/" + RunIds.resolve(session.api(), id) + "/"
                                    + action.name().toLowerCase(Locale.ROOT),
                            Map.of("reason", reason))
                    .path("runId")
                    .asLong();
            return switch (action) {
                case RESUME -> waiting.tell(tool, session, output, run);
                // Asked for is done: how the run ended is not how the command did.
                case STOP, ABANDON -> {
                    waiting.tell(tool, session, output, run);
                    yield ExitCode.OK;
                }
            };
        }
    }
}
