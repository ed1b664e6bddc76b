package dev.tidemill.admin.cli;

import dev.tidemill.admin.Database;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.schema.PlannedChange;
import dev.tidemill.schema.Schema;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// The schema of the database.
@Command(
        name = "migrate",
        description = "Look at the schema of the database, and change it.",
        mixinStandardHelpOptions = true)
final class MigrateCommand implements Runnable {

    private static final DateTimeFormatter TAG =
            DateTimeFormatter.ofPattern("'before-'uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before the command runs
    private CommandSpec spec;

    static CommandLine with(Tool tool) {
        return new CommandLine(new MigrateCommand())
                .addSubcommand(new MigrateStatusCommand(tool))
                .addSubcommand(new Plan(tool))
                .addSubcommand(new Rehearse(tool))
                .addSubcommand(new Apply(tool))
                .addSubcommand(new Rollback(tool))
                .addSubcommand(new New(tool));
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "name what to do: status, plan, rehearse, apply, rollback or new");
    }

    /// Shows the SQL of what is missing.
    @Command(
            name = "plan",
            description = "Show the SQL that apply would run. Changes nothing.",
            mixinStandardHelpOptions = true)
    private static final class Plan implements Callable<Integer> {
        private final Tool tool;

        @Mixin
        private Output output = new Output();

        private Plan(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            tool.home().prepare();
            try (Database database = Database.open(tool.home(), tool.databaseUrl())) {
                List<PlannedChange> changes = Schema.plan(database.owner());
                if (output.json()) {
                    tool.out().println(Output.pretty(changes));
                    return ExitCode.OK;
                }
                for (PlannedChange change : changes) {
                    tool.out()
                            .println("-- " + change.id() + " (" + change.file() + ")"
                                    + (change.transactional() ? "" : ", outside of a transaction"));
                    change.statements().forEach(sql -> tool.out().println(sql + ";"));
                    tool.out().println();
                }
                tool.out().println("-- " + changes.size() + " change sets");
                if (!changes.isEmpty()) {
                    tool.out()
                            .println("-- './tidemill migrate rehearse' applies them to the newest backup, restored to"
                                    + " scratch.");
                }
                return ExitCode.OK;
            }
        }
    }

    /// Applies what a backup lacks to a restored copy of it.
    @Command(
            name = "rehearse",
            description = {
                "Restore a backup to scratch, apply the change sets that it lacks there, time them, remove it.",
                "The live database is not changed. Exit code 7 when they fail."
            },
            mixinStandardHelpOptions = true)
    private static final class Rehearse implements Callable<Integer> {
        private final Tool tool;

        @Mixin
        private BackupId id = new BackupId();

        @Option(
                names = "--out-of-order",
                description = "also apply change sets that come before some that were applied already")
        private boolean outOfOrder;

        private Rehearse(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            tool.home().prepare();
            try (BeforeChanges before = BeforeChanges.open(tool)) {
                tool.out().println(before.rehearse(id.toString(), outOfOrder));
                return ExitCode.OK;
            } catch (InvalidParameter e) {
                throw new CommandFailed(ExitCode.NOT_FOUND, String.valueOf(e.getMessage()));
            }
        }
    }

    /// Applies what is missing and has the backfills done.
    @Command(
            name = "apply",
            description = "Apply what is missing, then fill in what it left open.",
            mixinStandardHelpOptions = true)
    private static final class Apply implements Callable<Integer> {
        private final Tool tool;

        @Option(
                names = "--out-of-order",
                description = "also apply change sets that come before some that were applied already")
        private boolean outOfOrder;

        @Option(names = "--tag", description = "name of the state before, to roll back to (default: before-TIME)")
        private @Nullable String tag;

        @Option(names = "--schema-only", description = "leave the filling in to a later run of the job migrate")
        private boolean schemaOnly;

        @Option(names = "--no-backup", description = "take no backup first, whatever migrate.backup-before says")
        private boolean noBackup;

        @Option(names = "--no-rehearsal", description = "do not rehearse it on the newest backup first")
        private boolean noRehearsal;

        @Mixin
        private Waiting waiting = new Waiting();

        @Mixin
        private Output output = new Output();

        private Apply(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            tool.home().prepare();
            List<String> backfills;
            prepare();
            try (Database database = Database.open(tool.home(), tool.databaseUrl())) {
                long missing = missing(database);
                boolean empty = missing == Schema.status(database.owner()).size();
                String name = tag == null ? TAG.format(Instant.now()) : tag;
                if (missing > 0 && !empty) {
                    Schema.tag(database.owner(), name);
                }
                Schema.apply(database.owner(), outOfOrder);
                backfills = Schema.openBackfills(database.owner());
                tool.out()
                        .println(missing + " change sets applied"
                                + (missing > 0 && !empty
                                        ? "; './tidemill migrate rollback " + name + "' takes them back"
                                        : ""));
            }
            if (backfills.isEmpty()) {
                return ExitCode.OK;
            }
            tool.out().println("to be filled in: " + String.join(", ", backfills));
            if (schemaOnly) {
                tool.out().println("'./tidemill jobs start migrate' does it");
                return ExitCode.OK;
            }
            try (Session session = Session.open(tool)) {
                long run = session.api()
                        .post("/actuator/jobs/migrate", Map.of())
                        .path("runId")
                        .asLong();
                return waiting.toTheEnd(tool, session, output, run);
            }
        }

