package dev.tidemill.admin.cli;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/// The options `--wait` and `--timeout` of what starts something.
final class Waiting {

    @Option(names = "--wait", description = "wait for the end; without a running server this is always done")
    private boolean wait;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            description = "wait this long at most (exit code 8); a server goes on with the run")
    private @Nullable Long timeoutSeconds;

    /// Tells which run was started, and how it ended where that was asked for.
    int tell(Tool tool, Session session, Output output, long run) {
        // The session's own server ends with the command.
        if (!wait && timeoutSeconds == null && !session.owned()) {
            JsonNode view = session.api().get("/actuator/runs/" + run);
            if (output.json()) {
                tool.out().println(Output.pretty(view));
            } else {
                tool.out().println("run " + run + " " + RunText.standing(view) + ": tidemill runs watch " + run);
            }
            return ExitCode.OK;
        }
        return toTheEnd(tool, session, output, run);
    }

    int toTheEnd(Tool tool, Session session, Output output, long run) {
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
