package dev.tidemill.admin.cli;

import java.util.LinkedHashMap;
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

/// Lists the schedules, and what is done to one of them.
@Command(name = "schedules", description = "List the schedules.", mixinStandardHelpOptions = true)
final class SchedulesCommand implements Callable<Integer> {

    private final Tool tool;

    @Mixin
    private Output output = new Output();

    private SchedulesCommand(Tool tool) {
        this.tool = tool;
    }

    static CommandLine with(Tool tool) {
        return new CommandLine(new SchedulesCommand(tool))
                .addSubcommand("list", new SchedulesCommand(tool))
                .addSubcommand(new Show(tool))
                .addSubcommand(new Next(tool))
                .addSubcommand(Change.with(tool, Change.Verb.PAUSE, "Let no further time of a schedule come."))
                .addSubcommand(Change.with(tool, Change.Verb.RESUME, "Let its times come again, from now on."))
                .addSubcommand(Change.with(tool, Change.Verb.RUN, "Launch a schedule now, whatever the time."))
                .addSubcommand(new Backfill(tool))
                .addSubcommand(new Reload(tool));
    }

    @Override
    public Integer call() {
        try (Session session = Session.open(tool)) {
            JsonNode schedules = session.api().get("/actuator/schedules");
            if (output.json()) {
                tool.out().println(Output.pretty(schedules));
                return ExitCode.OK;
            }
            if (schedules.isEmpty()) {
                tool.out()
                        .println(
                                "No schedules: a server reads schedules/*.yaml at its start; 'schedules reload' does now.");
            }
            for (JsonNode schedule : schedules) {
                String next = schedule.path("paused").asBoolean()
                        ? "paused"
                        : schedule.path("after").isMissingNode()
                                ? "next "
                                        + schedule.path("next")
                                                .path(0)
                                                .path("utc")
                                                .asString("never")
                                : after(schedule);
                JsonNode last = schedule.path("last");
                tool.out()
                        .printf(
                                Locale.ROOT,
                                "%-20s %-10s %-28s %s%n",
                                schedule.path("name").asString(""),
                                schedule.path("job").asString(""),
                                next,
                                last.isMissingNode() ? "never fired" : "last " + fire(last));
            }
            return ExitCode.OK;
        }
    }

    private static String after(JsonNode schedule) {
        JsonNode after = schedule.path("after");
        return "after " + after.path("on").asString("") + " of "
                + after.path("job").asString(after.path("schedule").asString(""));
    }

    private static String fire(JsonNode fire) {
        String run = fire.path("runId").isMissingNode()
                ? ""
                : " run " + fire.path("runId").asLong() + " "
                        + fire.path("state").asString("");
        String message = fire.path("message").asString("");
        return fire.path("time").asString("") + " " + fire.path("outcome").asString("") + run
                + (message.isEmpty() ? "" : " (" + message + ")");
    }

    private static String path(String name) {
        return "/actuator/schedules/" + Api.encoded(name);
    }

    private static void times(Tool tool, JsonNode schedule) {
        for (JsonNode time : schedule.path("next")) {
            String note = time.path("note").asString("");
            tool.out()
                    .printf(
                            Locale.ROOT,
                            "%s  %s%s%n",
                            time.path("utc").asString(""),
                            time.path("local").asString(""),
                            note.isEmpty() ? "" : "  " + note);
        }
    }

    /// Shows one schedule.
    @Command(
            name = "show",
            description = "Show a schedule and what was made of its times.",
            mixinStandardHelpOptions = true)
    static final class Show implements Callable<Integer> {

        private final Tool tool;

        @Parameters(index = "0", paramLabel = "NAME", description = "schedule")
        private String name = "";

        @Option(
                names = "--limit",
                description = "fires to show, 1 to 500 (default: ${DEFAULT-VALUE})",
                defaultValue = "10")
        private int limit = 10;

        @Mixin
        private Output output = new Output();

