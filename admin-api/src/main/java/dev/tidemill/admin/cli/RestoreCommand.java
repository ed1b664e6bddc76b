package dev.tidemill.admin.cli;

import dev.tidemill.admin.Database;
import dev.tidemill.admin.Server;
import dev.tidemill.admin.ServerFile;
import dev.tidemill.admin.ServerFile.Running;
import dev.tidemill.backup.Archives;
import dev.tidemill.backup.LiveDatabase;
import dev.tidemill.backup.Promotion;
import dev.tidemill.postgres.Recovery;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ConfigurableApplicationContext;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Restores: planned, run, and put in the place of the live database.
@Command(name = "restore", description = "List the databases that restores made.", mixinStandardHelpOptions = true)
final class RestoreCommand implements Callable<Integer> {

    private final Tool tool;

    @Mixin
    private Output output = new Output();

    private RestoreCommand(Tool tool) {
        this.tool = tool;
    }

    static CommandLine with(Tool tool) {
        return new CommandLine(new RestoreCommand(tool))
                .addSubcommand("list", new RestoreCommand(tool))
                .addSubcommand("plan", new RestoreRunCommand(tool, true))
                .addSubcommand("run", new RestoreRunCommand(tool, false))
                .addSubcommand(new Promote(tool))
                .addSubcommand(new Recover(tool));
    }

    @Override
    public Integer call() {
        try (Session session = Session.open(tool)) {
            JsonNode databases = session.api().get("/actuator/backups/restored");
            if (output.json()) {
                tool.out().println(Output.pretty(databases));
                return ExitCode.OK;
            }
            if (databases.isEmpty()) {
                tool.out().println("None.");
            }
            databases.forEach(each -> tool.out().println(each.asString("").replace("\t", "  ")));
            return ExitCode.OK;
        }
    }

    /// Puts a restored database in the place of the live one.
    @Command(
            name = "promote",
            description = {
                "Put a restored database in the place of the live one, which is kept under another name.",
                "All servers must be stopped. Schedules of the restored database are paused:",
                "look at them, then resume them."
            },
            mixinStandardHelpOptions = true)
    static final class Promote implements Callable<Integer> {
        private final Tool tool;

        @Parameters(index = "0", paramLabel = "NAME", description = "database that a restore made")
        private String name = "";

        @Option(
                names = "--confirm",
                paramLabel = "NAME",
                description = "the same name again: the live database goes out of use")
        private String confirm = "";

        Promote(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            Optional<Running> running = ServerFile.find(tool.home());
            if (running.isPresent()) {
                throw new CommandFailed(
                        ExitCode.CONFLICT,
                        "a server runs on " + tool.home().folder() + " (process "
                                + running.get().pid() + "): stop it, then promote");
            }
            tool.home().prepare();
            try (Database database = Database.open(tool.home(), tool.databaseUrl())) {
                String old = Promotion.promote(
                        new LiveDatabase(database.jdbcUrl(), database.username(), database.password()),
                        name,
                        confirm,
                        Instant.now());
                tool.out()
                        .println(name + " is the live database now; the one before is kept as " + old
                                + ". Start the server, look at the schedules (they are paused), and drop " + old
                                + " once it is not needed");
                return ExitCode.OK;
            } catch (IllegalStateException e) {
                throw new CommandFailed(ExitCode.CONFLICT, String.valueOf(e.getMessage()));
            }
        }
    }

    /// Recovers the private cluster to a point in time.
    @Command(
            name = "recover",
            description = {
                "Make a private cluster out of a base backup (backup create --scope cluster) and the write-ahead log,",
                "as it was at a point in time. Into a new folder; needs no database and no server.",
                "Look at it with TIDEMILL_HOME of the folder above it."
            },
            mixinStandardHelpOptions = true)
    static final class Recover implements Callable<Integer> {
        private final Tool tool;

        @Parameters(
                index = "0",
                defaultValue = "latest",
                paramLabel = "ID",
                description = "id of a base backup, or latest (default)")
        private String id = "latest";

        @Option(names = "--to", required = true, paramLabel = "FOLDER", description = "new data folder (TIDEMILL_HOME)")
        private Path folder = Path.of("");

        @Option(
                names = "--time",
                description = "with everything committed before then, for example 2026-03-01T08:00:00Z")
        private @Nullable String time;

        @Option(names = "--lsn", description = "up to this position in the write-ahead log")
        private @Nullable String lsn;

        @Option(names = "--name", description = "up to this restore point (pg_create_restore_point)")
        private @Nullable String point;

        Recover(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() throws IOException {
            long given = Stream.of(time, lsn, point).filter(Objects::nonNull).count();
            if (given > 1) {
                throw new CommandFailed(ExitCode.USAGE, "name one point: --time, --lsn or --name");
            }
            Recovery.Point kind = time != null
                    ? Recovery.Point.TIME
                    : lsn != null ? Recovery.Point.LSN : point != null ? Recovery.Point.NAME : Recovery.Point.END;
            String value = Stream.of(time, lsn, point)
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElse("");
            Path password = tool.home().postgres().resolve("password");
            if (!Files.exists(password)) {
                throw new CommandFailed(
                        ExitCode.NOT_FOUND,
                        password + " is not there: put the password file of the cluster that was backed up back");
            }
            try (ConfigurableApplicationContext context = Server.openArchives(tool.home(), tool.distribution())) {
                Archives.Recovered recovered = context.getBean(Archives.class)
                        .recover(
                                id,
                                folder.resolve("postgres"),
                                Files.readString(password).strip(),
                                kind,
                                value);
                tool.out()
                        .println(recovered.backup() + " lies in " + folder + " with the log up to "
                                + recovered.lastSegment() + ". It recovers when it is started: TIDEMILL_HOME=" + folder
                                + " ./tidemill doctor");
                return ExitCode.OK;
            } catch (IllegalArgumentException e) {
                throw new CommandFailed(ExitCode.NOT_FOUND, String.valueOf(e.getMessage()));
            }
        }
    }
}
