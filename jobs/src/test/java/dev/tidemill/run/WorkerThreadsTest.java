package dev.tidemill.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

class WorkerThreadsTest {

    @AfterEach
    void clear() {
        MDC.clear();
    }

    private static String seen(ThreadFactory threads) throws Exception {
        try (ExecutorService pool = Executors.newSingleThreadExecutor(threads)) {
            return pool.submit(() -> Thread.currentThread().getName() + " " + MDC.get("run"))
                    .get();
        }
    }

    @Test
    void theirLogLinesCarryTheRunThatMadeThem() throws Exception {
        MDC.put("run", "17");
        ThreadFactory threads = WorkerThreads.named("extract-");
        MDC.put("run", "18");

        assertThat(seen(threads)).isEqualTo("extract-0 17");
    }

    @Test
    void outsideOfARunTheyCarryNothing() throws Exception {
        assertThat(seen(WorkerThreads.named("extract-"))).isEqualTo("extract-0 null");
    }
}
