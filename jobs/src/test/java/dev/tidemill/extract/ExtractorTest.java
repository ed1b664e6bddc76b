package dev.tidemill.extract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.document.Block;
import dev.tidemill.document.Extraction;
import dev.tidemill.document.RefusalReason;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Limits, child JVMs and their ends.
class ExtractorTest {

    private static final ExtractLimits DEFAULTS = ExtractLimits.defaults();
    private static final Path LONG_PDF = SharedFiles.folder("docs").resolve("pdf/freeculture.pdf");
    private static final Path SHORT_PDF = SharedFiles.folder("docs").resolve("pdf/basicapi.pdf");

    @TempDir
    Path folder;

    private final List<Extractor> open = new ArrayList<>();

    @AfterEach
    void close() {
        open.forEach(Extractor::close);
    }

    private Extractor extractor(ExtractLimits limits, int processes) {
        Extractor extractor = new Extractor(limits, folder.resolve("spool"), processes);
        open.add(extractor);
        return extractor;
    }

    private static ExtractLimits timeout(Duration timeout) {
        return new ExtractLimits(
                timeout, DEFAULTS.childMemoryBytes(), DEFAULTS.maxFileBytes(), DEFAULTS.maxTextChars());
    }

    private static ExtractLimits caps(long maxFileBytes, long maxTextChars) {
        return new ExtractLimits(DEFAULTS.timeout(), DEFAULTS.childMemoryBytes(), maxFileBytes, maxTextChars);
    }

    private Path file(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }

    @Test
    void aChildKilledInTheMiddleIsACrashAndTheNextFileIsRead() throws InterruptedException {
        Extractor extractor = extractor(DEFAULTS, 1);
        AtomicInteger received = new AtomicInteger();

        Extraction killed = extractor.extract(LONG_PDF, "book.pdf", block -> {
            if (received.getAndIncrement() == 0) {
                killChildren(extractor);
            }
        });

        assertThat(killed)
                .isInstanceOfSatisfying(
                        Extraction.Refused.class,
                        refused -> assertThat(refused.reason()).isEqualTo(RefusalReason.CRASHED));
        assertThat(received.get()).isPositive();
        assertThat(Result.of(extractor, SHORT_PDF).extracted().title()).isEqualTo("Basic API Test");
    }

    private static void killChildren(Extractor extractor) {
        for (long pid : extractor.processIds()) {
            ProcessHandle child = ProcessHandle.of(pid).orElseThrow();
            child.destroyForcibly();
            child.onExit().join();
        }
    }

    @Test
    void anIdleChildThatDiedIsReplaced() throws InterruptedException {
        Extractor extractor = extractor(DEFAULTS, 1);
        Result.of(extractor, SHORT_PDF);
        Set<Long> before = extractor.processIds();

        killChildren(extractor);

        assertThat(Result.of(extractor, SHORT_PDF).reason()).isNull();
        assertThat(extractor.processIds()).hasSize(1).doesNotContainAnyElementsOf(before);
    }

    @Test
    void oneChildReadsManyFiles() throws InterruptedException {
        Extractor extractor = extractor(DEFAULTS, 1);
        Result.of(extractor, SHORT_PDF);
        Set<Long> before = extractor.processIds();

        Result.of(extractor, SharedFiles.folder("hostile").resolve("encrypted/testPassword4Spaces.pdf"));
        Result.of(extractor, SharedFiles.folder("docs").resolve("docx/testWORD.docx"));

        assertThat(extractor.processIds()).isEqualTo(before);
    }

    @Test
    void aChildBeyondTheDeadlineIsEndedAndTheNextFileIsRead() throws InterruptedException {
        Extractor extractor = extractor(timeout(Duration.ofMillis(1)), 1);

        Result result = Result.of(extractor, LONG_PDF);

        assertThat(result.reason()).isEqualTo(RefusalReason.TIMEOUT);
        assertThat(result.detail()).contains("1 ms");
        assertThat(extractor.processIds()).isEmpty();
    }

    @Test
    void workInThisJvmObeysTheDeadlineToo() throws IOException, InterruptedException {
        Path text = file("long.txt", "a line of words\n".repeat(400_000));

        assertThat(Result.of(extractor(timeout(Duration.ofNanos(1)), 1), text).reason())
                .isEqualTo(RefusalReason.TIMEOUT);
        assertThat(Result.of(extractor(DEFAULTS, 1), text).reason()).isNull();
    }

