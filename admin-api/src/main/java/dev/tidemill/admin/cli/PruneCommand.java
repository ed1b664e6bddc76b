package dev.tidemill.admin.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/// Removes what its retention is over for.
@Command(name = "prune", description = "Remove what its retention is over for.", mixinStandardHelpOptions = true)
final class PruneCommand implements Callable<Integer> {

    private final Tool tool;

    @Option(names = "--project", description = "look at the documents of this project only")
    private @Nullable String project;

    @Option(names = "--as-of", paramLabel = "TIME", description = "go by this time; without it by the last full hour")
    private @Nullable String asOf;

    @Option(names = "--allow-mass-delete", description = "remove documents however many they are")
    private boolean allowMassDelete;

    @Option(names = "--dry-run", description = "say what would be removed, and remove nothing")
    private boolean dryRun;

    @Option(names = "--plan", paramLabel = "ID", description = "do exactly what this plan of a dry run says")
    private @Nullable UUID plan;

    @Mixin
    private Waiting waiting = new Waiting();

    @Mixin
    private Output output = new Output();

    PruneCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() {
        Map<String, Object> parameters = new LinkedHashMap<>();
        if (project != null) {
            parameters.put("project", project);
        }
        if (asOf != null) {
            parameters.put("asOf", asOf);
        }
        if (plan == null || allowMassDelete) {
            parameters.put("allowMassDelete", allowMassDelete);
        }
        try (Session session = Session.open(tool)) {
            if (dryRun) {
                JsonNode planned = session.api().post("/actuator/jobs/prune/plan", parameters);
                PlanText.print(planned, output, tool.out());
                return ExitCode.OK;
            }
            long run = session.api()
                    .post("/actuator/jobs/prune" + (plan == null ? "" : "?plan=" + plan), parameters)
                    .path("runId")
                    .asLong();
            return waiting.toTheEnd(tool, session, output, run);
        }
    }
}
