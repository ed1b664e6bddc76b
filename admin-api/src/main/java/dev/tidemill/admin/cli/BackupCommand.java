package dev.tidemill.admin.cli;

import dev.tidemill.admin.Server;
import dev.tidemill.backup.Archives;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ConfigurableApplicationContext;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Backups: made, listed, verified, kept, taken away, and taken apart by hand.
@Command(name = "backup", description = "List the backups.", mixinStandardHelpOptions = true)
final class BackupCommand implements Callable<Integer> {

    private static final String ID = "id of a backup, or latest (default)";

    /// As pgBackRest calls its backups.
    private static final Pattern PGBACKREST = Pattern.compile("[0-9]{8}-[0-9]{6}F(_[0-9]{8}-[0-9]{6}[DI])?");

    private final Tool tool;

    @Mixin
    private Output output = new Output();

    private BackupCommand(Tool tool) {
        this.tool = tool;
    }

    static CommandLine with(Tool tool) {
        return new CommandLine(new BackupCommand(tool))
                .addSubcommand("list", new BackupCommand(tool))
                .addSubcommand(new Create(tool))
                .addSubcommand(new Info(tool))
                .addSubcommand(new Verify(tool))
                .addSubcommand(new Check(tool))
                .addSubcommand("pin", new Pin(tool, true))
                .addSubcommand("unpin", new Pin(tool, false))
                .addSubcommand(new Expire(tool))
                .addSubcommand(new Decrypt(tool))
                .addSubcommand(new Cat(tool));
    }

    @Override
    public Integer call() {
        try (Session session = Session.open(tool)) {
            JsonNode list = session.api().get("/actuator/backups");
            if (output.json()) {
                tool.out().println(Output.pretty(list));
                return ExitCode.OK;
            }
            tool.out().println(list.path("target").asString(""));
            if (list.path("backups").isEmpty()) {
                tool.out().println("No backups: tidemill backup create makes one.");
            }
            list.path("backups").forEach(backup -> tool.out().println(BackupText.row(backup)));
            BackupText.repository(list.path("pgbackrest"), tool.out());
            return ExitCode.OK;
        }
    }

    static String path(String id) {
        return "/actuator/backups/" + Api.encoded(id);
    }

    /// Makes a backup.
    @Command(name = "create", description = "Make a backup.", mixinStandardHelpOptions = true)
    static final class Create implements Callable<Integer> {
        private final Tool tool;

        @Option(
                names = "--scope",
                description = "full, schema, data, workspace or cluster (default: ${DEFAULT-VALUE})",
                defaultValue = "full")
        private String scope = "full";

        @Option(names = "--workspace", paramLabel = "ID", description = "id or slug, with --scope workspace")
        private @Nullable String workspace;

        @Option(names = "--dry-run", description = "say what it would copy, and where to")
        private boolean dryRun;

        @Mixin
        private Waiting waiting = new Waiting();

        @Mixin
        private Output output = new Output();

        Create(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            Map<String, String> body = new LinkedHashMap<>();
            body.put("scope", scope);
            if (workspace != null) {
                body.put("only", workspace);
            }
            try (Session session = Session.open(tool)) {
                if (dryRun) {
                    PlanText.print(session.api().post("/actuator/jobs/backup/plan", body), output, tool.out());
                    return ExitCode.OK;
                }
                long run = session.api()
                        .post("/actuator/backups", body)
                        .path("runId")
                        .asLong();
                return waiting.tell(tool, session, output, run);
            }
        }
    }

    /// Shows a backup.
    @Command(name = "info", description = "Show a backup.", mixinStandardHelpOptions = true)
    static final class Info implements Callable<Integer> {
        private final Tool tool;

        @Parameters(index = "0", defaultValue = "latest", paramLabel = "ID", description = ID)
        private String id = "latest";

        @Mixin
        private Output output = new Output();

        Info(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                if (PGBACKREST.matcher(id).matches()) {
                    return physical(session.api().get("/actuator/backups/pgbackrest"));
                }
                JsonNode detail = session.api().get(path(id));
                if (output.json()) {
                    tool.out().println(Output.pretty(detail));
                } else {
                    BackupText.info(detail, tool.out());
                }
                return ExitCode.OK;
            }
        }