        /// Only where there is something to lose.
        private void prepare() {
            long missing;
            try (Database database = Database.open(tool.home(), tool.databaseUrl())) {
                missing = missing(database);
                if (missing == 0 || !Schema.holdsDocuments(database.owner())) {
                    return;
                }
            }
            if (noBackup && noRehearsal) {
                return;
            }
            try (BeforeChanges before = BeforeChanges.open(tool)) {
                if (!noBackup) {
                    before.backup(missing);
                }
                if (!noRehearsal && before.settings().rehearse() && before.hasBackup()) {
                    tool.out().println("rehearsed: " + before.rehearse("latest", outOfOrder));
                }
            }
        }

        private static long missing(Database database) {
            return Schema.status(database.owner()).stream()
                    .filter(change -> !change.applied())
                    .count();
        }
    }

    /// Takes change sets back.
    @Command(
            name = "rollback",
            description =
                    "Take back every change set that was applied since TAG. The data of their columns and tables is lost.",
            mixinStandardHelpOptions = true)
    private static final class Rollback implements Callable<Integer> {
        private final Tool tool;

        @Parameters(index = "0", paramLabel = "TAG", description = "as apply told it")
        private String tag = "";

        @Option(names = "--yes", description = "do it; without it only what would be taken back is shown")
        private boolean yes;

        @Option(names = "--no-backup", description = "take no backup first, whatever migrate.backup-before says")
        private boolean noBackup;

        private Rollback(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            tool.home().prepare();
            if (yes && !noBackup) {
                backup();
            }
            try (Database database = Database.open(tool.home(), tool.databaseUrl())) {
                if (!yes) {
                    Schema.since(database.owner(), tag)
                            .forEach(change -> tool.out().println("would be taken back: " + change));
                    tool.out().println("add --yes to do it");
                    return ExitCode.OK;
                }
                long before = applied(database);
                Schema.rollBackTo(database.owner(), tag);
                tool.out()
                        .println(before - applied(database)
                                + " change sets taken back; a start with this version applies them again");
                return ExitCode.OK;
            }
        }

        /// Only where there is something to lose, and before anything is taken back.
        private void backup() {
            long changes;
            try (Database database = Database.open(tool.home(), tool.databaseUrl())) {
                changes = Schema.since(database.owner(), tag).size();
                if (changes == 0 || !Schema.holdsDocuments(database.owner())) {
                    return;
                }
            }
            try (BeforeChanges before = BeforeChanges.open(tool)) {
                before.backupOfWhatIsLost(changes);
            }
        }

        private static long applied(Database database) {
            return Schema.status(database.owner()).stream()
                    .filter(change -> change.applied())
                    .count();
        }
    }

    /// Makes the file of a new change.
    @Command(
            name = "new",
            description = "Make the file of a new change of the schema, in a checkout of the program.",
            mixinStandardHelpOptions = true)
    private static final class New implements Callable<Integer> {
        private static final int STEP = 10;

        private final Tool tool;

        @Parameters(
                index = "0",
                paramLabel = "TITLE",
                description = "in a few words, for example \"labels of documents\"")
        private String title = "";

        @Option(names = "--folder", description = "of the change logs (default: the one of the program)")
        private @Nullable Path folder;

        private New(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            String slug =
                    title.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
            if (slug.isEmpty()) {
                throw new CommandFailed(ExitCode.USAGE, "the title holds no letter or digit: say what changes");
            }
            Path target = folder != null ? folder : ofTheProgram();
            if (!Files.isDirectory(target)) {
                throw new CommandFailed(
                        ExitCode.NOT_FOUND, target + " is no folder: name the one of the change logs with --folder");
            }
            String number = String.format(Locale.ROOT, "%03d", next(target));
            Path file = target.resolve(number + "-" + slug + ".sql");
            try {
                Files.writeString(file, text(number, slug), java.nio.file.StandardOpenOption.CREATE_NEW);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot write " + file + ": " + e.getMessage(), e);
            }
            tool.out().println(file);
            return ExitCode.OK;
        }

        private Path ofTheProgram() {
            Path root = tool.distribution() == null ? Path.of("") : tool.distribution();
            return root.resolve("migrations/src/main/resources/db/changelog/sql")
                    .toAbsolutePath();
        }

        private static int next(Path folder) {
            try (Stream<Path> files = Files.list(folder)) {
                int last = files.map(file -> file.getFileName().toString())
                        .filter(name -> name.matches("[0-9]+-.*\\.sql"))
                        .mapToInt(name -> Integer.parseInt(name.substring(0, name.indexOf('-'))))
                        .max()
                        .orElse(0);
                return (last / STEP + 1) * STEP;
            } catch (IOException e) {
                throw new UncheckedIOException("cannot list " + folder + ": " + e.getMessage(), e);
            }
        }

        private static String text(String number, String slug) {
            return """
                    --liquibase formatted sql

                    -- Why it changes, and how the change behaves on a big table. What cannot run in a transaction stands in a
                    -- change set of its own with runInTransaction:false, written so that it can be run twice, as its roll-back:
                    -- CREATE INDEX CONCURRENTLY IF NOT EXISTS, DROP INDEX CONCURRENTLY IF EXISTS.
                    --changeset tidemill:%s-%s
                    SELECT 1;
                    --rollback SELECT 1;
                    """.formatted(number, slug);
        }
    }
}
