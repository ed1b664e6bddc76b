package dev.tidemill.admin.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Makes a database of a backup, or brings one project or workspace of it into the live installation; or says what
/// that takes.
@Command(
        mixinStandardHelpOptions = true,
        description = {
            "Make a new database of a backup, never over the live one (plan: say what that takes).",
            "With --project, or --workspace and --live: bring that back into the live installation."
        })
final class RestoreRunCommand implements Callable<Integer> {

    private static final String DATABASE = "tidemill_restored";

    private final Tool tool;
    private final boolean plan;

    @Mixin
    private BackupId id = new BackupId();

    @Option(
            names = "--database",
            paramLabel = "NAME",
            description = "name of the new database (default: " + DATABASE + ")")
    private @Nullable String database;

    @Option(
            names = "--workspace",
            paramLabel = "ID",
            description = "take only this workspace out of the backup: its id; with --project or --live also its slug")
    private @Nullable String workspace;

    @Option(
            names = "--project",
            paramLabel = "SLUG",
            description = "bring this project back into the live installation, vectors included")
    private @Nullable String project;

    @Option(names = "--into", paramLabel = "SLUG", description = "under this slug, with --project")
    private @Nullable String into;

    @Option(names = "--live", description = "bring all projects of the workspace back into the live installation")
    private boolean live;

    @Option(
            names = "--on-conflict",
            paramLabel = "WHAT",
            description =
                    "when the live project has documents: refuse (default), skip those that are there, or replace")
    private @Nullable String onConflict;

    @Mixin
    private Waiting waiting = new Waiting();

    @Mixin
    private Output output = new Output();

    RestoreRunCommand(Tool tool, boolean plan) {
        this.tool = tool;
        this.plan = plan;
    }

    @Override
    public Integer call() {
        boolean reclaim = project != null || live;
        if (reclaim && database != null) {
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "--database makes a new database, --project and --live write to the live one: give one");
        }
        if (!reclaim && (into != null || onConflict != null)) {
            throw new CommandFailed(ExitCode.USAGE, "--into and --on-conflict go with --project or --live");
        }
        Map<String, String> body = new LinkedHashMap<>();
        put(body, "only", workspace);
        if (reclaim) {
            put(body, "project", project);
            put(body, "into", into);
            put(body, "onConflict", onConflict);
        } else {
            body.put("database", database == null ? DATABASE : database);
        }
        String job = reclaim ? "reclaim" : "restore";
        try (Session session = Session.open(tool)) {
            if (plan) {
                body.put("backup", id.toString());
                PlanText.print(session.api().post("/actuator/jobs/" + job + "/plan", body), output, tool.out());
                return ExitCode.OK;
            }
            long run = session.api()
                    .post(BackupCommand.path(id.toString()) + "/" + job, body)
                    .path("runId")
                    .asLong();
            return waiting.tell(tool, session, output, run);
        }
    }

    private static void put(Map<String, String> body, String name, @Nullable String value) {
        if (value != null) {
            body.put(name, value);
        }
    }
}
