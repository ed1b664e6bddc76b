package dev.tidemill.admin.crashtest;

import dev.tidemill.admin.Home;
import dev.tidemill.admin.Server;
import dev.tidemill.admin.StartWorkspace;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.Runs;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.TransactionException;

/// A process of the crash test: the server without its web part. It launches what its standard input says, adopts
/// what others left, and ends with its parent.
final class Worker {

    private Worker() {}

    /// Works until its standard input ends.
    ///
    /// @param arguments the data folder, then settings as `name=value`
    public static void main(String[] arguments) throws IOException {
        List<String> settings = Arrays.asList(arguments).subList(1, arguments.length);
        try (var context = Server.startWithoutWeb(new Home(Path.of(arguments[0])), settings);
                var commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            Runs runs = context.getBean(Runs.class);
            StartWorkspace workspace = context.getBean(StartWorkspace.class);
            System.out.println("ready");
            for (String line = commands.readLine(); line != null; line = commands.readLine()) {
                String[] words = line.split(" ", 2);
                launch(runs, workspace, words[0], words[1]);
            }
        }
    }

    private static void launch(Runs runs, StartWorkspace workspace, String identity, String location) {
        try {
            long run = runs.launch(LaunchRequest.of(
                                    workspace.id(),
                                    "ingest",
                                    Map.of("location", location, "allowMassDelete", "true"),
                                    "crash-test")
                            .identifiedBy(identity))
                    .runId();
            System.out.println("launched " + identity + " as run " + run);
        } catch (DataAccessException | TransactionException e) {
            // The database is away, as the test wants: the parent asks again, and the identity makes that one
            // launch.
            System.out.println("not launched " + identity + ": " + e.getMessage());
        }
    }
}
