package dev.tidemill.admin.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tools.jackson.databind.JsonNode;

/// Finds passages.
@Command(name = "search", description = "Find passages by meaning and by words.", mixinStandardHelpOptions = true)
final class SearchCommand implements Callable<Integer> {

    private final Tool tool;

    @Mixin
    private Question question = new Question();

    @Mixin
    private Output output = new Output();

    SearchCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() {
        try (Session session = Session.open(tool)) {
            JsonNode result = session.api().post(question.path("search"), question.body());
            if (output.json()) {
                tool.out().println(Output.pretty(result));
            } else {
                AnswerText.hits(result, tool.out());
                if (question.explain()) {
                    tool.out().println(Output.pretty(result.path("explain")));
                }
            }
            return ExitCode.OK;
        }
    }
}
