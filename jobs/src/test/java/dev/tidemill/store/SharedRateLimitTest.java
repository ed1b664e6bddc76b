package dev.tidemill.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.postgres.TestDatabase;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;
import org.springframework.jdbc.support.JdbcTransactionManager;

/// One allowance for two processes, told by how many requests it let through and how long the line behind them is.
class SharedRateLimitTest {

    private static final int PER_MINUTE = 60;
    private static final double PER_SECOND = PER_MINUTE / 60.0;
    private static final int BURST = 5;
    private static final int EACH = 40;
    private static final long GATE = 4_711;

    private static TestDatabase database;

    @BeforeAll
    static void start() {
        database = TestDatabase.create();
    }

    @AfterAll
    static void stop() {
        database.close();
    }

    /// One of the processes: tells that it is ready, waits for the gate, and prints how long it was told to wait.
    static final class Asker {
        public static void main(String[] arguments) {
            var source =
                    new SingleConnectionDataSource(arguments[0], arguments[1], System.getenv("TEST_PASSWORD"), true);
            JdbcClient jdbc = JdbcClient.create(source);
            jdbc.sql("SET ROLE tidemill_batch").update();
            SharedRateLimit limit = new SharedRateLimit(new JdbcTransactionManager(source), jdbc);
            System.out.println("ready");
            jdbc.sql("SELECT pg_advisory_lock_shared(:gate)::text")
                    .param("gate", GATE)
                    .query(String.class)
                    .single();
            for (int i = 0; i < EACH; i++) {
                System.out.println(limit.reserve("service", PER_MINUTE, 1).toMillis());
            }
            source.destroy();
        }
    }

    private static Process process() throws IOException {
        ProcessBuilder builder = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Asker.class.getName(),
                        database.jdbcUrl(),
                        database.username()))
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("TEST_PASSWORD", database.password());
        return builder.start();
    }

    @Test
    void twoProcessesTogetherGetTheAllowanceOfOne() throws Exception {
        List<Process> processes = List.of(process(), process());
        List<BufferedReader> outputs =
                processes.stream().map(Process::inputReader).toList();
        long began;
        try (Connection gate = database.dataSource().getConnection();
                Statement statement = gate.createStatement()) {
            statement.execute("SELECT pg_advisory_lock(" + GATE + ")");
            for (BufferedReader output : outputs) {
                String line = output.readLine();
                while (line != null && !line.equals("ready")) {
                    line = output.readLine();
                }
                assertThat(line).isEqualTo("ready");
            }
            began = System.nanoTime();
        }
        List<Long> waits = new ArrayList<>();
        List<Integer> ofEach = new ArrayList<>();
        for (BufferedReader output : outputs) {
            List<Long> own = output.lines().map(Long::valueOf).toList();
            ofEach.add((int) own.stream().filter(wait -> wait > 0).count());
            waits.addAll(own);
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        for (Process process : processes) {
            assertThat(process.waitFor()).isZero();
        }

        assertThat(waits).hasSize(2 * EACH);
        assertThat(waits.stream().filter(wait -> wait == 0).count())
                .as("let through at once: the burst of one process, and what came in " + seconds + " s")
                .isGreaterThanOrEqualTo(BURST)
                .isLessThanOrEqualTo((long) (BURST + PER_SECOND * seconds) + 1);
        assertThat(ofEach)
                .as("both stand in line")
                .allSatisfy(waiting -> assertThat(waiting).isPositive());
        assertThat(waits.stream().mapToLong(Long::longValue).max().orElseThrow())
                .as("the last one waits for all the others, whichever process they are of")
                .isGreaterThanOrEqualTo((long) ((2 * EACH - BURST - 1) / PER_SECOND * 1_000 - seconds * 1_000));
    }

    @Test
    void whatIsReservedForOneServiceIsNotTakenFromAnother() {
        SharedRateLimit limit = new SharedRateLimit(
                new JdbcTransactionManager(database.dataSource()), JdbcClient.create(database.dataSource()));
        for (int i = 0; i < BURST; i++) {
            assertThat(limit.reserve("one", PER_MINUTE, 1)).isEqualTo(Duration.ZERO);
        }

        assertThat(limit.reserve("one", PER_MINUTE, 60)).isPositive();
        assertThat(limit.reserve("other", PER_MINUTE, 1)).isEqualTo(Duration.ZERO);
    }
}
