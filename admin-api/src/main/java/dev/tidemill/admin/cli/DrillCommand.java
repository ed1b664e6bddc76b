package dev.tidemill.admin.cli;

import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/// Restore drills: run, and their trend.
@Command(
        name = "drill",
        description = "List restore drills, newest first, with what they measured.",
        mixinStandardHelpOptions = true)
final class DrillCommand implements Callable<Integer> {

    private final Tool tool;

    @Option(names = "--limit", description = "how many, 1 to 500 (default: ${DEFAULT-VALUE})", defaultValue = "10")
    private int limit = 10;

    @Mixin
    private Output output = new Output();

    private DrillCommand(Tool tool) {
        this.tool = tool;
    }

    static CommandLine with(Tool tool) {
        return new CommandLine(new DrillCommand(tool))
                .addSubcommand("list", new DrillCommand(tool))
                .addSubcommand(new Run(tool));
    }

    @Override
    public Integer call() {
        try (Session session = Session.open(tool)) {
            JsonNode drills = session.api().get("/actuator/backups/drills?limit=" + limit);
            if (output.json()) {
                tool.out().println(Output.pretty(drills));
                return ExitCode.OK;
            }
            if (drills.isEmpty()) {
                tool.out().println("No drills: tidemill drill run makes one.");
            }
            drills.forEach(drill -> BackupText.drill(drill, tool.out()));
            return ExitCode.OK;
        }
    }

    /// Restores a backup to scratch and looks through it.
    @Command(
            name = "run",
            description = "Restore a backup to scratch, compare it, ask it questions, remove it.",
            mixinStandardHelpOptions = true)
    static final class Run implements Callable<Integer> {
        private final Tool tool;

        @Mixin
        private BackupId id = new BackupId();

        @Mixin
        private Waiting waiting = new Waiting();

        @Mixin
        private Output output = new Output();

        Run(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                long run = session.api()
                        .post(BackupCommand.path(id.toString()) + "/drill", Map.of())
                        .path("runId")
                        .asLong();
                return waiting.tell(tool, session, output, run);
            }
        }
    }
}
