package dev.tidemill.admin.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Runs again what ran before.
@Command(
        name = "again",
        description = "Run again: a new run with the same parameters, or with some changed.",
        mixinStandardHelpOptions = true)
final class RunAgainCommand implements Callable<Integer> {

    private final Tool tool;

    @Parameters(index = "0", paramLabel = RunIds.LABEL, description = RunIds.DESCRIPTION)
    private String id = "";

    @Parameters(index = "1..*", paramLabel = "name=value", description = "parameters that are to be others")
    private List<String> parameters = new ArrayList<>();

    @Option(names = "--reason", paramLabel = "TEXT", description = "why, for the audit")
    private String reason = "";

    @Mixin
    private Waiting waiting = new Waiting();

    @Mixin
    private Output output = new Output();

    RunAgainCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() {
        Map<String, String> changed = NameValues.of(parameters);
        try (Session session = Session.open(tool)) {
            long run = session.api()
                    .post(
                            "/actuator/runs/" + RunIds.resolve(session.api(), id) + "/again",
                            Map.of("reason", reason, "parameters", changed))
                    .path("runId")
                    .asLong();
            return waiting.tell(tool, session, output, run);
        }
    }
}
