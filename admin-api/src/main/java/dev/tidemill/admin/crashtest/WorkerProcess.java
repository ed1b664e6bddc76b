package dev.tidemill.admin.crashtest;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// A [Worker] as its parent sees it, with the wire that it speaks to the database through.
final class WorkerProcess implements AutoCloseable {

    private final String name;
    private final Process process;
    private final Wire wire;
    private final Writer commands;
    private final CompletableFuture<Boolean> ready = new CompletableFuture<>();
    private volatile String refusal = "";

    /// Starts a worker.
    ///
    /// @param password handed over in the environment, which other users cannot read
    WorkerProcess(
            String name, Path scratch, Wire wire, Side side, String username, String password, List<String> settings) {
        this.name = name;
        this.wire = wire;
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx384m",
                // Processes that live for seconds are better off with the fast compiler alone.
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xlog:disable",
                "-XX:ErrorFile=" + scratch.resolve("logs").resolve(name + ".error"),
                "-Dtidemill.log.file=" + log(scratch, name),
                // What a killed process leaves there goes with the scratch folder.
                "-Djava.io.tmpdir=" + temporary(scratch, side),
                "-Dtidemill.log.console=OFF"));
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                Worker.class.getName(),
                side.home().toString()));
        command.addAll(settings);
        try {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.appendTo(
                            scratch.resolve("logs").resolve(name + ".err").toFile()));
            Map<String, String> environment = builder.environment();
            environment.put(
                    "TIDEMILL_DATABASE_URL",
                    "postgresql://" + username + ":" + password + "@127.0.0.1:" + wire.port() + "/" + side.database());
            process = builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException("a worker cannot be started: " + e.getMessage(), e);
        }
        commands = process.outputWriter(StandardCharsets.UTF_8);
        Thread.ofVirtual().name(name).start(this::listen);
    }

    static Path log(Path scratch, String name) {
        return scratch.resolve("logs").resolve(name + ".log");
    }

    /// Where the processes of a side put what they need for a moment.
    static Path temporary(Path scratch, Side side) {
        return scratch.resolve("tmp").resolve(side.database());
    }

    private void listen() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.equals("ready")) {
                    ready.complete(true);
                } else if (line.startsWith(Worker.REFUSED)) {
                    refusal = line;
                }
            }
        } catch (IOException e) {
            // A killed process takes its pipe along.
            ready.complete(false);
        }
        ready.complete(false);
    }

    String name() {
        return name;
    }

    Wire wire() {
        return wire;
    }

    boolean alive() {
        return process.isAlive();
    }

    boolean ready() {
        return ready.getNow(false) && process.isAlive();
    }

    /// Waits until it works.
    boolean awaitReady(long seconds) throws InterruptedException {
        try {
            return ready.get(seconds, TimeUnit.SECONDS);
        } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
            return false;
        }
    }

    /// Asks it to launch a job. A process that dies over it is asked no more; the identity makes a second request
    /// harmless.
    void launch(Order order) {
        try {
            commands.write(order.line() + "\n");
            commands.flush();
        } catch (IOException e) {
            // It is dead by now: another one is asked.
            ready.complete(false);
        }
    }

    /// Why it refused a launch last, empty for never.
    String refusal() {
        return refusal;
    }

    void kill() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        wire.close();
    }

    /// Stops the process where it stands, or lets it go on.
    void signal(String name) {
        signal(process.pid(), name);
    }

    static void signal(long pid, String name) {
        try {
            Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(pid))
                    .redirectErrorStream(true)
                    .start();
            String said = new String(kill.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (kill.waitFor() != 0) {
                throw new IllegalStateException("kill -" + name + " " + pid + " failed: " + said);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Embedding calls of all workers so far, by text.
    static Map<String, Integer> embeddings(Path scratch) throws IOException {
        Map<String, Integer> calls = new java.util.HashMap<>();
        try (Stream<Path> logs = Files.list(scratch.resolve("logs"))) {
            for (Path log : logs.filter(file -> file.getFileName().toString().matches("worker-\\d+\\.log"))
                    .toList()) {
                try (Stream<String> lines = Files.lines(log)) {
                    lines.filter(line -> line.contains(" - embedding "))
                            .forEach(line -> calls.merge(line.substring(line.lastIndexOf(' ') + 1), 1, Integer::sum));
                }
            }
        }
        return calls;
    }

    @Override
    public void close() {
        kill();
    }
}
