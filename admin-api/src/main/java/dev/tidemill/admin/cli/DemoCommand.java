package dev.tidemill.admin.cli;

import dev.tidemill.admin.ServerFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/// From documents to cited answers in one command.
@Command(
        name = "demo",
        description = "Ingest a corpus, ask it three questions, and say where the server listens.",
        mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {

    /// The chapters of the PostgreSQL manual that the demo takes by default.
    private static final Pattern CHAPTERS = Pattern.compile("(using-explain|planner-|performance-tips|populate|indexes"
            + "|mvcc|transaction-iso|explicit-locking|applevel-consistency|wal|backup|continuous-archiving|routine-"
            + "|textsearch|ddl-|queries-|monitoring-|warm-standby|hot-standby|runtime-config-(wal|query|autovacuum)"
            + "|sql-(explain|vacuum|analyze|createindex|reindex)|app-pg(dump|basebackup)).*\\.html");
    private static final int QUESTIONS = 3;
    private static final String MANUAL_MARK = "using-explain.html";
    private static final List<String> MANUAL_QUESTIONS = List.of(
            "How can I see the execution plan that PostgreSQL chooses for a query?",
            "Why must every table be vacuumed to prevent transaction ID wraparound?",
            "What do I need for point-in-time recovery with continuous archiving?");

    private final Tool tool;

    @Option(names = "--corpus", required = true, paramLabel = "DIR", description = "folder with the documents")
    private Path corpus = Path.of(".");

    @Option(names = "--all", description = "of the PostgreSQL manual take every page, not only a few chapters")
    private boolean all;

    @Option(names = "--exit", description = "end the server at the end")
    private boolean exit;

    @Option(names = "--port", description = "port of the server (default: 8080)")
    private @Nullable Integer port;

    DemoCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (!Files.isDirectory(corpus) && !Files.isRegularFile(corpus)) {
            throw new CommandFailed(ExitCode.NOT_FOUND, corpus + " does not exist: name a folder with documents");
        }
        boolean manual = Files.exists(corpus.resolve(MANUAL_MARK));
        Path folder = manual && !all ? chapters() : corpus.toRealPath();
        say(ServerFile.find(tool.home()).isPresent() ? "Using the running server." : "Starting the server …");
        try (Session session = Session.open(tool, ServeCommand.settings(port))) {
            int code = ingest(session.api(), folder);
            if (code != ExitCode.OK && code != ExitCode.REFUSALS) {
                return code;
            }
            int answered = ask(session.api(), manual ? MANUAL_QUESTIONS : questions(session.api()));
            tool.out()
                    .println("The server listens at " + session.api().url() + "; its API key is in "
                            + tool.home().apiKey());
            tool.out().println("Ask it yourself: tidemill ask \"…\"");
            tool.out().flush();
            if (session.owned() && !exit) {
                say("Press Ctrl-C to stop it.");
                // The process ends with the signal; closing the context belongs to its shutdown hook.
                new CountDownLatch(1).await();
            }
            return answered == 0 ? ExitCode.VERIFICATION_FAILED : ExitCode.OK;
        }
    }

    private int ingest(Api api, Path folder) {
        long run = api.post(
                        "/actuator/jobs/ingest",
                        Map.of("project", "default", "type", "directory", "location", folder.toString()))
                .path("runId")
                .asLong();
        JsonNode view = new RunWatch(api, tool.err(), Output.terminal()).follow(run, Duration.ofDays(30));
        RunText.summary(view, api, tool.out());
        tool.out().println();
        return RunText.exitCode(view);
    }

    /// Asks until three questions are answered. Of a corpus that nobody knows some headings make no
    /// question that it answers; those are passed over as long as there are others.
    private int ask(Api api, List<String> questions) {
        int answered = 0;
        for (int i = 0; i < questions.size() && answered < QUESTIONS; i++) {
            JsonNode answer = api.post("/api/v1/projects/default/ask", Map.of("question", questions.get(i)));
            boolean good = answer.path("status").asString("").equals("answered");
            boolean othersLeft = questions.size() - i > QUESTIONS - answered;
            if (!good && othersLeft) {
                continue;
            }
            tool.out().println("Q: " + questions.get(i));
            AnswerText.print(answer, tool.out());
            tool.out().println();
            answered += good ? 1 : 0;
        }
        return answered;
    }

    private static List<String> questions(Api api) {
        List<String> questions = new ArrayList<>();
        for (JsonNode heading : api.get("/api/v1/projects/default/headings")) {
            questions.add("What is said about " + heading.asString("") + "?");
        }
        return questions.isEmpty() ? List.of("What is this about?") : questions;
    }

    /// The chapters as a folder of their own. Files that are there already keep their time, so a second run changes
    /// nothing.
    private Path chapters() throws IOException {
        Path folder = Files.createDirectories(tool.home().folder().resolve("demo"));
        List<Path> pages;
        try (Stream<Path> entries = Files.list(corpus)) {
            pages = entries.filter(page ->
                            CHAPTERS.matcher(page.getFileName().toString()).matches())
                    .sorted()
                    .toList();
        }
        for (Path page : pages) {
            Path copy = folder.resolve(page.getFileName());
            if (!Files.exists(copy) || Files.mismatch(page, copy) >= 0) {
                Files.copy(page, copy, StandardCopyOption.REPLACE_EXISTING);
            }
        }
        return folder.toRealPath();
    }

    private void say(String line) {
        tool.err().println(line);
        tool.err().flush();
    }
}
