package dev.tidemill.admin.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Ingests a source and waits until it is done.
@Command(
        name = "ingest",
        description = "Ingest a folder, a file, a list of addresses or a JSON Lines file.",
        mixinStandardHelpOptions = true)
final class IngestCommand implements Callable<Integer> {

    private final Tool tool;

    @Parameters(
            index = "0",
            paramLabel = "PATH",
            description = "folder or file to ingest; with --type urls also an address")
    private String location = "";

    @Option(
            names = "--project",
            description = "project to ingest into (default: ${DEFAULT-VALUE})",
            defaultValue = "default")
    private String project = "default";

    @Option(
            names = "--type",
            description = "directory, jsonl or urls (default: ${DEFAULT-VALUE}, also for a single file)",
            defaultValue = "directory")
    private String type = "directory";

    @Option(names = "--allow-mass-delete", description = "retire documents missing at the source however many they are")
    private boolean allowMassDelete;

    @Option(
            names = "--stored",
            description = "cut what is stored of it anew by the present chunking profile; the files need not be there")
    private boolean stored;

    @Option(names = "--model", paramLabel = "ID", description = "model of a project that has no vectors yet")
    private @Nullable String model;

    @Option(names = "--timeout", description = "give up waiting after this many seconds; the run goes on in the server")
    private @Nullable Long timeoutSeconds;

    @Option(names = "--dry-run", description = "say what would be done, and do nothing")
    private boolean dryRun;

    @Option(names = "--plan", paramLabel = "ID", description = "do exactly what this plan of a dry run says")
    private @Nullable UUID plan;

    @Mixin
    private Output output = new Output();

    IngestCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() {
        String resolved = location;
        if (!location.startsWith("http://") && !location.startsWith("https://")) {
            Path path = Path.of(location).toAbsolutePath().normalize();
            if (!stored && !Files.exists(path)) {
                throw new CommandFailed(ExitCode.NOT_FOUND, path + " does not exist: name an existing folder or file");
            }
            resolved = path.toString();
        }
        try (Session session = Session.open(tool)) {
            Map<String, Object> parameters = new LinkedHashMap<>(Map.of(
                    "project", project,
                    "type", type,
                    "location", resolved,
                    "allowMassDelete", allowMassDelete,
                    "stored", stored));
            if (model != null) {
                parameters.put("model", model);
            }
            if (dryRun) {
                JsonNode planned = session.api().post("/actuator/jobs/ingest/plan", parameters);
                PlanText.print(planned, output, tool.out());
                return ExitCode.OK;
            }
            long run = session.api()
                    .post("/actuator/jobs/ingest" + (plan == null ? "" : "?plan=" + plan), parameters)
                    .path("runId")
                    .asLong();
            Duration timeout = timeoutSeconds == null ? Duration.ofDays(30) : Duration.ofSeconds(timeoutSeconds);
            JsonNode view = new RunWatch(session.api(), tool.err(), Output.terminal()).follow(run, timeout);
            if (output.json()) {
                tool.out().println(Output.pretty(view));
            } else {
                RunText.summary(view, session.api(), tool.out());
            }
            return RunText.exitCode(view);
        }
    }
}
