package dev.tidemill.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolTest {

    @TempDir
    private Path root;

    @Test
    void whatAnEarlierProcessOfTheSameNumberLeftIsRemovedAndNothingElse() throws Exception {
        Path left = Files.createDirectories(root.resolve(ProcessHandle.current().pid() + "-1"));
        Files.writeString(left.resolve("upload-1.tmp"), "half");
        Path foreign = Files.createDirectories(root.resolve("notes"));

        try (Spool first = new Spool(root)) {
            Path kept = first.file("upload");
            try (Spool second = new Spool(root)) {
                assertThat(second.folder()).isEqualTo(first.folder());
                assertThat(kept).exists();
            }
        }
        assertThat(left).doesNotExist();
        assertThat(foreign).exists();
    }

    @Test
    void closingASpoolWhoseFolderIsGoneIsNoError() throws Exception {
        try (Spool spool = new Spool(root)) {
            Files.delete(spool.folder());
        }
        assertThat(root).isEmptyDirectory();
    }
}
