package dev.tidemill.admin.cli;

import dev.tidemill.admin.cli.PassphraseOptions.Placed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Reads an exported project.
@Command(
        name = "import",
        description = "Read an exported project into this workspace, without embedding anything again.",
        mixinStandardHelpOptions = true)
final class ImportCommand implements Callable<Integer> {

    private final Tool tool;

    @Parameters(index = "0", paramLabel = "FILE", description = "file that export wrote")
    private String file = "";

    @Option(names = "--project", description = "slug of the project to import into (default: the exported one's)")
    private @Nullable String project;

    @Option(
            names = "--on-conflict",
            description = "refuse, skip or replace what is there already (default: ${DEFAULT-VALUE})",
            defaultValue = "refuse")
    private String onConflict = "refuse";

    @Option(
            names = "--sets",
            description = "all vector sets of the file, or only the live one (default: ${DEFAULT-VALUE})",
            defaultValue = "all")
    private String sets = "all";

    @Mixin
    private PassphraseOptions passphrase = new PassphraseOptions();

    @Option(names = "--dry-run", description = "say what would be imported, and import nothing")
    private boolean dryRun;

    @Mixin
    private Waiting waiting = new Waiting();

    @Mixin
    private Output output = new Output();

    ImportCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() {
        Map<String, Object> parameters = new LinkedHashMap<>();
        parameters.put("file", Path.of(file).toAbsolutePath().normalize().toString());
        parameters.put("onConflict", onConflict);
        if (project != null) {
            parameters.put("project", project);
        }
        parameters.put("sets", sets);
        // An encrypted file says so itself.
        Placed placed = passphrase.given() || encrypted() ? passphrase.place(tool, false) : Placed.nowhere();
        return ExportCommand.start(tool, "import", parameters, placed, dryRun, waiting, output);
    }

    private boolean encrypted() {
        try (ZipFile zip = new ZipFile(file)) {
            return zip.getEntry("lock.json") != null;
        } catch (IOException e) {
            // The server says what is wrong with it.
            return false;
        }
    }
}
