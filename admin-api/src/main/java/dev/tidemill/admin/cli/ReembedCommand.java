package dev.tidemill.admin.cli;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Changes the embedding model of a project: plans, starts, compares, switches, goes back.
@Command(
        name = "reembed",
        description = "Embed a project by another model, measure it, and switch without a pause.",
        mixinStandardHelpOptions = true)
final class ReembedCommand implements Callable<Integer> {

    private final Tool tool;

    @Mixin
    private Output output = new Output();

    private ReembedCommand(Tool tool) {
        this.tool = tool;
    }

    static CommandLine with(Tool tool) {
        return new CommandLine(new ReembedCommand(tool))
                .addSubcommand(new Plan(tool))
                .addSubcommand(new Start(tool))
                .addSubcommand("status", new ReembedCommand(tool))
                .addSubcommand(new Compare(tool))
                .addSubcommand(
                        Change.with(tool, Change.Verb.SWITCH, "Let a held or soaking vector set answer queries."))
                .addSubcommand(new Rollback(tool))
                .addSubcommand(Change.with(tool, Change.Verb.ABORT, "Stop the building of a vector set and drop it."))
                .addSubcommand(Change.with(tool, Change.Verb.RETIRE, "Drop the vectors of a set that has soaked."))
                .addSubcommand(new Check(tool));
    }

    /// The vector sets with their state.
    @Override
    public Integer call() {
        try (Session session = Session.open(tool)) {
            JsonNode sets = session.api().get("/actuator/sets");
            if (output.json()) {
                tool.out().println(Output.pretty(sets));
                return ExitCode.OK;
            }
            if (sets.isEmpty()) {
                tool.out().println("No vector sets: ingest something first.");
            }
            for (JsonNode set : sets) {
                tool.out().println(line(set));
            }
            return ExitCode.OK;
        }
    }

    private static String line(JsonNode set) {
        StringBuilder line = new StringBuilder(String.format(
                Locale.ROOT,
                "%-6d %-12s %-9s %-26s %s(%d)",
                set.path("id").asLong(),
                set.path("project").asString(""),
                set.path("state").asString(""),
                set.path("model").asString(""),
                set.path("type").asString(""),
                set.path("dimensions").asInt()));
        if (set.path("indexed").asBoolean()) {
            line.append(", HNSW");
        }
        if (set.hasNonNull("efSearch")) {
            line.append(String.format(
                    Locale.ROOT,
                    ", ef %d (recall %.3f)",
                    set.path("efSearch").asInt(),
                    set.path("recall").asDouble()));
        }
        if (set.hasNonNull("soakUntil")) {
            line.append(", until ").append(set.path("soakUntil").asString(""));
        }
        if (set.path("auditDrifted").asInt() > 0) {
            line.append(String.format(
                    Locale.ROOT,
                    ", %d of %d vectors are not those of their texts",
                    set.path("auditDrifted").asInt(),
                    set.path("auditedTexts").asInt()));
        }
        if (set.hasNonNull("progress")) {
            line.append(", ").append(set.path("progress").asString(""));
        }
        return line.toString();
    }

    private static String path(long set) {
        return "/actuator/sets/" + set;
    }

    /// What to go to.
    static final class Wish {

        @Parameters(
                index = "0",
                paramLabel = "MODEL",
                description = "model to go to: a shipped one or an endpoint's name")
        private String model = "";

        @Option(names = "--project", description = "project (default: ${DEFAULT-VALUE})", defaultValue = "default")
        private String project = "default";

        @Option(
                names = "--type",
                description = "halfvec or vector (default: ${DEFAULT-VALUE})",
                defaultValue = "halfvec")
        private String type = "halfvec";

        @Option(names = "--hold", description = "build and judge, but leave the switch to 'reembed switch'")
        private boolean hold;

        @Option(names = "--force", description = "switch even when the gate refuses")
        private boolean force;

        Map<String, Object> body() {
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("project", project);
            body.put("model", model);
            body.put("type", type);
            body.put("hold", hold);
            body.put("force", force);
            return body;
        }
    }

