package dev.tidemill.admin.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Lists runs, or shows one.
@Command(name = "runs", description = "List runs, newest first, or show one.", mixinStandardHelpOptions = true)
final class RunsCommand implements Callable<Integer> {

    private final Tool tool;

    @Parameters(index = "0", arity = "0..1", paramLabel = RunIds.LABEL, description = "show this " + RunIds.DESCRIPTION)
    private @Nullable String id;

    @Option(names = "--job", paramLabel = "JOB", description = "of this job")
    private @Nullable String job;

    @Option(
            names = "--state",
            paramLabel = "STATE",
            description = "queued, running, stopping, retrying, stopped, failed,"
                    + " needs_operator, completed, completed_with_skips or abandoned")
    private @Nullable String state;

    @Option(names = "--status", paramLabel = "STATUS", description = "of the execution, as the job repository has it")
    private @Nullable String status;

    @Option(
            names = "--from",
            paramLabel = "TIME",
            description = "asked for at or after: 2026-02-01 or 2026-02-01T08:00:00Z")
    private @Nullable String from;

    @Option(names = "--to", paramLabel = "TIME", description = "asked for before")
    private @Nullable String to;

    @Option(names = "--parameter", paramLabel = "NAME:VALUE", description = "with this parameter; may be repeated")
    private List<String> parameters = new ArrayList<>();

    @Option(
            names = "--text",
            paramLabel = "TEXT",
            description = "in subject, reason, message, a parameter or a failure")
    private @Nullable String text;

    @Option(names = "--origin", paramLabel = "ORIGIN", description = "asked for by this: api, schedule:nightly …")
    private @Nullable String origin;

    @Option(names = "--before", paramLabel = "ID", description = "with lower ids: the next page")
    private @Nullable Long before;

    @Option(names = "--limit", description = "how many, 1 to 500 (default: ${DEFAULT-VALUE})", defaultValue = "20")
    private int limit = 20;

    @Mixin
    private Output output = new Output();

    RunsCommand(Tool tool) {
        this.tool = tool;
    }

    static CommandLine with(Tool tool) {
        CommandLine line = new CommandLine(new RunsCommand(tool))
                .addSubcommand(new RunShowCommand(tool))
                .addSubcommand(new RunWatchCommand(tool))
                .addSubcommand(new RunFailuresCommand(tool))
                .addSubcommand(new RunDiffCommand(tool))
                .addSubcommand(new RunAgainCommand(tool));
        for (RunActionCommand.Action action : RunActionCommand.Action.values()) {
            line.addSubcommand(action.name().toLowerCase(Locale.ROOT), RunActionCommand.of(tool, action));
        }
        return line;
    }

    @Override
    public Integer call() {
        try (Session session = Session.open(tool)) {
            if (id != null) {
                return RunShowCommand.show(tool, session, output, id);
            }
            JsonNode runs = session.api().get("/actuator/runs?limit=" + limit + filters());
            if (output.json()) {
                tool.out().println(Output.pretty(runs));
            } else {
                runs.forEach(run -> tool.out().println(RunText.row(run)));
            }
            return ExitCode.OK;
        }
    }

    private String filters() {
        StringBuilder query = new StringBuilder();
        append(query, "job", job);
        append(query, "state", state);
        append(query, "status", status);
        append(query, "from", from);
        append(query, "to", to);
        append(query, "text", text);
        append(query, "origin", origin);
        append(query, "before", before);
        parameters.forEach(parameter -> append(query, "parameter", parameter));
        return query.toString();
    }

    private static void append(StringBuilder query, String name, @Nullable Object value) {
        if (value != null) {
            query.append('&').append(name).append('=').append(Api.encoded(value.toString()));
        }
    }
}
