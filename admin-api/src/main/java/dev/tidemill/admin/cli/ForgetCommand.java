package dev.tidemill.admin.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/// Forgets a document, a source or a text, and prints the receipt.
@Command(
        name = "forget",
        description = {
            "Forget a document, a source or every document that holds a text; prints the receipt.",
            "With --dry-run: where a text stands now. With neither: the receipts."
        },
        mixinStandardHelpOptions = true)
final class ForgetCommand implements Callable<Integer> {

    private final Tool tool;

    @Option(names = "--project", description = "slug of the project")
    private @Nullable String project;

    @Option(names = "--source", paramLabel = "ID", description = "a source of the project, with all its documents")
    private @Nullable String source;

    @Option(names = "--document", paramLabel = "KEY", description = "a document: its key within the source")
    private @Nullable String document;

    @Option(
            names = "--text",
            interactive = true,
            arity = "0..1",
            description =
                    "a text, a person's name for example; asked for where it is left out, so that no shell keeps it")
    private @Nullable String text;

    @Option(names = "--dry-run", description = "say where the text stands, and remove nothing")
    private boolean dryRun;

    @Mixin
    private Waiting waiting = new Waiting();

    @Mixin
    private Output output = new Output();

    ForgetCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() {
        Map<String, Object> body = new LinkedHashMap<>();
        put(body, "project", project);
        put(body, "source", source);
        put(body, "document", document);
        put(body, "text", text);
        try (Session session = Session.open(tool)) {
            if (body.isEmpty()) {
                tool.out().println(Output.pretty(session.api().get("/actuator/forget")));
                return ExitCode.OK;
            }
            if (dryRun) {
                if (text == null) {
                    throw new CommandFailed(ExitCode.USAGE, "--dry-run looks for a text: give --text");
                }
                tool.out().println(Output.pretty(session.api().post("/actuator/forget/traces", Map.of("text", text))));
                return ExitCode.OK;
            }
            JsonNode requested = session.api().post("/actuator/forget", body);
            int code = waiting.toTheEnd(
                    tool, session, output, requested.path("runId").asLong());
            tool.out()
                    .println(Output.pretty(session.api()
                            .get("/actuator/forget/"
                                    + requested.path("receiptId").asString(""))));
            return code;
        }
    }

    private static void put(Map<String, Object> body, String name, @Nullable String value) {
        if (value != null) {
            body.put(name, value);
        }
    }
}
