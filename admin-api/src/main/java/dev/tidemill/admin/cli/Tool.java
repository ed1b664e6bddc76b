package dev.tidemill.admin.cli;

import dev.tidemill.admin.Home;
import dev.tidemill.admin.Server;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ConfigurableApplicationContext;

/// What every command works with.
///
/// @param distribution folder of the program with its `job-configs`, null when it was not told
/// @param out results, nothing else
/// @param err progress and messages
record Tool(Home home, @Nullable Path distribution, Map<String, String> environment, PrintWriter out, PrintWriter err) {

    String databaseUrl() {
        return environment.getOrDefault("DATABASE_URL", "");
    }

    /// Starts a server in this process.
    ConfigurableApplicationContext startServer(List<String> settings) {
        List<String> all = new ArrayList<>(settings);
        all.add("tidemill.database.url=" + databaseUrl());
        return Server.start(home, distribution, all);
    }
}
