package dev.tidemill.admin.cli;

import dev.tidemill.admin.crashtest.CrashTest;
import dev.tidemill.admin.crashtest.Mode;
import dev.tidemill.admin.crashtest.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Kills processes and databases in a scratch folder and compares what is left with an undisturbed run.
@Command(
        name = "crash-test",
        description = "Kill jobs again and again on a scratch database; prove that nothing is lost or done twice.",
        mixinStandardHelpOptions = true)
final class CrashTestCommand implements Callable<Integer> {

    /// What brings data in, what rebuilds it, what saves it.
    private static final String DEFAULT = "ingest,reembed,backup";

    private final Tool tool;

    @Option(
            names = "--seed",
            description = "decides documents and faults; the same seed is the same schedule (default: random)")
    private @Nullable Long seed;

    @Option(names = "--kills", description = "faults to inject (default: ${DEFAULT-VALUE})", defaultValue = "25")
    private int kills = 25;

    @Option(
            names = "--mode",
            description = "process, backend, postmaster, zombie or all (default: ${DEFAULT-VALUE})",
            defaultValue = "all")
    private Mode mode = Mode.ALL;

    @Option(
            names = "--documents",
            description = "documents in the folder at first; more come with each round (default: ${DEFAULT-VALUE})",
            defaultValue = "16")
    private int documents = 16;

    @Option(
            names = "--job",
            description = "jobs to test, separated by commas, or all (default: ${DEFAULT-VALUE})",
            defaultValue = DEFAULT)
    private String job = DEFAULT;

    @Option(names = "--nodes", description = "processes kept alive (default: ${DEFAULT-VALUE})", defaultValue = "2")
    private int nodes = 2;

    @Option(
            names = "--lease",
            description = "seconds for which a silent process is believed alive (default: ${DEFAULT-VALUE})",
            defaultValue = "6")
    private int leaseSeconds = 6;

    @Option(names = "--scratch", description = "empty folder to work in, kept afterwards (default: a temporary one)")
    private @Nullable Path named;

    CrashTestCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        CrashTest.Options options = options();
        Path folder = named == null ? Files.createTempDirectory("tidemill-crash-test-") : named;
        if (named != null && !empty(named)) {
            throw new CommandFailed(ExitCode.USAGE, named + " is not empty: name an empty folder for --scratch");
        }
        tool.err()
                .printf(
                        Locale.ROOT,
                        "crash-test --job %s --seed %d --kills %d --mode %s --documents %d --nodes %d --lease %d (in %s)%n",
                        job,
                        options.seed(),
                        kills,
                        mode.name().toLowerCase(Locale.ROOT),
                        documents,
                        nodes,
                        leaseSeconds,
                        folder);
        Report report;
        try (CrashTest test = new CrashTest(options, folder, this::live)) {
            report = test.run();
        } catch (IllegalStateException e) {
            throw new CommandFailed(ExitCode.VERIFICATION_FAILED, String.valueOf(e.getMessage()));
        }
        if (Output.terminal()) {
            tool.err().print("\r\u001b[2K");
        }
        if (named != null || !report.clean()) {
            tool.err().println("the scratch folder is kept: " + folder);
        } else {
            CrashTest.removeScratch(folder);
        }
        tool.out().println(report.text());
        return report.clean() ? ExitCode.OK : ExitCode.VERIFICATION_FAILED;
    }

    private CrashTest.Options options() {
        long chosen = seed == null ? ThreadLocalRandom.current().nextInt(1, 1_000_000) : seed;
        try {
            return new CrashTest.Options(
                    jobs(), chosen, kills, mode, documents, nodes, Duration.ofSeconds(leaseSeconds));
        } catch (IllegalArgumentException e) {
            throw new CommandFailed(ExitCode.USAGE, String.valueOf(e.getMessage()));
        }
    }

    private Set<String> jobs() {
        List<String> known = CrashTest.jobs();
        Set<String> jobs = new LinkedHashSet<>(job.equals("all") ? known : List.of(job.split(",", -1)));
        if (!known.containsAll(jobs)) {
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "--job " + job + " cannot be tested: use all, or some of " + String.join(",", known));
        }
        return jobs;
    }

    private void live(String line) {
        if (Output.terminal()) {
            tool.err().print("\r\u001b[2K" + line);
            tool.err().flush();
        } else {
            tool.err().println(line);
        }
    }

    private static boolean empty(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return true;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.findAny().isEmpty();
        }
    }
}
