package dev.tidemill.admin.cli;

import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Lists runs, or shows one.
@Command(name = "runs", description = "List the newest runs, or show one.", mixinStandardHelpOptions = true)
final class RunsCommand implements Callable<Integer> {

    private final Tool tool;

    @Parameters(index = "0", arity = "0..1", paramLabel = "ID", description = "run to show")
    private @Nullable Long id;

    @Option(names = "--limit", description = "how many, 1 to 500 (default: ${DEFAULT-VALUE})", defaultValue = "20")
    private int limit = 20;

    @Mixin
    private Output output = new Output();

    RunsCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() {
        try (Session session = Session.open(tool)) {
            if (id != null) {
                JsonNode run = session.api().get("/actuator/runs/" + id);
                if (output.json()) {
                    tool.out().println(Output.pretty(run));
                } else {
                    RunText.summary(run, session.api(), tool.out());
                }
                return ExitCode.OK;
            }
            JsonNode runs = session.api().get("/actuator/runs?limit=" + limit);
            if (output.json()) {
                tool.out().println(Output.pretty(runs));
                return ExitCode.OK;
            }
            for (JsonNode run : runs) {
                tool.out()
                        .printf(
                                Locale.ROOT,
                                "%6d  %-10s %-10s %s  %8s  %s%n",
                                run.path("id").asLong(),
                                run.path("job").asString(""),
                                run.path("status").asString(""),
                                run.path("start").asString(""),
                                RunText.duration(run),
                                run.path("parameters").path("location").asString(""));
            }
            return ExitCode.OK;
        }
    }
}