        private int physical(JsonNode repository) {
            for (JsonNode backup : repository.path("backups")) {
                if (backup.path("label").asString("").equals(id)) {
                    if (output.json()) {
                        tool.out().println(Output.pretty(backup));
                    } else {
                        BackupText.physicalInfo(backup, repository, tool.out());
                    }
                    return ExitCode.OK;
                }
            }
            throw new CommandFailed(
                    ExitCode.NOT_FOUND,
                    repository
                            .path("trouble")
                            .asString(
                                    "there is no backup " + id + " in pgBackRest's repository: tidemill backup list"));
        }
    }

    /// Reads a backup again.
    @Command(
            name = "verify",
            description = "Read a backup and compare it with its manifest; exit code 1 when it is damaged.",
            mixinStandardHelpOptions = true)
    static final class Verify implements Callable<Integer> {
        private final Tool tool;

        @Parameters(index = "0", defaultValue = "latest", paramLabel = "ID", description = ID)
        private String id = "latest";

        @Option(
                names = "--level",
                description = "1 manifest and sizes, 2 every byte (default: ${DEFAULT-VALUE})",
                defaultValue = "2")
        private String level = "2";

        @Mixin
        private Waiting waiting = new Waiting();

        @Mixin
        private Output output = new Output();

        Verify(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                long run = session.api()
                        .post(path(id) + "/verify?level=" + Api.encoded(level), Map.of())
                        .path("runId")
                        .asLong();
                return waiting.tell(tool, session, output, run);
            }
        }
    }

    /// For monitoring.
    @Command(
            name = "check",
            description = {
                "Say how backups stand, as monitoring plug-ins do:",
                "exit code 0 well, 1 warning, 2 critical, 3 unknown."
            },
            mixinStandardHelpOptions = true)
    static final class Check implements Callable<Integer> {
        private static final String[] WORDS = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

        private final Tool tool;

        @Option(names = "--backup", description = "oldest backup (default: ${DEFAULT-VALUE})", defaultValue = "26h")
        private String backup = "26h";

        @Option(names = "--drill", description = "oldest good drill (default: ${DEFAULT-VALUE})", defaultValue = "8d")
        private String drill = "8d";

        @Option(
                names = "--physical",
                description = "oldest physical backup, where they are made (default: ${DEFAULT-VALUE})",
                defaultValue = "8d")
        private String physical = "8d";

        Check(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                JsonNode check = session.api()
                        .get("/actuator/backups/check?backup=" + Api.encoded(backup) + "&drill=" + Api.encoded(drill)
                                + "&physical=" + Api.encoded(physical));
                int code = Math.clamp(check.path("code").asInt(3), 0, 3);
                tool.out()
                        .println("BACKUP " + WORDS[code] + " - "
                                + check.path("text").asString(""));
                return code;
            } catch (RuntimeException e) {
                // Whatever went wrong, a monitor must be told in its own words.
                tool.out()
                        .println(
                                "BACKUP UNKNOWN - " + Failure.of(e, tool.home()).line());
                return 3;
            }
        }
    }

    /// Keeps a backup, or lets it go.
    @Command(mixinStandardHelpOptions = true, description = "Keep a backup whatever the retention says, or no longer.")
    static final class Pin implements Callable<Integer> {
        private final Tool tool;
        private final boolean pin;

        @Parameters(index = "0", paramLabel = "ID", description = "id of a backup, or latest")
        private String id = "";

        @Option(names = "--reason", paramLabel = "TEXT", description = "why it is kept")
        private String reason = "";

        Pin(Tool tool, boolean pin) {
            this.tool = tool;
            this.pin = pin;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                JsonNode detail = session.api()
                        .post(path(id) + (pin ? "/pin" : "/unpin"), pin ? Map.of("reason", reason) : Map.of());
                tool.out().println(BackupText.row(detail.path("backup")));
                return ExitCode.OK;
            }
        }
    }

    /// Takes away what is kept no longer.
    @Command(
            name = "expire",
            description = "Take away what the retention keeps no longer.",
            mixinStandardHelpOptions = true)
    static final class Expire implements Callable<Integer> {
        private final Tool tool;

        @Option(names = "--dry-run", description = "tell only")
        private boolean dryRun;

        @Mixin
        private Output output = new Output();

        Expire(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() {
            try (Session session = Session.open(tool)) {
                JsonNode expiry = session.api().post("/actuator/backups/expire?dryRun=" + dryRun, Map.of());
                if (output.json()) {
                    tool.out().println(Output.pretty(expiry));
                    return ExitCode.OK;
                }
                expiry.path("kept").forEach(each -> tool.out().println("keeps   " + each.asString()));
                String verb = dryRun ? "would remove " : "removed ";
                expiry.path("gone").forEach(each -> tool.out().println(verb + each.asString()));
                expiry.path("leftovers")
                        .forEach(each -> tool.out().println(verb + each.asString() + ", which was never whole"));
                return ExitCode.OK;
            }
        }
    }

    /// Writes a backup in clear.
    @Command(
            name = "decrypt",
            description = {
                "Write a backup in clear into a new folder, with a script for plain psql.",
                "Needs the target and the key, no database and no server."
            },
            mixinStandardHelpOptions = true)
    static final class Decrypt implements Callable<Integer> {
        private final Tool tool;

        @Parameters(index = "0", paramLabel = "ID", description = "id of a backup, or latest")
        private String id = "";

        @Option(names = "--to", required = true, paramLabel = "FOLDER", description = "new folder")
        private Path folder = Path.of("");

        Decrypt(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() throws IOException {
            try (ConfigurableApplicationContext context = Server.openArchives(tool.home(), tool.distribution())) {
                context.getBean(Archives.class).decrypt(id, folder);
                tool.out()
                        .println("written to " + folder
                                + ": in it, createdb restored && psql -X -d restored -f restore.sql");
                return ExitCode.OK;
            } catch (IllegalArgumentException e) {
                throw new CommandFailed(ExitCode.NOT_FOUND, String.valueOf(e.getMessage()));
            }
        }
    }

    /// Writes one part in clear.
    @Command(
            name = "cat",
            description = "Write one part of a backup in clear to standard output. Needs no database and no server.",
            mixinStandardHelpOptions = true)
    static final class Cat implements Callable<Integer> {
        private final Tool tool;

        @Parameters(index = "0", paramLabel = "ID", description = "id of a backup, or latest")
        private String id = "";

        @Parameters(index = "1", paramLabel = "PART", description = "name of a part, as info -o json lists it")
        private String part = "";

        Cat(Tool tool) {
            this.tool = tool;
        }

        @Override
        public Integer call() throws IOException {
            try (ConfigurableApplicationContext context = Server.openArchives(tool.home(), tool.distribution())) {
                // Bytes, which the writer for texts would spoil.
                context.getBean(Archives.class).cat(id, part, System.out);
                System.out.flush();
                return ExitCode.OK;
            } catch (IllegalArgumentException e) {
                throw new CommandFailed(ExitCode.NOT_FOUND, String.valueOf(e.getMessage()));
            }
        }
    }
}
