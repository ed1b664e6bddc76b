package dev.tidemill.admin.cli;

import dev.tidemill.admin.cli.PassphraseOptions.Placed;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Writes a project into one file.
@Command(
        name = "export",
        description = "Write a project, vectors included, into one portable file on the server.",
        mixinStandardHelpOptions = true)
final class ExportCommand implements Callable<Integer> {

    private final Tool tool;

    @Parameters(index = "0", paramLabel = "FILE", description = "file to write; it must not be there yet")
    private String file = "";

    @Option(
            names = "--project",
            description = "slug of the project (default: ${DEFAULT-VALUE})",
            defaultValue = "default")
    private String project = "default";

    @Option(
            names = "--format",
            description =
                    "archive, which can be imported; jsonl, one line for each chunk; or parquet, a folder of tables (default: ${DEFAULT-VALUE})",
            defaultValue = "archive")
    private String format = "archive";

    @Option(
            names = "--sets",
            description = "all vector sets that are complete, or only the live one (default: ${DEFAULT-VALUE})",
            defaultValue = "all")
    private String sets = "all";

    @Option(names = "--encrypt", description = "with a passphrase, asked for unless the options below say where it is")
    private boolean encrypt;

    @Mixin
    private PassphraseOptions passphrase = new PassphraseOptions();

    @Option(names = "--dry-run", description = "say what would be written, and write nothing")
    private boolean dryRun;

    @Mixin
    private Waiting waiting = new Waiting();

    @Mixin
    private Output output = new Output();

    ExportCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() {
        Map<String, Object> parameters = new LinkedHashMap<>();
        parameters.put("project", project);
        parameters.put("file", Path.of(file).toAbsolutePath().normalize().toString());
        parameters.put("format", format);
        parameters.put("sets", sets);
        Placed placed = encrypt || passphrase.given() ? passphrase.place(tool, true) : Placed.nowhere();
        return start(tool, "export", parameters, placed, dryRun, waiting, output);
    }

    static int start(
            Tool tool,
            String job,
            Map<String, Object> parameters,
            Placed placed,
            boolean dryRun,
            Waiting waiting,
            Output output) {
        placed.into(parameters);
        try (Session session = Session.open(tool)) {
            if (dryRun) {
                PlanText.print(session.api().post("/actuator/jobs/" + job + "/plan", parameters), output, tool.out());
                placed.takeBack();
                return ExitCode.OK;
            }
            long run = launch(session, job, parameters, placed);
            return waiting.toTheEnd(tool, session, output, run);
        }
    }

    private static long launch(Session session, String job, Map<String, Object> parameters, Placed placed) {
        try {
            return session.api()
                    .post("/actuator/jobs/" + job, parameters)
                    .path("runId")
                    .asLong();
        } catch (RuntimeException e) {
            placed.takeBack();
            throw e;
        }
    }
}
