package dev.tidemill.admin.cli;

import dev.tidemill.admin.Database;
import dev.tidemill.schema.Change;
import dev.tidemill.schema.Schema;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// Lists the change sets and what the database has of them, and what was changed past them. Changes nothing.
@Command(
        name = "status",
        description =
                "List the schema's change sets; exit code 7 when some are missing, or something was changed past them.",
        mixinStandardHelpOptions = true)
final class MigrateStatusCommand implements Callable<Integer> {

    private final Tool tool;

    @Mixin
    private Output output = new Output();

    MigrateStatusCommand(Tool tool) {
        this.tool = tool;
    }

    /// As JSON.
    ///
    /// @param openBackfills change sets whose backfill is not done
    private record Status(List<Change> changes, List<String> drift, List<String> openBackfills) {}

    @Override
    public Integer call() {
        tool.home().prepare();
        try (Database database = Database.open(tool.home(), tool.databaseUrl())) {
            List<Change> changes = Schema.status(database.owner());
            List<String> drift = Schema.drift(database.owner());
            List<String> backfills = Schema.openBackfills(database.owner());
            long missing = changes.stream().filter(change -> !change.applied()).count();
            if (output.json()) {
                tool.out().println(Output.pretty(new Status(changes, drift, backfills)));
            } else {
                changes.forEach(change -> tool.out()
                        .printf(
                                "%-8s %s (%s)%n",
                                change.applied() ? "applied" : "missing", change.id(), change.file()));
                drift.forEach(line -> tool.out().println("drift    " + line));
                backfills.forEach(
                        id -> tool.out().println("to fill  " + id + ": './tidemill jobs start migrate' does it"));
                tool.out().println(changes.size() + " change sets, " + missing + " missing");
            }
            return missing == 0 && drift.isEmpty() ? ExitCode.OK : ExitCode.VERIFICATION_FAILED;
        }
    }
}
