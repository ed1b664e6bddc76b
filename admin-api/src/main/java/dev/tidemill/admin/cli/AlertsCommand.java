package dev.tidemill.admin.cli;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Shows what operators were told, and tries a channel.
@Command(
        name = "alerts",
        description = "List events, what became of them at the channels, or send a test message.",
        mixinStandardHelpOptions = true)
final class AlertsCommand implements Callable<Integer> {

    /// What to do.
    enum Action {
        CHANNELS,
        EVENTS,
        DELIVERIES,
        TEST
    }

    private final Tool tool;

    @Parameters(index = "0", defaultValue = "EVENTS", description = "channels, events (default), deliveries or test")
    private Action action = Action.EVENTS;

    @Parameters(index = "1", arity = "0..1", paramLabel = "NAME", description = "channel to test")
    private @Nullable String name;

    @Option(names = "--limit", description = "how many, 1 to 500 (default: ${DEFAULT-VALUE})", defaultValue = "20")
    private int limit = 20;

    @Mixin
    private Output output = new Output();

    AlertsCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() {
        if ((action == Action.TEST) == (name == null)) {
            throw new CommandFailed(
                    ExitCode.USAGE,
                    name == null
                            ? "name the channel to test: tidemill alerts test NAME"
                            : "only test takes a name: tidemill alerts test " + name);
        }
        try (Session session = Session.open(tool)) {
            Api api = session.api();
            return switch (action) {
                case CHANNELS -> list(api.get("/actuator/alerts/channels"), AlertsCommand::channel);
                case EVENTS -> list(api.get("/actuator/alerts/events?limit=" + limit), AlertsCommand::event);
                case DELIVERIES -> list(api.get("/actuator/alerts/deliveries?limit=" + limit), AlertsCommand::delivery);
                case TEST -> test(api, String.valueOf(name));
            };
        }
    }

    private int test(Api api, String channel) {
        JsonNode answer = api.post("/actuator/alerts/channels/" + Api.encoded(channel) + "/test", Map.of());
        boolean arrived = answer.path("delivered").asBoolean();
        if (output.json()) {
            tool.out().println(Output.pretty(answer));
        } else if (arrived) {
            tool.out()
                    .println("channel " + channel + " took the test message in "
                            + answer.path("millis").asLong() + " ms");
        }
        if (!arrived) {
            throw new CommandFailed(
                    ExitCode.VERIFICATION_FAILED,
                    "channel " + channel + " cannot be told: "
                            + answer.path("error").asString(""));
        }
        return ExitCode.OK;
    }

    private int list(JsonNode entries, Function<JsonNode, String> line) {
        if (output.json()) {
            tool.out().println(Output.pretty(entries));
            return ExitCode.OK;
        }
        if (entries.isEmpty()) {
            tool.out().println("None.");
        }
        for (JsonNode entry : entries) {
            tool.out().println(line.apply(entry));
        }
        return ExitCode.OK;
    }

    private static String channel(JsonNode channel) {
        String disabled = channel.path("disabled").asString("");
        return String.format(
                Locale.ROOT,
                "%-16s %-8s %-8s %d waiting%s",
                channel.path("name").asString(""),
                channel.path("type").asString(""),
                channel.path("minSeverity").asString(""),
                channel.path("pending").asLong(),
                disabled.isEmpty() ? "" : "  disabled: " + disabled);
    }

    private static String event(JsonNode event) {
        return String.format(
                Locale.ROOT,
                "%s  %-8s %-26s %s%s",
                event.path("at").asString(""),
                event.path("severity").asString(""),
                event.path("type").asString(""),
                event.path("open").asBoolean() ? "OPEN  " : "",
                event.path("message").asString(""));
    }

    private static String delivery(JsonNode delivery) {
        String error = delivery.path("lastError").asString("");
        String next = delivery.path("nextAt").asString("");
        return String.format(
                Locale.ROOT,
                "%-26s %-16s %-9s %d tries%s%s",
                delivery.path("type").asString(""),
                delivery.path("channel").asString(""),
                delivery.path("state").asString(""),
                delivery.path("attempts").asInt(),
                next.isEmpty() ? "" : "  next " + next,
                error.isEmpty() ? "" : "  " + error);
    }
}
