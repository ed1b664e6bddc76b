package dev.tidemill.admin.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Lists what was given up on, by item or by cause; its subcommands decide about it.
@Command(
        name = "deadletters",
        description = "List items given up on, or their causes.",
        mixinStandardHelpOptions = true)
final class DeadLettersCommand implements Callable<Integer> {

    private final Tool tool;

    @Option(names = "--groups", description = "show causes with their counts instead of items")
    private boolean groups;

    @Option(names = "--job", description = "of this job")
    private @Nullable String job;

    @Option(names = "--step", description = "of this step")
    private @Nullable String step;

    @Option(names = "--reason", description = "given up for this reason, for example CORRUPT")
    private @Nullable String reason;

    @Option(names = "--run", description = "given up by this run")
    private @Nullable Long run;

    @Option(
            names = "--state",
            description = "open, replaying, resolved, ignored or all (default: ${DEFAULT-VALUE})",
            defaultValue = "open")
    private String state = "open";

    @Option(names = "--text", description = "with these words, or beginnings of words")
    private @Nullable String text;

    @Option(names = "--before", description = "with smaller ids than this: the next page")
    private @Nullable Long before;

    @Option(names = "--limit", description = "how many, 1 to 500 (default: ${DEFAULT-VALUE})", defaultValue = "50")
    private int limit = 50;

    @Mixin
    private Output output = new Output();

    private DeadLettersCommand(Tool tool) {
        this.tool = tool;
    }

    static CommandLine withActions(Tool tool) {
        return new CommandLine(new DeadLettersCommand(tool))
                .addSubcommand(new Show(tool))
                .addSubcommand(new Replay(tool))
                .addSubcommand(new Ignore(tool));
    }

    @Override
    public Integer call() {
        StringBuilder query = new StringBuilder("?limit=" + limit + "&state=" + Api.encoded(state));
        Map<String, @Nullable Object> given = new HashMap<>();
        given.put("job", job);
        given.put("step", step);
        given.put("reason", reason);
        given.put("run", run);
        given.put("text", text);
        given.put("before", groups ? null : before);
        given.forEach((name, value) -> {
            if (value != null) {
                query.append('&').append(name).append('=').append(Api.encoded(value.toString()));
            }
        });
        try (Session session = Session.open(tool)) {
            JsonNode found = session.api().get("/actuator/deadletters" + (groups ? "/groups" : "") + query);
            if (output.json()) {
                tool.out().println(Output.pretty(found));
            } else if (found.isEmpty()) {
                tool.out().println("No dead letters.");
            } else {
                found.forEach(groups ? this::group : this::letter);
            }
            return ExitCode.OK;
        }
    }

    private void letter(JsonNode letter) {
        tool.out()
                .printf(
                        Locale.ROOT,
                        "%8d  %-9s %-10s %-20s %s: %s%n",
                        letter.path("id").asLong(),
                        letter.path("state").asString(""),
                        letter.path("step").asString(""),
                        letter.path("reason").asString(""),
                        letter.path("item").asString(""),
                        Output.shortened(letter.path("detail").asString(""), 120));
    }

    private void group(JsonNode group) {
        String hash = group.path("stackHash").asString("");
        tool.out()
                .printf(
                        Locale.ROOT,
                        "%10s  %-10s %-10s %-20s %s  last %s, for example %d %s%n",
                        Output.number(group.path("letters").asLong()),
                        group.path("job").asString(""),
                        group.path("step").asString(""),
                        group.path("reason").asString(""),
                        hash.isEmpty() ? "-" : hash,
                        group.path("lastSeen").asString(""),
                        group.path("sample").path("id").asLong(),
                        group.path("sample").path("item").asString(""));
    }

    /// Which letters an action is about.
    static final class Selection {

        @Parameters(arity = "0..*", paramLabel = "ID", description = "letters by id")
        private List<Long> ids = new ArrayList<>();

        @Option(
                names = "--group",
                paramLabel = "NAME=VALUE",
                split = ",",
                description =
                        "a cause: job, step, reason, stackHash, run; for example --group step=extract,reason=CORRUPT")
        private Map<String, String> group = new HashMap<>();

        @Option(names = "--all", description = "every open letter")
        private boolean all;

        @Option(names = "--reason", description = "why, for the audit")
        private String reason = "";

        Map<String, Object> body() {
            Map<String, Object> body = new HashMap<>();
            body.put("ids", ids);
            if (!group.isEmpty()) {
                body.put("group", group);
            }
            body.put("all", all);
            body.put("reason", reason);
            return body;
        }
    }

    @Command(name = "show", description = "Show one item given up on.", mixinStandardHelpOptions = true)
    static final class Show implements Callable<Integer> {

        private final Tool tool;

        @Parameters(index = "0", paramLabel = "ID")
        private long id;

        @Mixin
        private Output output = new Output();

        Show(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                JsonNode letter = session.api().get("/actuator/deadletters/" + id);
                if (output.json()) {
                    tool.out().println(Output.pretty(letter));
                    return ExitCode.OK;
                }
                letter.properties().forEach(property -> {
                    if (!property.getValue().isNull()) {
                        tool.out()
                                .printf(
                                        "%-13s %s%n",
                                        property.getKey(), property.getValue().asString(""));
                    }
                });
                return ExitCode.OK;
            }
        }
    }

    @Command(name = "replay", description = "Try items again, after a fix.", mixinStandardHelpOptions = true)
    static final class Replay implements Callable<Integer> {

        private final Tool tool;

        @Mixin
        private Selection selection = new Selection();

        @Option(names = "--wait", description = "wait for the runs that try them")
        private boolean wait;

        @Mixin
        private Output output = new Output();

        Replay(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                JsonNode answer = session.api().post("/actuator/deadletters/replay", selection.body());
                if (output.json()) {
                    tool.out().println(Output.pretty(answer));
                } else {
                    tool.out()
                            .println(
                                    Output.number(answer.path("letters").asLong()) + " dead letters to be tried again");
                }
                int code = answer.path("problems").isEmpty() ? ExitCode.OK : ExitCode.ERROR;
                answer.path("problems").forEach(problem -> tool.err().println(problem.asString("")));
                // A server of this command alone ends with it, and its runs with it.
                if (wait || session.owned()) {
                    RunWatch watch = new RunWatch(session.api(), tool.err(), Output.terminal());
                    for (JsonNode run : answer.path("runs")) {
                        JsonNode view = watch.follow(run.asLong(), Duration.ofDays(30));
                        if (!output.json()) {
                            RunText.summary(view, session.api(), tool.out());
                        }
                        code = Math.max(code, RunText.exitCode(view));
                    }
                } else if (!output.json()) {
                    answer.path("runs").forEach(run -> tool.out().println("run " + run.asLong()));
                }
                return code;
            }
        }
    }

    @Command(name = "ignore", description = "Put items aside; say why.", mixinStandardHelpOptions = true)
    static final class Ignore implements Callable<Integer> {

        private final Tool tool;

        @Mixin
        private Selection selection = new Selection();

        @Mixin
        private Output output = new Output();

        Ignore(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                JsonNode answer = session.api().post("/actuator/deadletters/ignore", selection.body());
                tool.out()
                        .println(
                                output.json()
                                        ? Output.pretty(answer)
                                        : Output.number(answer.path("letters").asLong()) + " dead letters ignored");
                return ExitCode.OK;
            }
        }
    }
}
