package dev.tidemill.admin.cli;

import dev.tidemill.admin.ServerFile;
import dev.tidemill.admin.ServerFile.Running;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.event.ContextClosedEvent;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Runs the server until it is told to stop.
@Command(name = "serve", description = "Run the server.", mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {

    private final Tool tool;

    @Option(names = "--port", description = "port to listen on (default: 8080)")
    private @Nullable Integer port;

    @Option(names = "--address", description = "address to listen on (default: 127.0.0.1, this machine only)")
    private @Nullable String address;

    ServeCommand(Tool tool) {
        this.tool = tool;
    }

    @Override
    public Integer call() throws InterruptedException {
        Optional<Running> running = ServerFile.find(tool.home());
        if (running.isPresent()) {
            throw new CommandFailed(
                    ExitCode.CONFLICT,
                    "a server runs on " + tool.home().folder() + " already: process "
                            + running.get().pid() + " at " + running.get().url());
        }
        List<String> settings = settings(port);
        if (address != null) {
            settings.add("server.address=" + address);
        }
        ConfigurableApplicationContext context = tool.startServer(settings);
        tool.err()
                .println("tidemill listens at http://127.0.0.1:"
                        + context.getEnvironment().getProperty("local.server.port") + ", its API key is in "
                        + tool.home().apiKey());
        awaitClose(context);
        return ExitCode.OK;
    }

    /// Settings of a server that stays: it takes care of runs that others left.
    static List<String> settings(@Nullable Integer port) {
        List<String> settings = new ArrayList<>();
        settings.add("tidemill.runs.adopt=true");
        if (port != null) {
            if (port < 0 || port > 65_535) {
                throw new CommandFailed(ExitCode.USAGE, "port " + port + " does not exist: use 1 to 65535");
            }
            settings.add("server.port=" + port);
        }
        return settings;
    }

    static void awaitClose(ConfigurableApplicationContext context) throws InterruptedException {
        CountDownLatch closed = new CountDownLatch(1);
        context.addApplicationListener((ApplicationListener<ContextClosedEvent>) event -> closed.countDown());
        closed.await();
    }
}
