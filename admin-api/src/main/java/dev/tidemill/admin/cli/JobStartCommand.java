package dev.tidemill.admin.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Starts a run of any job.
@Command(name = "start", description = "Start a run of a job.", mixinStandardHelpOptions = true)
final class JobStartCommand implements Callable<Integer> {

    private final Tool tool;

    @Parameters(index = "0", paramLabel = "JOB", description = "job to run; 'tidemill jobs' lists them")
    private String job = "";

    @Parameters(index = "1..*", paramLabel = "name=value", description = "parameters of the job")
    private List<String> parameters = new ArrayList<>();

    @Option(
            names = "--idempotency-key",
            paramLabel = "KEY",
            description = "the same key again is answered with the run of the first time")
    private @Nullable String key;

    @Option(names = "--reason", paramLabel = "TEXT", description = "why, for the audit")
    private String reason = "";

    @Option(
            names = "--queue",
            description = "wait for its turn while another run is busy with the same (else exit code 5)")
    private boolean queue;

    @Option(names = "--dry-run", description = "say what would be done, and do nothing")
    private boolean dryRun;

    @Option(names = "--plan", paramLabel = "ID", description = "do exactly what this plan of a dry run says")
    private @Nullable UUID plan;

    @Mixin
    private Waiting waiting = new Waiting();

    @Mixin
    private Output output = new Output();

    JobStartCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() {
        Map<String, String> body = NameValues.of(parameters);
        String path = "/actuator/jobs/" + Api.encoded(job);
        try (Session session = Session.open(tool)) {
            if (dryRun) {
                PlanText.print(session.api().post(path + "/plan", body), output, tool.out());
                return ExitCode.OK;
            }
            long run = session.api()
                    .post(
                            path + "?queue=" + queue + "&reason=" + Api.encoded(reason)
                                    + (plan == null ? "" : "&plan=" + plan),
                            body,
                            key == null ? Map.of() : Map.of("Idempotency-Key", key))
                    .path("runId")
                    .asLong();
            return waiting.tell(tool, session, output, run);
        }
    }
}
