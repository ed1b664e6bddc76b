package dev.tidemill.admin.crashtest;

import dev.tidemill.admin.Home;
import dev.tidemill.admin.Server;
import dev.tidemill.admin.StartWorkspace;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.RunConflict;
import dev.tidemill.run.Runs;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.TransactionException;

/// A process of the crash test: the server without its web part. It launches what its standard input says, adopts
/// what others left, and ends with its parent.
final class Worker {

    /// Begins the line that says why a launch was refused.
    static final String REFUSED = "refused ";

    private static final String ORIGIN = "crash-test";

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
                launch(runs, workspace, Order.parse(line));
            }
        }
    }

    private static void launch(Runs runs, StartWorkspace workspace, Order order) {
        try {
            LaunchRequest request = LaunchRequest.of(workspace.id(), order.job(), order.parameters(), ORIGIN)
                    .identifiedBy(order.identity());
            if (order.planned()) {
                request = request.applying(runs.plans()
                        .make(workspace.id(), order.job(), order.parameters(), ORIGIN)
                        .id());
            }
            long run = runs.launch(request).runId();
            System.out.println("launched " + order.identity() + " as run " + run);
        } catch (DataAccessException | TransactionException e) {
            // The database is away, as the test wants: the parent asks again, and the identity makes that one
            // launch.
            System.out.println("not launched " + order.identity() + ": " + e.getMessage());
        } catch (InvalidParameter | RunConflict e) {
            // Nobody asks twice with success: the parent tells why.
            System.out.println(REFUSED + order.identity() + ": " + e.getMessage());
        }
    }
}
