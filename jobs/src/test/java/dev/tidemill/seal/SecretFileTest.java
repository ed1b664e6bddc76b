package dev.tidemill.seal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretFileTest {

    private static final int AT_ONCE = 8;

    @TempDir
    private Path folder;

    @Test
    void ofSeveralThatMakeItAtOnceOneSucceedsAndTheOthersFindItWhole() throws Exception {
        CyclicBarrier together = new CyclicBarrier(AT_ONCE);
        try (ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE)) {
            for (int round = 0; round < 50; round++) {
                Path file = folder.resolve("secret-" + round);
                List<Future<@Nullable String>> found = new ArrayList<>();
                for (int i = 0; i < AT_ONCE; i++) {
                    String secret = "secret number " + i;
                    found.add(threads.submit(() -> {
                        together.await();
                        return made(file, secret) ? null : Files.readString(file);
                    }));
                }
                List<@Nullable String> read = new ArrayList<>();
                for (Future<@Nullable String> one : found) {
                    read.add(one.get());
                }
                String there = Files.readString(file);
                assertThat(read).filteredOn(text -> text == null).hasSize(1);
                assertThat(read).filteredOn(text -> text != null).containsOnly(there);
            }
        }
        assertThat(folder.toFile().list()).hasSize(50);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("secret-0"))))
                .isEqualTo("rw-------");
    }

    private static boolean made(Path file, String secret) throws IOException {
        try {
            SecretFile.create(file, secret);
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        }
    }
}
