package dev.tidemill.ingest;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// An ingest in a process of its own, to be killed.
final class IngestProcess {

    /// Commits are small, so that there are many places to be killed between.
    static final Map<String, String> SMALL_COMMITS = Map.of(
            "ingest.discover.commit-documents", "5",
            "ingest.extract.commit-documents", "3",
            "ingest.embed.commit-chunks", "4",
            "ingest.publish.commit-documents", "2");

    /// Property of a process that resumes instead of starting a run.
    static final String RESUME = "tidemill.test.resume";

    private IngestProcess() {}

    static Process start(String url, String username, String password, Path spool, Path folder) throws IOException {
        return start(url, username, password, spool, folder, List.of());
    }

    /// @param options of the JVM
    static Process start(String url, String username, String password, Path spool, Path folder, List<String> options)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx256m",
                // It lives for seconds.
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                IngestProcess.class.getName(),
                url,
                username,
                spool.toString(),
                folder.toString()));
        command.addAll(1, options);
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(new File(spool.toFile(), "process.log"));
        builder.environment().put("TEST_PASSWORD", password);
        return builder.start();
    }

    public static void main(String[] args) {
        String password = System.getenv("TEST_PASSWORD");
        try (IngestHarness ingest = new IngestHarness(args[0], args[1], password, Path.of(args[2]), SMALL_COMMITS)) {
            if (Boolean.getBoolean(RESUME)) {
                // Goes on with what a process before it left, as a server does.
                ingest.runs().resumeOrphans().forEach(ingest::await);
            } else {
                ingest.ingest(Path.of(args[3]));
            }
        }
    }
}
