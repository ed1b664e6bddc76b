package dev.tidemill.admin;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// Says in the data folder where this server listens, for as long as it does, so that commands find it.
public class ServerFile implements ApplicationListener<WebServerInitializedEvent> {

    private final Home home;

    ServerFile(Home home) {
        this.home = home;
    }

    /// A running server.
    ///
    /// @param address where it listens
    public record Running(long pid, String address, int port) {

        public String url() {
            return "http://" + address + ":" + port;
        }
    }

    /// The server that runs on this data folder, if one does.
    public static Optional<Running> find(Home home) {
        try {
            Running running = JsonMapper.shared().readValue(Files.readString(home.server()), Running.class);
            return Optional.of(running)
                    .filter(found -> ProcessHandle.of(found.pid())
                            .map(ProcessHandle::isAlive)
                            .orElse(false));
        } catch (IOException | JacksonException e) {
            // None was started, or it was killed while it wrote.
            return Optional.empty();
        }
    }

    @Override
    public void onApplicationEvent(WebServerInitializedEvent event) {
        Running running = new Running(
                ProcessHandle.current().pid(), "127.0.0.1", event.getWebServer().getPort());
        try {
            Path draft = home.server().resolveSibling("server.json.new");
            Files.writeString(draft, JsonMapper.shared().writeValueAsString(running));
            Files.move(draft, home.server(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + home.server() + ": " + e.getMessage(), e);
        }
    }

    @EventListener
    void closed(ContextClosedEvent event) throws IOException {
        if (find(home)
                .filter(found -> found.pid() == ProcessHandle.current().pid())
                .isPresent()) {
            Files.deleteIfExists(home.server());
        }
    }
}