    @Test
    void aChildOutOfMemoryIsToldFromACrash() throws IOException, InterruptedException {
        Path page = file("large.html", "<html><body>" + "<p><b>w</b><i>x</i></p>".repeat(600_000));
        long memory = 40L << 20;
        Extractor extractor = extractor(
                new ExtractLimits(DEFAULTS.timeout(), memory, DEFAULTS.maxFileBytes(), DEFAULTS.maxTextChars()), 1);

        assertThat(Result.of(extractor, page).reason()).isEqualTo(RefusalReason.OUT_OF_MEMORY);
        assertThat(Result.of(extractor, SHORT_PDF).reason()).isNull();
    }

    @Test
    void aFileOfExactlyTheCapIsReadAndOneByteMoreIsNot() throws IOException, InterruptedException {
        Extractor extractor = extractor(caps(20, 1000), 1);

        assertThat(Result.of(extractor, file("fits.txt", "x".repeat(20))).reason())
                .isNull();
        assertThat(Result.of(extractor, file("over.txt", "x".repeat(21))).reason())
                .isEqualTo(RefusalReason.TOO_LARGE);
    }

    @Test
    void textOfExactlyTheCapIsReadAndOneCharMoreIsNot() throws IOException, InterruptedException {
        Extractor extractor = extractor(caps(1000, 21), 1);

        assertThat(Result.of(extractor, file("fits.txt", "x".repeat(20))).text())
                .hasSize(21);
        assertThat(Result.of(extractor, file("over.txt", "x".repeat(21))).reason())
                .isEqualTo(RefusalReason.TOO_MUCH_TEXT);
    }

    @Test
    void tooMuchTextInAChildIsRefusedAndTheChildLives() throws InterruptedException {
        Extractor extractor = extractor(caps(DEFAULTS.maxFileBytes(), 10_000), 1);

        assertThat(Result.of(extractor, LONG_PDF).reason()).isEqualTo(RefusalReason.TOO_MUCH_TEXT);
        assertThat(extractor.processIds()).hasSize(1);
    }

    @Test
    void aHundredMegabytesOfTextNeedLittleMemory() throws IOException, InterruptedException {
        long size = DEFAULTS.maxFileBytes();
        Path lines = folder.resolve("lines.txt");
        Path oneLine = folder.resolve("one-line.txt");
        fill(lines, size, "A line of ordinary words that ends like most lines do, somewhere near here.\n");
        fill(oneLine, size, "word ");

        for (Path file : List.of(lines, oneLine)) {
            Process reader = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx40m",
                            "-XX:+UseSerialGC",
                            "-cp",
                            System.getProperty("java.class.path"),
                            CountChars.class.getName(),
                            file.toString(),
                            folder.resolve("spool").toString())
                    .redirectErrorStream(true)
                    .start();
            String said = new String(reader.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(reader.waitFor(60, TimeUnit.SECONDS)).isTrue();

            long chars = Long.parseLong(said.strip());
            assertThat(chars).isBetween(size - 10, size + 10);
        }
    }

