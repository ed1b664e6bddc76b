package dev.tidemill.extract;

import dev.tidemill.document.Block;
import dev.tidemill.document.Extraction;
import dev.tidemill.document.RefusalReason;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The parent's end of one child JVM. Used by one thread at a time; after anything but a clean answer
/// it is of no further use.
final class ParserJvm {

    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final Duration END_LIMIT = Duration.ofSeconds(10);
    private static final int QUEUE = 32;
    private static final int MAX_FILES = 500;

    private final Process process;
    private final Path folder;
    private final DataOutputStream requests;
    private final BlockingQueue<Protocol.Frame> frames = new ArrayBlockingQueue<>(QUEUE);
    private final Thread reader;
    private int files;
    private boolean broken;

    private ParserJvm(Process process, Path folder) {
        this.process = process;
        this.folder = folder;
        this.requests = new DataOutputStream(process.getOutputStream());
        this.reader = new Thread(this::receive, "parser-frames-" + process.pid());
        this.reader.setDaemon(true);
        this.reader.start();
    }

    static ParserJvm start(List<Path> classPath, Path folder, long memoryBytes) throws InterruptedException {
        try {
            Files.createDirectories(folder);
            ProcessBuilder builder = new ProcessBuilder(command(classPath, folder, memoryBytes))
                    .directory(folder.toFile())
                    .redirectError(folder.resolve("stderr").toFile());
            builder.environment().clear();
            builder.environment().put("LC_ALL", "C.UTF-8");
            ParserJvm jvm = new ParserJvm(builder.start(), folder);
            jvm.awaitReady();
            return jvm;
        } catch (IOException e) {
            throw new IllegalStateException("could not start a parser process in " + folder + ": " + e.getMessage(), e);
        }
    }

    /// The simple compiler only: on the shared test documents it saves more than a quarter of the processor time,
    /// which the embedder needs.
    private static List<String> command(List<Path> classPath, Path folder, long memoryBytes) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + memoryBytes / 1024 + "k",
                "-XX:MaxMetaspaceSize=192m",
                "-XX:MaxDirectMemorySize=64m",
                "-XX:ReservedCodeCacheSize=64m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:+ExitOnOutOfMemoryError",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:ErrorFile=" + folder.resolve("crash.log"),
                "-XX:-UsePerfData",
                "-XX:+DisableAttachMechanism",
                "-Djava.awt.headless=true",
                "-Djava.io.tmpdir=" + folder,
                "-Duser.home=" + folder,
                "-Dpdfbox.fontcache=" + folder.resolveSibling("fonts"),
                "-Dfile.encoding=UTF-8",
                "-Duser.timezone=UTC",
                "-Duser.language=en",
                "-Djavax.xml.accessExternalDTD=",
                "-Djavax.xml.accessExternalSchema=",
                "-Djavax.xml.accessExternalStylesheet=",
                "-Djdk.xml.entityExpansionLimit=2000",
                "-cp",
                ParserClassPath.joined(classPath),
                ParserProcess.class.getName());
    }

    private void awaitReady() throws InterruptedException {
        Protocol.Frame first;
        try {
            first = frames.poll(START_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            destroy();
            throw e;
        }
        if (!(first instanceof Protocol.Frame.Ready)) {
            String said = said();
            destroy();
            throw new IllegalStateException("the parser process did not start: " + (said.isEmpty() ? first : said));
        }
    }

    private String said() {
        try {
            byte[] said = Files.readAllBytes(folder.resolve("stderr"));
            return BlockSink.collapse(new String(said, 0, Math.min(said.length, 500), StandardCharsets.UTF_8));
        } catch (IOException e) {
            return "its error output cannot be read: " + e.getMessage();
        }
    }

    private void receive() {
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(process.getInputStream(), 65_536))) {
            while (true) {
                frames.put(Protocol.readFrame(in));
            }
        } catch (IOException e) {
            end(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            end("reading from it was interrupted");
        }
    }

    /// The last frame replaces what nobody took.
    private void end(String why) {
        Protocol.Frame end = new Protocol.Frame.Ended(why);
        while (!frames.offer(end)) {
            frames.poll();
        }
    }

    boolean usable() {
        return !broken && files < MAX_FILES && process.isAlive();
    }

    long pid() {
        return process.pid();
    }

    /// Has one file read. Blocks are handed on by the calling thread; while it is busy with them the clock stands.
    Extraction read(Path file, Format format, ExtractLimits limits, Consumer<Block> receiver)
            throws InterruptedException {
        files++;
        broken = true;
        TimeBudget time = new TimeBudget(limits.timeout());
        try {
            Protocol.writeRequest(requests, new Protocol.Request(file, format, limits.maxTextChars()));
        } catch (IOException e) {
            return crashed(format);
        }
        long chars = 0;
        while (true) {
            Protocol.Frame frame = frames.poll(Math.max(0, time.remainingNanos()), TimeUnit.NANOSECONDS);
            switch (frame) {
                case null -> {
                    destroy();
                    RefusedException expired = time.expired();
                    return new Extraction.Refused(expired.reason(), format.mediaType(), expired.detail());
                }
                case Protocol.Frame.Piece piece -> {
                    chars += piece.block().text().length();
                    if (chars > limits.maxTextChars()) {
                        destroy();
                        return crashed(format);
                    }
                    time.pause();
                    receiver.accept(piece.block());
                    time.resume();
                }
                case Protocol.Frame.Done done -> {
                    broken = false;
                    return done.extraction();
                }
                case Protocol.Frame.Ended ended -> {
                    return crashed(format);
                }
                case Protocol.Frame.Ready ready -> {
                    destroy();
                    return crashed(format);
                }
            }
        }
    }

    private Extraction crashed(Format format) throws InterruptedException {
        @Nullable
        Integer exit = process.waitFor(END_LIMIT.toMillis(), TimeUnit.MILLISECONDS) ? process.exitValue() : null;
        destroy();
        if (exit != null && exit == ParserProcess.OUT_OF_MEMORY) {
            return new Extraction.Refused(
                    RefusalReason.OUT_OF_MEMORY, format.mediaType(), "Parsing it took more memory than the limit.");
        }
        return new Extraction.Refused(
                RefusalReason.CRASHED,
                format.mediaType(),
                "The parser process died over it" + (exit == null ? "." : " with exit code " + exit + "."));
    }

    /// Removes what the last file left in the folder of the process.
    void tidy() throws IOException {
        Spool.deleteChildren(folder, "stderr");
    }

    /// Ends the process and removes its folder. Harmless if repeated.
    void destroy() {
        broken = true;
        process.destroyForcibly();
        reader.interrupt();
        boolean interrupted = false;
        try {
            process.waitFor(END_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        Spool.delete(folder);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
