package dev.tidemill.postgres;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Runs a program of the system to its end, or beside this process, with a clean environment.
final class Command {

    private static final List<String> KEPT = List.of("PATH", "LANG", "LC_ALL", "TMPDIR", "HOME");

    private Command() {}

    /// How a program ended.
    ///
    /// @param output what it wrote, standard output and error together
    record Result(int exitCode, String output) {

        boolean succeeded() {
            return exitCode == 0;
        }
    }

    static Result run(List<String> words) {
        try {
            Process process = builder(words).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Result(process.waitFor(), output);
        } catch (IOException cannotStart) {
            throw new DatabaseUnavailable(
                    "Cannot run " + words.getFirst() + ": " + cannotStart.getMessage(), cannotStart);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new DatabaseUnavailable("Interrupted while " + words.getFirst() + " was running", interrupted);
        }
    }

    /// Starts a program that outlives this process and keeps none of its streams open.
    ///
    /// @param input what it reads from its standard input; small enough for the pipe to hold
    /// @return its process id
    static long detach(List<String> words, String input) {
        List<String> command = new ArrayList<>();
        if (onPath("setsid")) {
            // Ctrl-C goes to the whole process group; the watchdog must not end with it.
            command.add("setsid");
        }
        command.addAll(words);
        try {
            Process process = builder(command)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try (OutputStream stream = process.getOutputStream()) {
                stream.write(input.getBytes(StandardCharsets.UTF_8));
            }
            return process.pid();
        } catch (IOException cannotStart) {
            throw new DatabaseUnavailable(
                    "Cannot run " + command.getFirst() + ": " + cannotStart.getMessage(), cannotStart);
        }
    }

    static boolean onPath(String program) {
        for (String folder :
                System.getenv().getOrDefault("PATH", "/usr/bin:/bin").split(":", -1)) {
            if (new File(folder, program).canExecute()) {
                return true;
            }
        }
        return false;
    }

    private static ProcessBuilder builder(List<String> words) {
        ProcessBuilder builder = new ProcessBuilder(words).directory(new File("/"));
        builder.environment().keySet().retainAll(KEPT);
        return builder;
    }
}
