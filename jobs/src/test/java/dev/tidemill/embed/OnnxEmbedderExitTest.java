package dev.tidemill.embed;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The native runtime must not be in use when the process ends: it would crash, with exit code 134 or 139 and a
/// dump.
class OnnxEmbedderExitTest {

    private static final int ENDED_BY_SIGTERM = 143;

    @TempDir
    Path folder;

    @Test
    void aProcessThatExitsWhileItEmbedsEndsCleanly() throws Exception {
        Process process = start("exit");
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(7);
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void aProcessThatIsToldToEndWhileItEmbedsEndsCleanly() throws Exception {
        Process process = start("wait");
        try (BufferedReader out = process.inputReader()) {
            assertThat(out.readLine()).isEqualTo("embedding");
            process.destroy();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(ENDED_BY_SIGTERM);
        } finally {
            process.destroyForcibly();
        }
    }

    private Process start(String how) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return new ProcessBuilder(
                        java,
                        "--enable-native-access=ALL-UNNAMED",
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ExitWhileEmbedding.class.getName(),
                        how)
                .directory(folder.toFile())
                .redirectError(new File(folder.toFile(), "errors"))
                .start();
    }
}