    /// Says what it would come to.
    @Command(
            name = "plan",
            description = "Say what a re-embedding would take: texts, tokens, cost, time, disk.",
            mixinStandardHelpOptions = true)
    static final class Plan implements Callable<Integer> {

        private final Tool tool;

        @Mixin
        private Wish wish = new Wish();

        @Mixin
        private Output output = new Output();

        Plan(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                PlanText.print(session.api().post("/actuator/jobs/reembed/plan", wish.body()), output, tool.out());
                return ExitCode.OK;
            }
        }
    }

    /// Starts it.
    @Command(name = "start", description = "Start a re-embedding.", mixinStandardHelpOptions = true)
    static final class Start implements Callable<Integer> {

        private final Tool tool;

        @Mixin
        private Wish wish = new Wish();

        @Option(names = "--plan", paramLabel = "ID", description = "do exactly what this plan says")
        private @Nullable UUID plan;

        @Option(names = "--wait", description = "wait for the end; without a running server this is always done")
        private boolean wait;

        @Option(names = "--timeout", paramLabel = "SECONDS", description = "wait this long at most (exit code 8)")
        private @Nullable Long timeoutSeconds;

        @Mixin
        private Output output = new Output();

        Start(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                Api api = session.api();
                long run = api.post("/actuator/jobs/reembed" + (plan == null ? "" : "?plan=" + plan), wish.body())
                        .path("runId")
                        .asLong();
                if (!wait && timeoutSeconds == null && !session.owned()) {
                    JsonNode view = api.get("/actuator/runs/" + run);
                    tool.out()
                            .println(
                                    output.json()
                                            ? Output.pretty(view)
                                            : "run " + run + " " + RunText.standing(view) + ": tidemill runs watch "
                                                    + run);
                    return ExitCode.OK;
                }
                Duration timeout = timeoutSeconds == null ? Duration.ofDays(30) : Duration.ofSeconds(timeoutSeconds);
                JsonNode view = new RunWatch(api, tool.err(), Output.terminal()).follow(run, timeout);
                if (output.json()) {
                    tool.out().println(Output.pretty(view));
                } else {
                    RunText.summary(view, api, tool.out());
                }
                int code = RunText.exitCode(view);
                boolean refused = code == ExitCode.OK
                        && view.path("message").asString("").startsWith("the gate refused")
                        && !view.path("message").asString("").contains("overruled");
                return refused ? ExitCode.VERIFICATION_FAILED : code;
            }
        }
    }

    /// Shows what was measured of a set and of the one that was live.
    @Command(
            name = "compare",
            description = "Show what was measured of a vector set and of the live one.",
            mixinStandardHelpOptions = true)
    static final class Compare implements Callable<Integer> {

        private final Tool tool;

        @Parameters(index = "0", paramLabel = "SET", description = "vector set, as 'reembed status' numbers it")
        private long set;

        @Mixin
        private Output output = new Output();

        Compare(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                JsonNode compared = session.api().get(path(set) + "/compare");
                if (output.json()) {
                    tool.out().println(Output.pretty(compared));
                    return ExitCode.OK;
                }
                tool.out()
                        .printf(
                                Locale.ROOT,
                                "%-16s %-8s %-12s %10s %10s%n",
                                "golden set",
                                "mode",
                                "metric",
                                "set " + compared.path("against").asString("-"),
                                "set " + set);
                for (JsonNode metric : compared.path("metrics")) {
                    tool.out()
                            .printf(
                                    Locale.ROOT,
                                    "%-16s %-8s %-12s %10.4f %10.4f%n",
                                    metric.path("goldenSet").asString(""),
                                    metric.path("mode").asString(""),
                                    metric.path("metric").asString(""),
                                    metric.path("live").asDouble(),
                                    metric.path("candidate").asDouble());
                }
                if (compared.hasNonNull("overlap")) {
                    tool.out()
                            .printf(
                                    Locale.ROOT,
                                    "%d real questions: %.3f of the first ten hits in common%n",
                                    compared.path("sampled").asInt(),
                                    compared.path("overlap").asDouble());
                }
                return ExitCode.OK;
            }
        }
    }

    /// Goes back to the set that was live before.
    @Command(
            name = "rollback",
            description = "Go back to the vector set that was live before, while it soaks.",
            mixinStandardHelpOptions = true)
    static final class Rollback implements Callable<Integer> {

        private final Tool tool;

        @Option(names = "--project", description = "project (default: ${DEFAULT-VALUE})", defaultValue = "default")
        private String project = "default";

        @Option(names = "--reason", paramLabel = "TEXT", description = "why, for the audit")
        private String reason = "";

        @Mixin
        private Output output = new Output();

        Rollback(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                JsonNode set = session.api()
                        .post(
                                "/actuator/sets/rollback?project=" + Api.encoded(project) + "&reason="
                                        + Api.encoded(reason),
                                Map.of());
                tool.out().println(output.json() ? Output.pretty(set) : line(set));
                return ExitCode.OK;
            }
        }
    }

    /// Does something to one set.
    @Command(mixinStandardHelpOptions = true)
    static final class Change implements Callable<Integer> {

        /// What is done.
        enum Verb {
            SWITCH("switch"),
            ABORT("abort"),
            RETIRE("retire");

            private final String path;

            Verb(String path) {
                this.path = path;
            }
        }

        private final Tool tool;
        private final Verb verb;

        @Parameters(index = "0", paramLabel = "SET", description = "vector set, as 'reembed status' numbers it")
        private long set;

        @Option(names = "--force", description = "retire even a set that could still be gone back to")
        private boolean force;

        @Option(names = "--reason", paramLabel = "TEXT", description = "why, for the audit")
        private String reason = "";

        @Mixin
        private Output output = new Output();

        private Change(Tool tool, Verb verb) {
            this.tool = tool;
            this.verb = verb;
        }

        static CommandLine with(Tool tool, Verb verb, String description) {
            CommandLine line = new CommandLine(new Change(tool, verb));
            line.getCommandSpec().name(verb.name().toLowerCase(Locale.ROOT));
            line.getCommandSpec().usageMessage().description(description);
            return line;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                String more = verb == Verb.RETIRE && force ? "&force=true" : "";
                JsonNode after = session.api()
                        .post(path(set) + "/" + verb.path + "?reason=" + Api.encoded(reason) + more, Map.of());
                tool.out().println(output.json() ? Output.pretty(after) : line(after));
                return ExitCode.OK;
            }
        }
    }

    /// Embeds some texts again.
    @Command(
            name = "check",
            description = "Embed some texts of a vector set again and compare (exit code 7 when they differ).",
            mixinStandardHelpOptions = true)
    static final class Check implements Callable<Integer> {

        private final Tool tool;

        @Parameters(index = "0", paramLabel = "SET", description = "vector set, as 'reembed status' numbers it")
        private long set;

        @Option(names = "--sample", description = "texts, 1 to 2000 (default: ${DEFAULT-VALUE})", defaultValue = "50")
        private int sample = 50;

        @Mixin
        private Output output = new Output();

        Check(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                JsonNode found = session.api().post(path(set) + "/check?sample=" + sample, Map.of());
                if (output.json()) {
                    tool.out().println(Output.pretty(found));
                } else {
                    tool.out()
                            .printf(
                                    Locale.ROOT,
                                    "vector set %d: %s vectors, %s texts without one; of %d embedded again %d differ,"
                                            + " lowest cosine %.4f%n",
                                    set,
                                    Output.number(found.path("rows").asLong()),
                                    Output.number(found.path("missing").asLong()),
                                    found.path("sampled").asInt(),
                                    found.path("drifted").size(),
                                    found.path("lowest").asDouble());
                }
                boolean well = found.path("missing").asLong() == 0
                        && found.path("drifted").isEmpty();
                return well ? ExitCode.OK : ExitCode.VERIFICATION_FAILED;
            }
        }
    }
}