        Show(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                JsonNode schedule = session.api().get(path(name));
                if (output.json()) {
                    tool.out().println(Output.pretty(schedule));
                    return ExitCode.OK;
                }
                JsonNode fires = session.api().get(path(name) + "/fires?limit=" + limit);
                String when = schedule.path("cron").isMissingNode()
                        ? after(schedule)
                        : schedule.path("cron").asString("") + " "
                                + schedule.path("zone").asString("");
                tool.out()
                        .printf(
                                Locale.ROOT,
                                "%s: %s, %s%s%n%smisfire %s, overlap %s, missed %d%n",
                                schedule.path("name").asString(""),
                                schedule.path("job").asString(""),
                                when,
                                schedule.path("paused").asBoolean() ? ", paused" : "",
                                schedule.path("description").asString("").isEmpty()
                                        ? ""
                                        : schedule.path("description").asString("") + System.lineSeparator(),
                                schedule.path("misfire").asString(""),
                                schedule.path("overlap").asString(""),
                                schedule.path("missed").asLong());
                times(tool, schedule);
                for (JsonNode fire : fires) {
                    tool.out().println("was " + fire(fire));
                }
                return ExitCode.OK;
            }
        }
    }

    /// Shows when a schedule comes next.
    @Command(name = "next", description = "Show the next times of a schedule.", mixinStandardHelpOptions = true)
    static final class Next implements Callable<Integer> {

        private final Tool tool;

        @Parameters(index = "0", paramLabel = "NAME", description = "schedule")
        private String name = "";

        @Mixin
        private Output output = new Output();

        Next(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                JsonNode schedule = session.api().get(path(name));
                if (output.json()) {
                    tool.out().println(Output.pretty(schedule.path("next")));
                } else {
                    times(tool, schedule);
                }
                return ExitCode.OK;
            }
        }
    }

    /// Pauses, resumes or runs a schedule.
    @Command(mixinStandardHelpOptions = true)
    static final class Change implements Callable<Integer> {

        /// What is done.
        enum Verb {
            PAUSE,
            RESUME,
            RUN;

            String word() {
                return name().toLowerCase(Locale.ROOT);
            }
        }

        private final Tool tool;
        private final Verb verb;

        @Parameters(index = "0", paramLabel = "NAME", description = "schedule")
        private String name = "";

        @Option(names = "--reason", description = "why, for the audit", defaultValue = "")
        private String reason = "";

        @Mixin
        private Output output = new Output();

        Change(Tool tool, Verb verb) {
            this.tool = tool;
            this.verb = verb;
        }

        static CommandLine with(Tool tool, Verb verb, String description) {
            CommandLine line = new CommandLine(new Change(tool, verb));
            line.setCommandName(verb.word());
            line.getCommandSpec().usageMessage().description(description);
            return line;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                JsonNode answer = session.api().post(path(name) + "/" + verb.word(), Map.of("reason", reason));
                if (output.json()) {
                    tool.out().println(Output.pretty(answer));
                    return ExitCode.OK;
                }
                tool.out()
                        .println(
                                switch (verb) {
                                    case PAUSE -> name + " is paused: no further time comes";
                                    case RESUME -> name + " comes again from now on";
                                    case RUN -> "run " + answer.path("runId").asLong();
                                });
                return ExitCode.OK;
            }
        }
    }

    /// Runs times of the past.
    @Command(name = "backfill", description = "Launch runs for times of the past.", mixinStandardHelpOptions = true)
    static final class Backfill implements Callable<Integer> {

        private final Tool tool;

        @Parameters(index = "0", paramLabel = "NAME", description = "schedule")
        private String name = "";

        @Option(names = "--from", required = true, description = "first time in UTC, for example 2026-03-01T00:00:00Z")
        private String from = "";

        @Option(names = "--to", required = true, description = "last time in UTC")
        private String to = "";

        @Option(
                names = "--select",
                description = "missing, missing-and-failed or all (default: ${DEFAULT-VALUE})",
                defaultValue = "missing")
        private String select = "missing";

        @Option(names = "--dry-run", description = "only say what would be done")
        private boolean dryRun;

        @Option(names = "--reason", description = "why, for the audit", defaultValue = "")
        private String reason = "";

        @Mixin
        private Output output = new Output();

        Backfill(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            Map<String, @Nullable Object> body = new LinkedHashMap<>();
            body.put("from", from);
            body.put("to", to);
            body.put("select", select);
            body.put("dryRun", dryRun);
            body.put("reason", reason);
            try (Session session = Session.open(tool)) {
                JsonNode answer = session.api().post(path(name) + "/backfill", body);
                if (output.json()) {
                    tool.out().println(Output.pretty(answer));
                    return ExitCode.OK;
                }
                for (JsonNode time : answer.path("times")) {
                    String run = time.path("runId").isMissingNode()
                            ? ""
                            : "  run " + time.path("runId").asLong();
                    tool.out()
                            .printf(
                                    Locale.ROOT,
                                    "%s  %-12s %s%s%n",
                                    time.path("time").asString(""),
                                    time.path("action").asString(""),
                                    time.path("state").asString("no run"),
                                    run);
                }
                if (answer.path("times").isEmpty()) {
                    tool.out().println("No time lies in this range.");
                }
                return ExitCode.OK;
            }
        }
    }

    /// Reads the folder again.
    @Command(name = "reload", description = "Read the files in schedules/ again.", mixinStandardHelpOptions = true)
    static final class Reload implements Callable<Integer> {

        private final Tool tool;

        @Mixin
        private Output output = new Output();

        Reload(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                JsonNode changes = session.api().post("/actuator/schedules/reload", Map.of());
                if (output.json()) {
                    tool.out().println(Output.pretty(changes));
                    return ExitCode.OK;
                }
                for (String kind : new String[] {"added", "changed", "removed", "unchanged"}) {
                    changes.path(kind).forEach(name -> tool.out().println(kind + " " + name.asString("")));
                }
                return ExitCode.OK;
            }
        }
    }
}
