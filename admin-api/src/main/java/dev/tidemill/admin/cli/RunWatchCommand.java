package dev.tidemill.admin.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// Follows a run to its end.
@Command(
        name = "watch",
        description = "Follow a run live to the end of its launch; the exit code says how it ended.",
        mixinStandardHelpOptions = true)
final class RunWatchCommand implements Callable<Integer> {

    private final Tool tool;

    @Parameters(index = "0", paramLabel = RunIds.LABEL, description = RunIds.DESCRIPTION)
    private String id = "";

    @Mixin
    private Waiting waiting = new Waiting();

    @Mixin
    private Output output = new Output();

    RunWatchCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() {
        try (Session session = Session.open(tool)) {
            return waiting.toTheEnd(tool, session, output, RunIds.resolve(session.api(), id));
        }
    }
}
