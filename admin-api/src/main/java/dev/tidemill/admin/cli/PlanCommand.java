package dev.tidemill.admin.cli;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// Says what a job would do.
@Command(name = "plan", description = "Say what a job would do, without doing it.", mixinStandardHelpOptions = true)
final class PlanCommand implements Callable<Integer> {

    private final Tool tool;

    @Parameters(index = "0", paramLabel = "JOB", description = "job, as jobs lists it")
    private String job = "";

    @Parameters(index = "1..*", arity = "0..*", paramLabel = "NAME=VALUE", description = "parameters of the job")
    private Map<String, String> parameters = new HashMap<>();

    @Mixin
    private Output output = new Output();

    PlanCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() {
        try (Session session = Session.open(tool)) {
            String path = "/actuator/jobs/" + Api.encoded(job) + "/plan";
            PlanText.print(session.api().post(path, parameters), output, tool.out());
            return ExitCode.OK;
        }
    }
}
