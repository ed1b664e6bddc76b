package dev.tidemill.admin;

import dev.tidemill.backup.ArchivesConfiguration;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/// Starts the server in this process.
public final class Server {

    private Server() {}

    /// Starts on a data folder.
    ///
    /// @param distribution folder of `job-configs` and `schedules`, null for built-in values and no change
    /// @param settings further settings as `name=value`
    public static ConfigurableApplicationContext start(Home home, @Nullable Path distribution, List<String> settings) {
        home.prepare();
        List<String> arguments = new ArrayList<>();
        arguments.add("--tidemill.home=" + home.folder());
        List<String> files = new ArrayList<>(jobConfigs(distribution));
        // Last, so that it overrides the others.
        files.add("optional:file:" + home.settings());
        arguments.add("--spring.config.import=" + String.join(",", files));
        if (distribution != null) {
            arguments.add("--tidemill.schedules.folder=" + distribution.resolve("schedules"));
        }
        settings.forEach(setting -> arguments.add("--" + setting));
        return new SpringApplicationBuilder(ServerConfiguration.class).run(arguments.toArray(String[]::new));
    }

    /// Starts the part that works on runs, without the web server and the built-in values' files: for processes
    /// that exist to be killed.
    public static ConfigurableApplicationContext startWithoutWeb(Home home, List<String> settings) {
        home.prepare();
        List<String> arguments = new ArrayList<>();
        arguments.add("--tidemill.home=" + home.folder());
        settings.forEach(setting -> arguments.add("--" + setting));
        return new SpringApplicationBuilder(WorkerConfiguration.class)
                .web(WebApplicationType.NONE)
                .run(arguments.toArray(String[]::new));
    }

    /// Starts the part that works on runs, on the schema as it is: for what has to be done before that is changed.
    public static ConfigurableApplicationContext startBeforeChanges(
            Home home, @Nullable Path distribution, String databaseUrl) {
        home.prepare();
        List<String> files = new ArrayList<>(jobConfigs(distribution));
        files.add("optional:file:" + home.settings());
        return new SpringApplicationBuilder(WorkerConfiguration.class)
                .web(WebApplicationType.NONE)
                .run(
                        "--tidemill.home=" + home.folder(),
                        "--spring.config.import=" + String.join(",", files),
                        "--tidemill.database.url=" + databaseUrl,
                        "--tidemill.database.migrate=false");
    }

    /// The backups in the target, without a database, which may be what was lost.
    public static ConfigurableApplicationContext openArchives(Home home, @Nullable Path distribution) {
        home.prepare();
        List<String> files = new ArrayList<>(jobConfigs(distribution));
        files.add("optional:file:" + home.settings());
        return new SpringApplicationBuilder(ArchivesConfiguration.class)
                .web(WebApplicationType.NONE)
                .run("--tidemill.home=" + home.folder(), "--spring.config.import=" + String.join(",", files));
    }

    private static List<String> jobConfigs(@Nullable Path distribution) {
        if (distribution == null || !Files.isDirectory(distribution.resolve("job-configs"))) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(distribution.resolve("job-configs"))) {
            return entries.filter(file -> file.toString().endsWith(".yaml"))
                    .sorted()
                    .map(file -> "file:" + file)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + distribution.resolve("job-configs"), e);
        }
    }
}
