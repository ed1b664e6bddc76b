package dev.tidemill.admin.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tools.jackson.databind.JsonNode;

/// Lists the jobs with their parameters and their last run.
@Command(
        name = "jobs",
        description = "List the jobs, their parameters and the last run of each.",
        mixinStandardHelpOptions = true)
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
            for (JsonNode job : jobs) {
                String name = job.path("name").asString("");
                String last = "never run";
                for (JsonNode run : session.api().get("/actuator/runs?limit=1&job=" + Api.encoded(name))) {
                    last = "run " + run.path("id").asLong() + " "
                            + run.path("state").asString("") + " "
                            + run.path("start").asString("");
                }
                tool.out()
                        .printf(
                                "%-10s %s%n           %s%n",
                                name, last, job.path("description").asString(""));
                job.path("parameters").forEach(parameter -> tool.out().println("           " + text(parameter)));
            }
            return ExitCode.OK;
        }
    }

    private static String text(JsonNode parameter) {
        List<String> choices = new ArrayList<>();
        parameter.path("choices").forEach(choice -> choices.add(choice.asString()));
        String kind = choices.isEmpty() ? parameter.path("type").asString("") : String.join("|", choices);
        String given = parameter.path("required").asBoolean(false)
                ? "required"
                : parameter.hasNonNull("defaultValue")
                        ? "default " + parameter.path("defaultValue").asString()
                        : "optional";
        return "  " + parameter.path("name").asString() + "=" + kind + " (" + given + "): "
                + parameter.path("description").asString("");
    }
}
