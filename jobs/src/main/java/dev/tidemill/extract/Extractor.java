package dev.tidemill.extract;

import dev.tidemill.document.Block;
import dev.tidemill.document.Extraction;
import dev.tidemill.document.RefusalReason;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Reads documents of any format within [ExtractLimits]. Thread-safe; files that need a child JVM wait for a free
/// one.
public final class Extractor implements AutoCloseable {

    /// Larger pages are parsed where their tree cannot fill this JVM's memory.
    private static final long MAX_HTML_IN_PROCESS = 2L * 1024 * 1024;

    private final ExtractLimits limits;
    private final Path folder;
    private final Semaphore free;
    private final AtomicInteger started = new AtomicInteger();
    private final Object lock = new Object();
    private final Deque<ParserJvm> idle = new ArrayDeque<>();
    private final Set<ParserJvm> busy = new HashSet<>();
    private @Nullable List<Path> classPath;
    private boolean closed;

    /// @param spool the only folder anything is written to; made if it is missing
    /// @param processes most child JVMs at a time
    public Extractor(ExtractLimits limits, Path spool, int processes) {
        if (processes < 1) {
            throw new IllegalArgumentException("processes is " + processes + ", at least 1 is needed");
        }
        this.limits = limits;
        this.folder = Spool.create(spool.toAbsolutePath().normalize());
        this.free = new Semaphore(processes, true);
    }

    /// Reads one file and hands its blocks to the receiver, in reading order, on the calling thread.
    /// After a refusal the blocks already received are void. Whatever the receiver throws ends the
    /// reading and comes out here.
    ///
    /// @param file where the bytes are
    /// @param fileName what its author calls it; the ending helps to tell text formats apart
    /// @throws InterruptedException if the calling thread is interrupted; a child JVM working for it is
    ///     ended
    /// @throws IllegalStateException if the extractor is closed or no child JVM can be started
    public Extraction extract(Path file, String fileName, Consumer<Block> blocks) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        byte[] head;
        long size;
        try {
            if (!Files.isRegularFile(file)) {
                return refused(RefusalReason.UNREADABLE, "It is missing or no regular file.");
            }
            size = Files.size(file);
            try (InputStream in = Files.newInputStream(file)) {
                head = in.readNBytes(ContentType.HEAD);
            }
        } catch (IOException e) {
            return refused(RefusalReason.UNREADABLE, "It cannot be read: " + Problems.describe(e));
        }
        if (head.length == 0) {
            return refused(RefusalReason.EMPTY, "It has no bytes.");
        }
        if (size > limits.maxFileBytes()) {
            return refused(
                    RefusalReason.TOO_LARGE,
                    "It has " + size + " bytes, at most " + limits.maxFileBytes() + " are read.");
        }
        ContentType.Decision decision = ContentType.decide(head, fileName);
        Format format = decision.format();
        if (format == null) {
            return new Extraction.Refused(
                    RefusalReason.UNSUPPORTED_TYPE,
                    decision.mediaType(),
                    "Its content is " + decision.mediaType() + ", of which no text can be read.");
        }
        boolean inChild = format.risky() || (format == Format.HTML && size > MAX_HTML_IN_PROCESS);
        return inChild ? readInChild(file.toAbsolutePath(), format, blocks) : readHere(file, format, blocks);
    }

    private static Extraction refused(RefusalReason reason, String detail) {
        return new Extraction.Refused(reason, "application/octet-stream", detail);
    }

    private Extraction readHere(Path file, Format format, Consumer<Block> blocks) throws InterruptedException {
        synchronized (lock) {
            requireOpen();
        }
        try {
            return Reading.read(file, format, limits.maxTextChars(), new TimeBudget(limits.timeout()), blocks);
        } catch (ReadingInterrupted e) {
            InterruptedException interrupted = new InterruptedException(e.getMessage());
            interrupted.initCause(e);
            throw interrupted;
        }
    }

    private Extraction readInChild(Path file, Format format, Consumer<Block> blocks) throws InterruptedException {
        free.acquire();
        ParserJvm jvm = null;
        try {
            jvm = take();
            return jvm.read(file, format, limits, blocks);
        } finally {
            try {
                if (jvm != null) {
                    giveBack(jvm);
                }
            } finally {
                free.release();
            }
        }
    }

    private ParserJvm take() throws InterruptedException {
        ParserJvm jvm;
        List<Path> path;
        synchronized (lock) {
            requireOpen();
            while ((jvm = idle.poll()) != null && !jvm.usable()) {
                jvm.destroy();
            }
            if (jvm != null) {
                busy.add(jvm);
                return jvm;
            }
            if (classPath == null) {
                classPath = ParserClassPath.ofThisProgram(folder.resolve("lib"));
            }
            path = classPath;
        }
        jvm = ParserJvm.start(path, folder.resolve("parser-" + started.incrementAndGet()), limits.childMemoryBytes());
        synchronized (lock) {
            if (closed) {
                jvm.destroy();
            }
            requireOpen();
            busy.add(jvm);
            return jvm;
        }
    }

    private void giveBack(ParserJvm jvm) {
        boolean keep;
        synchronized (lock) {
            busy.remove(jvm);
            keep = !closed && jvm.usable();
        }
        if (!keep) {
            jvm.destroy();
            return;
        }
        try {
            jvm.tidy();
        } catch (IOException e) {
            jvm.destroy();
            throw new UncheckedIOException("cannot tidy the spool: " + e.getMessage(), e);
        }
        synchronized (lock) {
            if (!closed) {
                idle.push(jvm);
                return;
            }
        }
        jvm.destroy();
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the extractor is closed");
        }
    }

    /// The process ids of the child JVMs that are alive.
    Set<Long> processIds() {
        Set<Long> ids = new HashSet<>();
        synchronized (lock) {
            idle.forEach(jvm -> ids.add(jvm.pid()));
            busy.forEach(jvm -> ids.add(jvm.pid()));
        }
        return ids;
    }

    /// Ends the child JVMs, also those at work, and removes what is left in the spool.
    @Override
    public void close() {
        synchronized (lock) {
            if (closed) {
                return;
            }
            closed = true;
            idle.forEach(ParserJvm::destroy);
            busy.forEach(ParserJvm::destroy);
            idle.clear();
        }
        Spool.delete(folder);
    }
}
