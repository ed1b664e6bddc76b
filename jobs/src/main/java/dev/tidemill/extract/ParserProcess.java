package dev.tidemill.extract;

import dev.tidemill.document.Block;
import dev.tidemill.document.Extraction;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.SynchronousQueue;

/// The child JVM: reads one file after the other and ends when its parent does, even in the middle of a file.
final class ParserProcess {

    /// Exit code of a JVM that ran out of memory, the same that `-XX:+ExitOnOutOfMemoryError` gives.
    static final int OUT_OF_MEMORY = 3;

    private static final int PARENT_GONE = 4;

    private ParserProcess() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        DataOutputStream out =
                new DataOutputStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 65_536));
        silence();
        refuseConnections();
        BlockingQueue<Protocol.Request> requests = new SynchronousQueue<>();
        Thread listener = new Thread(() -> listen(requests), "parser-requests");
        listener.setDaemon(true);
        listener.start();
        Protocol.writeReady(out);
        while (true) {
            Protocol.Request request = requests.take();
            Protocol.writeExtraction(out, read(request, out));
        }
    }

    /// Libraries print; only frames may go up.
    private static void silence() {
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        System.setOut(nowhere);
        System.setErr(nowhere);
    }

    /// No document has a reason to fetch anything.
    private static void refuseConnections() {
        URL.setURLStreamHandlerFactory(protocol -> switch (protocol) {
            case "http", "https", "ftp", "mailto" ->
                new URLStreamHandler() {
                    @Override
                    protected URLConnection openConnection(URL url) throws IOException {
                        throw new IOException("a document asked for " + url + ", which is not fetched");
                    }
                };
            default -> null;
        });
    }

    private static void listen(BlockingQueue<Protocol.Request> requests) {
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(System.in))) {
            while (true) {
                requests.put(Protocol.readRequest(in));
            }
        } catch (EOFException e) {
            Runtime.getRuntime().halt(0);
        } catch (IOException | InterruptedException e) {
            Runtime.getRuntime().halt(PARENT_GONE);
        }
    }

    private static Extraction read(Protocol.Request request, DataOutputStream out) {
        try {
            return Reading.read(
                    request.file(),
                    request.format(),
                    request.maxTextChars(),
                    TimeBudget.unlimited(),
                    block -> send(block, out));
        } catch (OutOfMemoryError e) {
            Runtime.getRuntime().halt(OUT_OF_MEMORY);
            throw e;
        } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
            // the edge of the parsers: whatever they throw is said about the file, and the process goes on
            RefusedException refused = Problems.of(e);
            return new Extraction.Refused(refused.reason(), request.format().mediaType(), refused.detail());
        }
    }

    private static void send(Block block, DataOutputStream out) {
        try {
            Protocol.writeBlock(out, block);
        } catch (IOException e) {
            Runtime.getRuntime().halt(PARENT_GONE);
            throw new UncheckedIOException(e);
        }
    }
}
