package dev.tidemill.admin.schedules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.postgres.TestDatabase;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two processes fire the same schedules, each second, the clock of one of them three seconds ahead where the
/// machine has libfaketime. `-Dschedules.fires=1000` takes the long run.
class TwoNodesTest {

    private static final int FIRES = Integer.getInteger("schedules.fires", 100);
    private static final int SCHEDULES = 10;

    @TempDir
    private Path folder;

    @Test
    void everyTimeIsLaunchedOnceAndNoneIsLeftOut() throws Exception {
        for (int i = 0; i < SCHEDULES; i++) {
            Files.writeString(
                    folder.resolve("s" + i + ".yaml"),
                    "job: tick\ncron: '* * * * * ?'\noverlap: queue\nmisfire: all\n");
        }
        try (TestDatabase database = TestDatabase.create();
                FireWatch watch = new FireWatch(database)) {
            Process exact = node(database, false);
            Process ahead = node(database, true);
            try {
                long skew = ready(ahead) - System.currentTimeMillis();
                System.out.println("two nodes: the second one's clock is off by about " + skew + " ms");
                ready(exact);
                long began = System.nanoTime();
                watch.awaitAtLeast(FIRES, Duration.ofSeconds(50 + FIRES / 2), "SELECT count(*) FROM launches");
                watch.awaitAtLeast(2, Duration.ofMinutes(1), "SELECT count(DISTINCT requested_on) FROM launches");
                System.out.println(
                        "two nodes: " + FIRES + " launches after " + (System.nanoTime() - began) / 1_000_000 + " ms");
            } finally {
                end(exact);
                end(ahead);
            }
            watch.endLeftBehind();
            check(watch);
        }
    }

    private void check(FireWatch watch) {
        long launches = watch.count("SELECT count(*) FROM launches");
        assertThat(launches).isGreaterThanOrEqualTo(FIRES);
        assertThat(watch.count("SELECT count(DISTINCT identity) FROM launches")).isEqualTo(launches);
        assertThat(watch.count("SELECT count(*) FROM batch_job_instance")).isEqualTo(launches);
        assertThat(watch.count("SELECT count(DISTINCT (schedule, fire_time)) FROM schedule_fires"))
                .isEqualTo(watch.count("SELECT count(*) FROM schedule_fires"));
        assertThat(watch.count("SELECT count(*) FROM schedule_fires WHERE outcome = 'launched'"))
                .isBetween(launches - 20, launches);
        assertThat(watch.count("SELECT count(*) FROM schedule_fires WHERE outcome <> 'launched' AND due_at IS NULL"))
                .isZero();
        // Between the first and the last second of each schedule none is left out.
        assertThat(watch.count("""
                SELECT coalesce(sum(extract(epoch FROM last - first)::int + 1 - n), 0) FROM (
                  SELECT max(fire_time) AS last, min(fire_time) AS first, count(*) AS n FROM schedule_fires GROUP BY schedule) s
                """)).isZero();
        long nodes = watch.count("SELECT count(DISTINCT requested_on) FROM launches");
        System.out.println(
                "two nodes: " + launches + " launches of as many schedules and times, by " + nodes + " nodes: "
                        + watch.jdbc
                                .sql("SELECT count(*)::text FROM launches GROUP BY requested_on")
                                .query(String.class)
                                .list());
        assertThat(nodes).isEqualTo(2);
    }

    private Process node(TestDatabase database, boolean ahead) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                TestNode.class.getName(),
                database.jdbcUrl(),
                database.username(),
                database.password(),
                folder.toString()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        Path faketime = faketime();
        if (ahead && faketime != null) {
            builder.environment().put("LD_PRELOAD", faketime.toString());
            builder.environment().put("FAKETIME", "+3s");
            builder.environment().put("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        return builder.start();
    }

    private static @org.jspecify.annotations.Nullable Path faketime() {
        return List.of(
                        "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
                        "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1")
                .stream()
                .map(Path::of)
                .filter(Files::exists)
                .findFirst()
                .orElse(null);
    }

    /// The time that a node gives when it is up.
    private static long ready(Process node) throws Exception {
        BufferedReader out = node.inputReader(StandardCharsets.UTF_8);
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.startsWith("READY ")) {
                return Long.parseLong(line.substring("READY ".length()));
            }
        }
        throw new AssertionError("the node ended with " + node.waitFor());
    }

    /// Without a word: what was under way must not be launched twice or lost for that.
    private static void end(Process node) throws Exception {
        node.destroyForcibly().waitFor();
    }
}
