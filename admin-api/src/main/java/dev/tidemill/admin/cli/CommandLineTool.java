package dev.tidemill.admin.cli;

import dev.tidemill.admin.Home;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/// Reads the command line, runs the command, and makes an exit code and at most one line of whatever went wrong.
public final class CommandLineTool {

    private final Tool tool;

    public CommandLineTool(Home home, Map<String, String> environment, PrintWriter out, PrintWriter err) {
        this(home, distribution(System.getProperty("tidemill.dist", "")), environment, out, err);
    }

    CommandLineTool(
            Home home, @Nullable Path distribution, Map<String, String> environment, PrintWriter out, PrintWriter err) {
        this.tool = new Tool(home, distribution, environment, out, err);
    }

    private static @Nullable Path distribution(String named) {
        return named.isBlank() ? null : Path.of(named).toAbsolutePath();
    }

    /// Runs a command and returns its exit code.
    public int run(String... arguments) {
        CommandLine line = new CommandLine(new Root())
                .addSubcommand(new ServeCommand(tool))
                .addSubcommand(new IngestCommand(tool))
                .addSubcommand(new AskCommand(tool))
                .addSubcommand(new SearchCommand(tool))
                .addSubcommand(new CommandLine(new JobsCommand(tool)).addSubcommand(new JobStartCommand(tool)))
                .addSubcommand(RunsCommand.with(tool))
                .addSubcommand(new PlanCommand(tool))
                .addSubcommand(ReembedCommand.with(tool))
                .addSubcommand(EvaluateCommand.with(tool))
                .addSubcommand(DeadLettersCommand.withActions(tool))
                .addSubcommand(SchedulesCommand.with(tool))
                .addSubcommand(new AlertsCommand(tool))
                .addSubcommand(BackupCommand.with(tool))
                .addSubcommand(RestoreCommand.with(tool))
                .addSubcommand(DrillCommand.with(tool))
                .addSubcommand(new PruneCommand(tool))
                .addSubcommand(RetentionCommand.with(tool))
                .addSubcommand(new ForgetCommand(tool))
                .addSubcommand(new ExportCommand(tool))
                .addSubcommand(new ImportCommand(tool))
                .addSubcommand(new DoctorCommand(tool))
                .addSubcommand(MigrateCommand.with(tool))
                .addSubcommand(new DemoCommand(tool))
                .addSubcommand(new CrashTestCommand(tool))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setOut(tool.out())
                .setErr(tool.err())
                .setParameterExceptionHandler(this::usage)
                .setExecutionExceptionHandler(this::failed);
        return line.execute(arguments);
    }

    private int usage(ParameterException e, @Nullable String[] arguments) {
        String command = e.getCommandLine().getCommandSpec().qualifiedName();
        String suggestions = "";
        if (e instanceof UnmatchedArgumentException unmatched
                && !unmatched.getSuggestions().isEmpty()) {
            suggestions = " (did you mean " + String.join(" or ", unmatched.getSuggestions()) + "?)";
        }
        tool.err()
                .println("tidemill: " + String.valueOf(e.getMessage()).replaceAll("\\s*\\R\\s*", " ") + suggestions
                        + ". See " + command + " --help");
        return ExitCode.USAGE;
    }

    private int failed(Exception e, CommandLine command, CommandLine.ParseResult parsed) {
        Failure failure = Failure.of(e, tool.home());
        if (!(e instanceof CommandFailed) && !(e instanceof ApiProblem)) {
            LoggerFactory.getLogger(CommandLineTool.class)
                    .error("{} failed", command.getCommandSpec().qualifiedName(), e);
        }
        tool.err().println("tidemill: " + failure.line());
        return failure.exitCode();
    }

    /// What is shown without a command.
    @Command(
            name = "tidemill",
            description = "A knowledge base on PostgreSQL: documents in, cited answers out.",
            mixinStandardHelpOptions = true,
            versionProvider = Version.class,
            footer = {
                "",
                "The data folder is TIDEMILL_HOME; DATABASE_URL names an existing database.",
                "Exit codes: 0 ok, 1 error, 2 usage, 3 not found, 4 key refused, 5 conflict,",
                "6 completed with refusals, 7 verification failed, 8 timeout."
            })
    static final class Root implements Runnable {

        @Spec
        @SuppressWarnings("NullAway.Init") // set by picocli before the command runs
        private CommandSpec spec;

        @Override
        public void run() {
            throw new ParameterException(spec.commandLine(), "name a command");
        }
    }

    /// The version in the jar.
    static final class Version implements CommandLine.IVersionProvider {

        @Override
        public String[] getVersion() {
            String version = CommandLineTool.class.getPackage().getImplementationVersion();
            return new String[] {"tidemill " + (version == null ? "(not packaged)" : version)};
        }
    }
}