    private static void fill(Path file, long size, String unit) throws IOException {
        String many = unit.repeat(1000);
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            long left = size;
            while (left > 0) {
                int count = (int) Math.min(left, many.length());
                out.write(many, 0, count);
                left -= count;
            }
        }
    }

    @Test
    void manyThreadsShareTwoChildren() throws Exception {
        Extractor extractor = extractor(DEFAULTS, 2);
        List<Path> files = SharedFiles.all("docs").stream()
                .filter(name -> name.startsWith("docx/") || name.startsWith("md/") || name.startsWith("rtf/"))
                .map(name -> SharedFiles.folder("docs").resolve(name))
                .toList();
        List<Result> alone = new ArrayList<>();
        for (Path file : files) {
            alone.add(Result.of(extractor, file));
        }
        Set<Long> children = new ConcurrentSkipListSet<>();
        List<Future<Result>> together = new ArrayList<>();

        try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
            for (Path file : files) {
                together.add(threads.submit(() -> {
                    List<Block> blocks = new ArrayList<>();
                    Extraction extraction =
                            extractor.extract(file, file.getFileName().toString(), block -> {
                                blocks.add(block);
                                children.addAll(extractor.processIds());
                            });
                    return new Result(extraction, blocks);
                }));
            }
        }

        for (int i = 0; i < files.size(); i++) {
            assertThat(together.get(i).get()).as(files.get(i).toString()).isEqualTo(alone.get(i));
        }
        assertThat(children).hasSizeLessThanOrEqualTo(2);
    }

    @Test
    void anInterruptEndsTheReadingAndItsChild() {
        Extractor extractor = extractor(DEFAULTS, 1);

        assertThatThrownBy(() -> extractor.extract(
                        LONG_PDF, "book.pdf", block -> Thread.currentThread().interrupt()))
                .isInstanceOf(InterruptedException.class);
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        assertThat(extractor.processIds()).isEmpty();
    }

    @Test
    void anInterruptEndsWorkInThisJvm() throws IOException {
        Extractor extractor = extractor(DEFAULTS, 1);
        Path text = file("long.txt", "a paragraph\n\n".repeat(50_000));

        assertThatThrownBy(() -> extractor.extract(
                        text, "long.txt", block -> Thread.currentThread().interrupt()))
                .isInstanceOf(InterruptedException.class);
    }

    @Test
    void whatTheReceiverThrowsComesOutAndTheNextFileIsRead() throws InterruptedException {
        Extractor extractor = extractor(DEFAULTS, 1);

        assertThatThrownBy(() -> extractor.extract(LONG_PDF, "book.pdf", block -> {
                    throw new IllegalStateException("enough");
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("enough");
        assertThat(Result.of(extractor, SHORT_PDF).reason()).isNull();
    }

    @Test
    void missingFilesAndFoldersAreUnreadable() throws InterruptedException {
        Extractor extractor = extractor(DEFAULTS, 1);

        assertThat(Result.of(extractor, folder.resolve("missing.txt")).reason()).isEqualTo(RefusalReason.UNREADABLE);
        assertThat(Result.of(extractor, folder).reason()).isEqualTo(RefusalReason.UNREADABLE);
    }

    @Test
    void namesOutsideAsciiReachTheChild() throws IOException, InterruptedException {
        Path file = folder.resolve("größe – 文書 #1.pdf");
        Files.copy(SHORT_PDF, file);

        assertThat(Result.of(extractor(DEFAULTS, 1), file).reason()).isNull();
    }

    @Test
    void aChildKnowsNoEnvironmentAndOnlyParsers() throws InterruptedException, IOException {
        Extractor extractor = extractor(DEFAULTS, 1);
        Result.of(extractor, SHORT_PDF);

        long pid = extractor.processIds().iterator().next();
        Path environment = Path.of("/proc", Long.toString(pid), "environ");
        if (Files.exists(environment)) {
            assertThat(Files.readString(environment, StandardCharsets.ISO_8859_1)
                            .split("\0", -1))
                    .filteredOn(variable -> !variable.isEmpty())
                    .containsExactly("LC_ALL=C.UTF-8");
        }
        assertThat(ParserClassPath.ofThisProgram(folder.resolve("lib")))
                .isNotEmpty()
                .noneMatch(
                        path -> path.getFileName().toString().matches("(?:spring|postgresql|HikariCP|onnx|logback).*"));
    }

    @Test
    void closingEndsTheChildrenAndEmptiesTheSpool() throws InterruptedException {
        Extractor extractor = extractor(DEFAULTS, 1);
        Result.of(extractor, SHORT_PDF);
        long pid = extractor.processIds().iterator().next();

        extractor.close();
        extractor.close();

        assertThat(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false))
                .isFalse();
        assertThat(folder.resolve("spool")).isEmptyDirectory();
        assertThatThrownBy(() -> extractor.extract(SHORT_PDF, "x.pdf", block -> {}))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void foldersOfDeadProgramsAreRemovedAtStart() throws IOException, InterruptedException {
        Process dead = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-version")
                .redirectErrorStream(true)
                .start();
        dead.getInputStream().readAllBytes();
        dead.waitFor();
        Path orphan = Files.createDirectories(folder.resolve("spool/extract-" + dead.pid() + "-1/parser-1"));
        Path living = Files.createDirectories(
                folder.resolve("spool/extract-" + ProcessHandle.current().pid() + "-1"));

        extractor(DEFAULTS, 1);

        assertThat(orphan).doesNotExist();
        assertThat(living).exists();
    }

    @Test
    void limitsThatMakeNoSenseAreRefused() {
        assertThatThrownBy(() -> timeout(Duration.ZERO)).hasMessageContaining("timeout");
        assertThatThrownBy(() -> caps(0, 1)).hasMessageContaining("maxFileBytes is 0");
        assertThatThrownBy(() -> new ExtractLimits(Duration.ofSeconds(1), (32L << 20) - 1, 1, 1))
                .hasMessageContaining("childMemoryBytes");
        assertThat(new ExtractLimits(Duration.ofSeconds(1), 32L << 20, 1, 1)).isNotNull();
        assertThatThrownBy(() -> new Extractor(DEFAULTS, folder.resolve("spool"), 0))
                .hasMessageContaining("processes is 0");
    }
}
