package dev.tidemill.admin.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tools.jackson.databind.JsonNode;

/// Lists the jobs with their last run.
@Command(name = "jobs", description = "List the jobs and the last run of each.", mixinStandardHelpOptions = true)
final class JobsCommand implements Callable<Integer> {

    private final Tool tool;

    @Mixin
    private Output output = new Output();

    JobsCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() {
        try (Session session = Session.open(tool)) {
            JsonNode jobs = session.api().get("/actuator/jobs");
            if (output.json()) {
                tool.out().println(Output.pretty(jobs));
                return ExitCode.OK;
            }
            JsonNode runs = session.api().get("/actuator/runs?limit=200");
            for (JsonNode job : jobs) {
                String name = job.path("name").asString("");
                String last = "never run";
                for (JsonNode run : runs) {
                    if (run.path("job").asString("").equals(name)) {
                        last = "run " + run.path("id").asLong() + " "
                                + run.path("status").asString("") + " "
                                + run.path("start").asString("");
                        break;
                    }
                }
                tool.out()
                        .printf(
                                "%-10s %s%n           %s%n",
                                name, last, job.path("description").asString(""));
            }
            return ExitCode.OK;
        }
    }
}
