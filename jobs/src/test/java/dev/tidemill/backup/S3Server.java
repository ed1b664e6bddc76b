package dev.tidemill.backup;

import dev.tidemill.postgres.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;

/// A real S3 server in a process of its own, on a free port.
final class S3Server implements AutoCloseable {

    static final String BUCKET = "backups";

    final int port;
    /// With a certificate that nobody signed.
    final int httpsPort;
    private final Process process;

    S3Server(Path folder) throws IOException {
        port = free();
        httpsPort = free();
        String jar = Arrays.stream(System.getProperty("java.class.path").split(java.io.File.pathSeparator, -1))
                .filter(entry -> entry.contains("s3mock"))
                .findFirst()
                .orElseThrow();
        Files.createDirectories(folder);
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:TieredStopAtLevel=1",
                        "-jar",
                        jar,
                        "--server.port=" + httpsPort,
                        "--http.port=" + port,
                        "--com.adobe.testing.s3mock.store.root=" + folder,
                        "--com.adobe.testing.s3mock.store.initial-buckets=" + BUCKET)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolveSibling("s3.log").toFile())
                .start();
        awaitPort(folder.resolveSibling("s3.log"));
    }

    private static int free() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void awaitPort(Path log) throws IOException {
        try {
            Await.until("the S3 server listens", Duration.ofMinutes(4), () -> listens() || !process.isAlive());
        } catch (Exception | AssertionError e) {
            close();
            throw new IOException("the S3 server did not start: " + Files.readString(log), e);
        }
        if (!process.isAlive()) {
            throw new IOException("the S3 server ended: " + Files.readString(log));
        }
    }

    private boolean listens() {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}
