package dev.tidemill.admin.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
        try (Session session = Session.open(tool)) {
            long run = session.api()
                    .post(
                            "/actuator/jobs/" + Api.encoded(job) + "?queue=" + queue + "&reason=" + Api.encoded(reason),
                            body,
                            key == null ? Map.of() : Map.of("Idempotency-Key", key))
                    .path("runId")
                    .asLong();
            return waiting.tell(tool, session, output, run);
        }
    }
}
