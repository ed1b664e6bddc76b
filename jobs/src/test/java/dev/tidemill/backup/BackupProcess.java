package dev.tidemill.backup;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// A backup or a restore in a process of its own, to be killed.
final class BackupProcess {

    private BackupProcess() {}

    /// @param job with its parameters as `name=value`, or `resume` for what a killed process left; before it settings
    /// as
    ///     `-Dname=value`
    static Process start(SampleDatabase sample, Path home, String... job) throws IOException {
        return start(
                sample.database().jdbcUrl(),
                sample.database().username(),
                sample.database().password(),
                home,
                job);
    }

    static Process start(String url, String username, String password, Path home, String... job) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC"));
        command.addAll(Stream.of(job).filter(each -> each.startsWith("-D")).toList());
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                BackupProcess.class.getName(),
                url,
                username,
                home.toString()));
        command.addAll(Stream.of(job).filter(each -> !each.startsWith("-D")).toList());
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(new File(home.toFile(), "process.log"));
        builder.environment().put("TEST_PASSWORD", password);
        return builder.start();
    }

    public static void main(String[] args) {
        Map<String, String> parameters = new java.util.HashMap<>();
        for (int i = 4; i < args.length; i++) {
            parameters.put(args[i].substring(0, args[i].indexOf('=')), args[i].substring(args[i].indexOf('=') + 1));
        }
        try (BackupHarness harness =
                new BackupHarness(args[0], args[1], System.getenv("TEST_PASSWORD"), Path.of(args[2]), Map.of())) {
            if (args[3].equals("resume")) {
                harness.runs().resumeOrphans().forEach(harness::await);
            } else {
                harness.run(args[3], parameters);
            }
        }
    }
}
