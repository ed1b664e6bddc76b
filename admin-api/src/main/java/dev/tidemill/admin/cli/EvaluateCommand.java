package dev.tidemill.admin.cli;

import dev.tidemill.quality.GoldenFiles;
import dev.tidemill.store.GoldenSets.Judged;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/// Measures how well search finds what is relevant.
@Command(
        name = "evaluate",
        description = "Measure how well search finds what golden questions ask for.",
        mixinStandardHelpOptions = true)
final class EvaluateCommand implements Callable<Integer> {

    private static final List<String> FIGURES = List.of("ndcg@10", "recall@10", "recall@100", "mrr", "span@10");

    private final Tool tool;

    @Option(names = "--project", description = "project (default: ${DEFAULT-VALUE})", defaultValue = "default")
    private String project = "default";

    @Option(names = "--golden-set", paramLabel = "NAME", description = "golden set (default: all)")
    private @Nullable String goldenSet;

    @Option(names = "--limit", description = "how many, 1 to 500 (default: ${DEFAULT-VALUE})", defaultValue = "20")
    private int limit = 20;

    @Mixin
    private Output output = new Output();

    private EvaluateCommand(Tool tool) {
        this.tool = tool;
    }

    static CommandLine with(Tool tool) {
        return new CommandLine(new EvaluateCommand(tool))
                .addSubcommand(new RunIt(tool))
                .addSubcommand("list", new EvaluateCommand(tool))
                .addSubcommand(new Diff(tool))
                .addSubcommand(new Import(tool))
                .addSubcommand(new Sets(tool));
    }

    /// The evaluations, newest first.
    @Override
    public Integer call() {
        try (Session session = Session.open(tool)) {
            JsonNode list = session.api()
                    .get(path(project) + "/evaluations?limit=" + limit
                            + (goldenSet == null ? "" : "&goldenSet=" + Api.encoded(goldenSet)));
            return print(tool, output, list, EvaluateCommand::line);
        }
    }

    private static String path(String project) {
        return "/api/v1/projects/" + Api.encoded(project);
    }

    private static int print(Tool tool, Output output, JsonNode list, Function<JsonNode, String> line) {
        if (output.json()) {
            tool.out().println(Output.pretty(list));
            return ExitCode.OK;
        }
        if (list.isEmpty()) {
            tool.out().println("None.");
        }
        for (JsonNode one : list) {
            tool.out().println(line.apply(one));
        }
        return ExitCode.OK;
    }

    private static String line(JsonNode evaluation) {
        String golden = evaluation.path("goldenSet").asString("");
        StringBuilder line = new StringBuilder(String.format(
                Locale.ROOT,
                "%-6d %s  %-16s %-7s set %-4d %-24s %4d questions",
                evaluation.path("id").asLong(),
                evaluation.path("createdAt").asString("").replaceFirst("\\..*", ""),
                golden.isEmpty() ? "(real questions)" : golden,
                evaluation.path("mode").asString(""),
                evaluation.path("setId").asLong(),
                evaluation.path("model").asString(""),
                evaluation.path("questions").asInt()));
        for (String name : FIGURES) {
            if (evaluation.path("metrics").has(name)) {
                line.append(String.format(
                        Locale.ROOT,
                        "  %s %.4f",
                        name,
                        evaluation.path("metrics").path(name).asDouble()));
            }
        }
        return line.toString();
    }

    /// Runs one.
    @Command(
            name = "run",
            description = "Ask the golden questions and keep the figures.",
            mixinStandardHelpOptions = true)
    static final class RunIt implements Callable<Integer> {

        private final Tool tool;

        @Option(names = "--project", description = "project (default: ${DEFAULT-VALUE})", defaultValue = "default")
        private String project = "default";

        @Option(names = "--golden-set", paramLabel = "NAME", description = "golden set (default: all)")
        private @Nullable String goldenSet;

        @Option(
                names = "--mode",
                description = "hybrid, vector or text (default: ${DEFAULT-VALUE})",
                defaultValue = "hybrid")
        private String mode = "hybrid";

        @Option(names = "--set", paramLabel = "SET", description = "vector set to ask (default: the live one)")
        private @Nullable Long set;

        @Mixin
        private Waiting waiting = new Waiting();

        @Mixin
        private Output output = new Output();

