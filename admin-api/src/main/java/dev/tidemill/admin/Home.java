package dev.tidemill.admin;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/// The folder that holds everything this installation keeps: the private database, uploads, the first API key,
/// logs.
public record Home(Path folder) {

    /// `TIDEMILL_HOME`, else `/var/lib/tidemill` for root, else the user's data folder.
    public static Home of(Map<String, String> environment, String user, String userHome) {
        String named = environment.getOrDefault("TIDEMILL_HOME", "");
        if (!named.isBlank()) {
            return new Home(Path.of(named).toAbsolutePath().normalize());
        }
        if (user.equals("root")) {
            return new Home(Path.of("/var/lib/tidemill"));
        }
        String data = environment.getOrDefault("XDG_DATA_HOME", "");
        Path base = data.isBlank() ? Path.of(userHome, ".local", "share") : Path.of(data);
        return new Home(base.resolve("tidemill").toAbsolutePath().normalize());
    }

    /// Makes the folder where it is missing.
    ///
    /// @throws IllegalStateException saying why it cannot be used
    public void prepare() {
        try {
            Files.createDirectories(folder);
            Files.createDirectories(logs());
        } catch (IOException e) {
            throw new IllegalStateException(
                    "the data folder " + folder + " cannot be made (" + e.getMessage()
                            + "): name another one with TIDEMILL_HOME",
                    e);
        }
        if (!Files.isWritable(folder)) {
            throw new IllegalStateException(
                    "the data folder " + folder + " is not writable: name another one with TIDEMILL_HOME");
        }
    }

    public Path postgres() {
        return folder.resolve("postgres");
    }

    public Path uploads() {
        return folder.resolve("uploads");
    }

    public Path logs() {
        return folder.resolve("logs");
    }

    public Path logFile() {
        return logs().resolve("tidemill.log");
    }

    /// Settings of this installation, where there are any.
    public Path settings() {
        return folder.resolve("tidemill.yaml");
    }

    /// The key made at the first start; readable by its owner only.
    public Path apiKey() {
        return folder.resolve("api-key");
    }

    /// Where the running server says how to reach it.
    public Path server() {
        return folder.resolve("server.json");
    }

    public Path spool() {
        return folder.resolve("spool");
    }
}
