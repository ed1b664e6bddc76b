package dev.tidemill.admin.cli;

import dev.tidemill.admin.Server;
import dev.tidemill.admin.StartWorkspace;
import dev.tidemill.migrate.MigrateProperties;
import dev.tidemill.precaution.BackupBefore;
import dev.tidemill.precaution.Precautions;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.RunView;
import dev.tidemill.run.Runs;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.springframework.context.ConfigurableApplicationContext;

/// What is done before the schema is changed: a backup of everything, and the same change on it, restored to scratch.
/// By jobs of this process, on the schema as it is.
final class BeforeChanges implements AutoCloseable {

    private final Tool tool;
    private final ConfigurableApplicationContext context;

    private BeforeChanges(Tool tool, ConfigurableApplicationContext context) {
        this.tool = tool;
        this.context = context;
    }

    static BeforeChanges open(Tool tool) {
        return new BeforeChanges(tool, Server.startBeforeChanges(tool.home(), tool.distribution(), tool.databaseUrl()));
    }

    MigrateProperties settings() {
        return context.getBean(MigrateProperties.class);
    }

    /// A backup, where the settings ask for one.
    ///
    /// @param changes how many are to be applied or taken back
    void backup(long changes) {
        BackupBefore rule = settings().backupBefore();
        Optional<String> reason = context.getBean(Precautions.class).reason(rule, changes);
        if (reason.isEmpty() || rule.mode() == null) {
            return;
        }
        switch (rule.mode()) {
            case OFF -> {}
            case WARN -> tool.err().println("warning: " + reason.get());
            case REFUSE ->
                throw new CommandFailed(
                        ExitCode.CONFLICT,
                        reason.get() + ": nothing was changed. Make one with './tidemill backup create', or add"
                                + " --no-backup");
            case TAKE -> take(reason.get());
        }
    }

    /// A backup of what is about to be lost, however young the newest one is: that may not hold it.
    ///
    /// @param changes how many are to be taken back
    void backupOfWhatIsLost(long changes) {
        if (settings().backupBefore().mode() == BackupBefore.Mode.TAKE) {
            take("the data of what is taken back will be gone, no older backup need hold it");
        } else {
            backup(changes);
        }
    }

    private void take(String reason) {
        tool.err().println(reason + ": making one");
        RunView run = run("backup", Map.of());
        if (!run.completed()) {
            throw new CommandFailed(
                    ExitCode.ERROR,
                    "the backup before the change (run " + run.id() + ") is " + run.status() + ": " + run.message()
                            + ". Nothing was changed: mend that, or add --no-backup");
        }
        tool.out().println("backup " + run.parameters().get("backup") + " was made first");
    }

    /// The changes on the newest backup, or a named one.
    ///
    /// @return what the rehearsal told
    String rehearse(String backup, boolean outOfOrder) {
        Map<String, String> parameters = new HashMap<>(Map.of("backup", backup));
        parameters.put("outOfOrder", Boolean.toString(outOfOrder));
        RunView run = run("rehearse", parameters);
        if (!run.completed()) {
            throw new CommandFailed(
                    ExitCode.VERIFICATION_FAILED,
                    "the rehearsal (run " + run.id() + ") is " + run.status() + ": " + run.message()
                            + ". The live database was not changed");
        }
        return String.valueOf(run.message());
    }

    /// Whether there is a backup to rehearse on.
    boolean hasBackup() {
        return context.getBean(Precautions.class).newest().isPresent();
    }

    private RunView run(String job, Map<String, String> parameters) {
        Runs runs = context.getBean(Runs.class);
        long id = runs.launch(
                        LaunchRequest.of(context.getBean(StartWorkspace.class).id(), job, parameters, "cli")
                                .by("migrate", ""))
                .runId();
        tool.err().println(job + ": run " + id);
        return runs.finished(id).join();
    }

    @Override
    public void close() {
        context.close();
    }
}