        RunIt(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                Map<String, Object> body = new LinkedHashMap<>();
                body.put("project", project);
                body.put("mode", mode);
                if (goldenSet != null) {
                    body.put("goldenSet", goldenSet);
                }
                if (set != null) {
                    body.put("set", set);
                }
                long run = session.api()
                        .post("/actuator/jobs/evaluate", body)
                        .path("runId")
                        .asLong();
                return waiting.tell(tool, session, output, run);
            }
        }
    }

    /// Compares two.
    @Command(
            name = "diff",
            description = "Compare two evaluations, and show which questions changed.",
            mixinStandardHelpOptions = true)
    static final class Diff implements Callable<Integer> {

        private final Tool tool;

        @Parameters(index = "0", paramLabel = "FROM", description = "evaluation, as 'evaluate list' numbers it")
        private long from;

        @Parameters(index = "1", paramLabel = "TO", description = "evaluation to compare with")
        private long to;

        @Option(names = "--project", description = "project (default: ${DEFAULT-VALUE})", defaultValue = "default")
        private String project = "default";

        @Option(
                names = "--limit",
                description = "changed questions, 1 to 500 (default: ${DEFAULT-VALUE})",
                defaultValue = "10")
        private int limit = 10;

        @Mixin
        private Output output = new Output();

        Diff(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                JsonNode diff =
                        session.api().get(path(project) + "/evaluations/" + from + "/diff/" + to + "?limit=" + limit);
                if (output.json()) {
                    tool.out().println(Output.pretty(diff));
                    return ExitCode.OK;
                }
                for (JsonNode metric : diff.path("metrics")) {
                    tool.out()
                            .printf(
                                    Locale.ROOT,
                                    "%-12s %10.4f -> %10.4f%n",
                                    metric.path("metric").asString(""),
                                    metric.path("from").asDouble(),
                                    metric.path("to").asDouble());
                }
                tool.out()
                        .printf(
                                Locale.ROOT,
                                "first ten documents in common: %.3f%n",
                                diff.path("overlap").asDouble());
                for (JsonNode changed : diff.path("changed")) {
                    tool.out()
                            .printf(
                                    Locale.ROOT,
                                    "  %.3f -> %.3f  %s%n",
                                    changed.path("from").asDouble(),
                                    changed.path("to").asDouble(),
                                    Output.shortened(changed.path("question").asString(""), 90));
                }
                return ExitCode.OK;
            }
        }
    }

    /// Brings golden questions in.
    @Command(
            name = "import",
            description = {
                "Import golden questions: a folder in BEIR's layout (queries.jsonl, qrels/*.tsv), or a CSV file with the"
                        + " columns question, document and, where wanted, key, grade, span."
            },
            mixinStandardHelpOptions = true)
    static final class Import implements Callable<Integer> {

        private static final int PAGE = 500;

        private final Tool tool;

        @Parameters(index = "0", paramLabel = "PATH", description = "folder or CSV file")
        private Path path = Path.of("");

        @Option(names = "--project", description = "project (default: ${DEFAULT-VALUE})", defaultValue = "default")
        private String project = "default";

        @Option(names = "--name", description = "name of the golden set (default: the file's)")
        private @Nullable String name;

        @Option(names = "--limit", description = "only so many questions")
        private @Nullable Integer limit;

        @Option(names = "--no-canary", description = "do not ask it after every run that changed the corpus")
        private boolean noCanary;

        @Mixin
        private Output output = new Output();

        Import(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() throws IOException {
            Path file = path.toAbsolutePath().normalize();
            if (!Files.exists(file)) {
                throw new CommandFailed(ExitCode.NOT_FOUND, file + " does not exist: name a folder or a CSV file");
            }
            List<Judged> questions;
            try {
                questions = GoldenFiles.read(file);
            } catch (IllegalArgumentException e) {
                throw new CommandFailed(ExitCode.USAGE, String.valueOf(e.getMessage()));
            }
            if (limit != null) {
                questions = questions.stream().limit(limit).toList();
            }
            if (questions.isEmpty()) {
                throw new CommandFailed(ExitCode.USAGE, file + " holds no question with a relevant document");
            }
            String set = name == null ? String.valueOf(file.getFileName()).replaceFirst("\\.[A-Za-z]+$", "") : name;
            try (Session session = Session.open(tool)) {
                JsonNode after = MissingNode.getInstance();
                for (int first = 0; first < questions.size(); first += PAGE) {
                    after = session.api()
                            .post(
                                    EvaluateCommand.path(project) + "/golden-sets/" + Api.encoded(set),
                                    Map.of(
                                            "canary",
                                            !noCanary,
                                            "questions",
                                            questions.subList(first, Math.min(questions.size(), first + PAGE))));
                }
                if (output.json()) {
                    tool.out().println(Output.pretty(after));
                } else {
                    tool.out()
                            .println("golden set " + set + ": " + questions.size() + " questions imported, "
                                    + after.path("questions").asLong() + " in all");
                }
                return ExitCode.OK;
            }
        }
    }

    /// Lists the golden sets.
    @Command(name = "sets", description = "List the golden sets.", mixinStandardHelpOptions = true)
    static final class Sets implements Callable<Integer> {

        private final Tool tool;

        @Option(names = "--project", description = "project (default: ${DEFAULT-VALUE})", defaultValue = "default")
        private String project = "default";

        @Mixin
        private Output output = new Output();

        Sets(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                return print(
                        tool,
                        output,
                        session.api().get(path(project) + "/golden-sets"),
                        set -> String.format(
                                Locale.ROOT,
                                "%-20s %6d questions%s",
                                set.path("name").asString(""),
                                set.path("questions").asLong(),
                                set.path("canary").asBoolean() ? "  canary" : ""));
            }
        }
    }
}
