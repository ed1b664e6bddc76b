package dev.tidemill.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A disk that fails to make a part durable, or has no room for it, fails the part by name. What lay there before is
/// untouched. The disk's answers are given by strace, and by a limit on the size of files.
class DiskErrorTest {

    private static final String KEPT = "of an earlier backup";

    @TempDir
    private Path folder;

    /// Writes a part of 100,000 bytes into a folder; prints how that ended.
    static final class Writer {

        private Writer() {}

        public static void main(String[] args) {
            try (DirectoryTarget target = new DirectoryTarget(Path.of(args[0]));
                    Target.Upload upload = target.create("new/part")) {
                upload.write(new byte[100_000]);
                upload.commit(false);
                System.out.println("WRITTEN");
            } catch (IOException e) {
                System.out.println("FAILED " + e.getMessage());
            }
        }
    }

    private static List<String> java() {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-cp",
                System.getProperty("java.class.path"),
                Writer.class.getName());
    }

    private String run(List<String> words) throws Exception {
        Path log = Files.createTempFile("tidemill-disk-", ".txt");
        try {
            new ProcessBuilder(words)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start()
                    .waitFor();
            return Files.readString(log);
        } finally {
            Files.delete(log);
        }
    }

    private void earlierBackup() throws IOException {
        Files.createDirectories(folder.resolve("old"));
        Files.writeString(folder.resolve("old/part"), KEPT);
    }

    private void nothingButTheEarlierOneIsThere() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            assertThat(files.filter(Files::isRegularFile)).containsExactly(folder.resolve("old/part"));
        }
        assertThat(Files.readString(folder.resolve("old/part"))).isEqualTo(KEPT);
    }

    private static boolean mayTrace() throws Exception {
        try {
            return new ProcessBuilder("strace", "-f", "-qq", "-e", "trace=fsync", "true")
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException notInstalled) {
            return false;
        }
    }

    @Test
    void aPartThatTheDiskDidNotMakeDurableIsNotThere() throws Exception {
        assumeTrue(mayTrace(), "strace is installed and may trace");
        earlierBackup();
        List<String> words = new ArrayList<>(
                List.of("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO"));
        words.addAll(java());
        words.add(folder.toString());

        String said = run(words);

        assertThat(said).contains("FAILED").contains("Input/output error").doesNotContain("WRITTEN");
        Files.deleteIfExists(folder.resolve("new"));
        nothingButTheEarlierOneIsThere();
    }

    @Test
    void aPartThatFindsNoRoomIsNotThere() throws Exception {
        earlierBackup();
        // In units of 512 or 1,024 bytes, by the shell: less than the part either way. Java ignores the signal.
        List<String> words = new ArrayList<>(List.of("sh", "-c", "ulimit -f 64 && exec \"$@\"", "sh"));
        words.addAll(java());
        words.add(folder.toString());

        String said = run(words);

        assertThat(said).contains("FAILED").contains("File too large").doesNotContain("WRITTEN");
        Files.deleteIfExists(folder.resolve("new"));
        nothingButTheEarlierOneIsThere();
    }

    @Test
    void withoutAFaultItIsThere() throws Exception {
        List<String> words = new ArrayList<>(java());
        words.add(folder.toString());

        assertThat(run(words)).contains("WRITTEN");
        assertThat(folder.resolve("new/part")).hasSize(100_000);
    }
}
