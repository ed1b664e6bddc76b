package dev.tidemill.admin.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tools.jackson.databind.JsonNode;

/// Asks a question.
@Command(
        name = "ask",
        description = "Ask a question; the answer is made of cited sentences of the documents.",
        mixinStandardHelpOptions = true)
final class AskCommand implements Callable<Integer> {

    private final Tool tool;

    @Mixin
    private Question question = new Question();

    @Mixin
    private Output output = new Output();

    AskCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() {
        try (Session session = Session.open(tool)) {
            JsonNode answer = session.api().post(question.path("ask"), question.body());
            if (output.json()) {
                tool.out().println(Output.pretty(answer));
            } else {
                AnswerText.print(answer, tool.out());
                if (question.explain()) {
                    tool.out().println(Output.pretty(answer.path("explain").path("search")));
                }
            }
            return ExitCode.OK;
        }
    }
}
