package dev.tidemill.admin.cli;

import dev.tidemill.admin.Home;
import dev.tidemill.admin.ServerFile;
import dev.tidemill.admin.ServerFile.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ConfigurableApplicationContext;

/// A server to talk to: the one that runs on the data folder, or one of this process that ends with it.
final class Session implements AutoCloseable {

    private final Api api;
    private final @Nullable ConfigurableApplicationContext own;

    private Session(Api api, @Nullable ConfigurableApplicationContext own) {
        this.api = api;
        this.own = own;
    }

    /// Finds or starts a server.
    ///
    /// @param settings of a server that has to be started
    static Session open(Tool tool, List<String> settings) {
        Home home = tool.home();
        Optional<Running> running = ServerFile.find(home);
        if (running.isPresent()) {
            return new Session(new Api(running.get().url(), key(home, tool.environment())), null);
        }
        ConfigurableApplicationContext own = tool.startServer(settings);
        try {
            int port = own.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
            return new Session(new Api("http://127.0.0.1:" + port, key(home, tool.environment())), own);
        } catch (RuntimeException e) {
            own.close();
            throw e;
        }
    }

    /// For one command: whatever port is free.
    static Session open(Tool tool) {
        return open(tool, List.of("server.port=0"));
    }

    private static String key(Home home, Map<String, String> environment) {
        String named = environment.getOrDefault("TIDEMILL_API_KEY", "");
        if (!named.isBlank()) {
            return named.strip();
        }
        try {
            return Files.readString(home.apiKey()).strip();
        } catch (IOException e) {
            throw new CommandFailed(
                    ExitCode.AUTH,
                    "the API key in " + home.apiKey() + " cannot be read (" + e.getMessage()
                            + "): set TIDEMILL_API_KEY");
        }
    }

    Api api() {
        return api;
    }

    /// Whether the server ends with this session.
    boolean owned() {
        return own != null;
    }

    @Override
    public void close() {
        api.close();
        if (own != null) {
            own.close();
        }
    }
}
